#!/usr/bin/env python3
"""The images can be built, and the programs run in them as the manifests run them.

With CRITAC_TEST_IMAGES=1 in the environment and an engine (buildah with podman, podman, or docker with buildx), deploy/image/build builds both images of what is
committed, which takes as long as a release. Their sizes are printed, and `critac --help` runs on a root that cannot be
written, as the user and the group of the manifests, by their numbers. Then the images are removed.

Usage: tests/kustomize/image_test.py    Exit status 1 where that fails, 77, skipped, where it is not asked for or no engine runs
"""
import os
import shutil
import subprocess
import sys

from manifests import ROOT, finish, skip

BUILD = ROOT / "deploy/image/build"
IMAGES = ("critac", "critac-helpers")
# As in the manifests; containerfile_test.py compares the Containerfile with it.
USER = "65532:65532"
# A release on two processors, and packages to fetch for three stages.
BUILD_SECONDS = 3 * 3600


def answers(*command):
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def find_engine():
    """What runs an image that deploy/image/build has built, which takes the first of these that is there; buildah itself
    runs nothing on a root that cannot be written, and podman knows its images. Else ends the test with the reason."""
    if not os.environ.get("CRITAC_TEST_IMAGES"):
        skip("the images were not built, which takes as long as a release: CRITAC_TEST_IMAGES is not set")
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


def check_images(engine, names, tag):
    """Builds both, tells how large they are, and runs what is in `critac`."""
    status, _, end = call(BUILD, "--tag", tag, timeout=BUILD_SECONDS)
    if status != 0:
        yield f"deploy/image/build ended with {status}: {end}"
        return
    for name in names:
        status, size, end = call(engine, "image", "inspect", "--format", "{{.Size}}", name)
        if status != 0:
            yield f"{name}: was not built: {end}"
        else:
            print(f"{name}: {int(size) / 2**20:.0f} MiB")
    status, text, end = call(engine, "run", "--rm", "--read-only", "--user", USER, "--network", "none", "--cap-drop", "ALL",
                             names[0], "critac", "--help")
    if status != 0 or "backup" not in text:
        yield f"{names[0]}: `critac --help` ended with {status}: {end}"


def main():
    engine = find_engine()
    # Of this run alone, so that nobody's image is replaced.
    tag = f"test-{os.getpid()}"
    names = [f"localhost/{image}:{tag}" for image in IMAGES]
    try:
        problems = list(check_images(engine, names, tag))
    finally:
        for name in names:
            call(engine, "image", "rm", name)
    finish(problems, f"the images are built by deploy/image/build, and run by {engine}")


if __name__ == "__main__":
    sys.exit(main())
