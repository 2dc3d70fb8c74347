#!/usr/bin/env python3
"""The images can be built, come out alike each time, and the programs run in them as the manifests run them.

With CRITAC_TEST_IMAGES=1 in the environment and an engine (buildah with podman, podman, or docker with buildx),
deploy/image/build builds both images of what is committed, and once more without the steps of the first build, which
takes as long as two releases. The layers of both builds are compared and the images' sizes printed, and `critac --help`
runs on a root that cannot be written, as the user and the group of the manifests, by their numbers. Then the images are
removed.

Usage: tests/kustomize/image_test.py    Exit status 1 where that fails, 77, skipped, where it is not asked for or no engine runs
"""
import itertools
import json
import os
import shutil
import subprocess
import sys

from manifests import ROOT, finish, skip

BUILD = ROOT / "deploy/image/build"
IMAGES = ("critac", "critac-helpers")
# As in the manifests; containerfile_test.py compares the Containerfile with it.
USER = "65532:65532"
# Of each build: a release on two processors, and packages to fetch for three stages.
BUILD_SECONDS = 3 * 3600


def answers(*command):
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def find_engine():
    """What runs an image that deploy/image/build has built, which takes the first of these that is there; buildah itself
    runs nothing on a root that cannot be written, and podman knows its images. Else ends the test with the reason."""
    if not os.environ.get("CRITAC_TEST_IMAGES"):
        skip("the images were not built, which takes as long as two releases: CRITAC_TEST_IMAGES is not set")
    builds = next((one for one in ("buildah", "podman", "docker") if shutil.which(one)), None)
    if not builds:
        skip("the images were not built: neither buildah, podman nor docker is installed")
    runs = "podman" if builds == "buildah" else builds
    if not shutil.which(runs):
        skip(f"the images were not built: {builds} is installed without {runs}, which would run them")
    for one in dict.fromkeys((builds, runs)):
        if not answers(one, "info"):
            skip(f"the images were not built: no engine of {one} runs here")
    if builds == "docker" and not answers("docker", "buildx", "version"):
        skip("the images were not built: docker is installed without buildx")
    return runs


def call(*command, timeout=120):
    """Its exit status, what it prints, and the end of that with what it says of errors."""
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)
    return told.returncode, told.stdout, "\n".join((told.stdout + told.stderr).strip().split("\n")[-20:])


def differing(first, second):
    """Which layers of two builds are not the same, counted from 1; all where there is none."""
    if not first and not second:
        return ["all"]
    return [number for number, (one, other) in enumerate(itertools.zip_longest(first, second), 1) if one != other]


def check_alike(engine, first, second):
    """Tells how large an image is, and compares its layers in two builds."""
    found = []
    for name in (first, second):
        status, text, end = call(engine, "image", "inspect", name)
        if status != 0:
            yield f"{name}: was not built: {end}"
            return
        found.append(json.loads(text)[0])
    print(f"{first}: {found[0]['Size'] / 2**20:.0f} MiB")
    layers = [one["RootFS"]["Layers"] or [] for one in found]
    if numbers := differing(*layers):
        yield f"{second}: built again it is another, unless the base or the distribution changed meanwhile: of the " \
            f"layers {layers[0]} and {layers[1]} these differ: {numbers}"


def check_images(engine, builds):
    """Builds both images for each of `builds`, pairs of a tag and the images' names; compares the builds, and runs what
    is in `critac`."""
    for tag, _ in builds:
        # No step of the build before, which would be the same by itself, nor of one when the distribution was another.
        status, _, end = call(BUILD, "--tag", tag, "--no-cache", timeout=BUILD_SECONDS)
        if status != 0:
            yield f"deploy/image/build ended with {status}: {end}"
            return
    for first, second in zip(*(names for _, names in builds)):
        yield from check_alike(engine, first, second)
    critac = builds[0][1][0]
    status, text, end = call(engine, "run", "--rm", "--read-only", "--user", USER, "--network", "none", "--cap-drop", "ALL",
                             critac, "critac", "--help")
    if status != 0 or "backup" not in text:
        yield f"{critac}: `critac --help` ended with {status}: {end}"


def main():
    engine = find_engine()
    # Of this run alone, so that nobody's image is replaced.
    tags = [f"test-{os.getpid()}-{build}" for build in (1, 2)]
    builds = [(tag, [f"localhost/{image}:{tag}" for image in IMAGES]) for tag in tags]
    try:
        problems = list(check_images(engine, builds))
    finally:
        for _, names in builds:
            for name in names:
                call(engine, "image", "rm", name)
    finish(problems, f"the images are built by deploy/image/build, twice the same, and run by {engine}")


if __name__ == "__main__":
    sys.exit(main())
