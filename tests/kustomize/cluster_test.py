#!/usr/bin/env python3
"""deploy/local/up --cluster reads from the manifests what kubectl makes of them.

It reads them by itself, since Debian 12 has no kubectl that could. What it gets is compared with the same of the
overlay production as kubectl renders it.

Usage: tests/kustomize/cluster_test.py    Exit status 77, skipped, where kubectl is not there.
"""
import sys

from manifests import ROOT, finish, render

sys.path.insert(0, str(ROOT / "deploy/local"))
from cluster import manifests as local  # noqa: E402 pylint: disable=wrong-import-position


def parts(shape):
    """Part by part, so that a problem names the one that differs."""
    for service in shape.services:
        yield service.name, service
    yield "postgres", shape.postgres
    yield "redis", shape.redis
    yield "migration", shape.migration


def main():
    mine = dict(parts(local.understand(local.read_objects())))
    rendered = dict(parts(local.understand(render("production"))))
    finish([f"{name}: read as {mine[name]}, rendered as {rendered[name]}" for name in rendered
            if mine[name] != rendered[name]],
           f"{len(rendered)} parts of the overlay production are read as they are rendered")


if __name__ == "__main__":
    main()
