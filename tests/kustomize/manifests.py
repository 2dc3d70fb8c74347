"""What the tests of deploy/kustomize share: the overlays, rendered, and the way of saying what is wrong."""
import functools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
KUSTOMIZE = ROOT / "deploy/kustomize"
TOOLS = ROOT / "tests/node_modules"

# `kubectl kustomize` knows components and everything else used here from this version of kustomize.
LEAST_KUSTOMIZE = (5, 0)
SKIPPED = 77


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


try:
    import yaml
except ImportError:
    skip("python3-yaml is not installed; deploy/local/install installs it")


def finish(problems, done, left_out=()):
    """Ends the test: with every problem, or with what was done. `left_out`: reasons why something could not be checked
    here, with which a test without problems counts as skipped."""
    for problem in problems:
        print(problem)
    if not problems:
        print("; skipped: ".join([done, *([", and ".join(left_out)] if left_out else [])]))
    sys.exit(1 if problems else SKIPPED if left_out else 0)


def overlays():
    return sorted(path.parent.name for path in KUSTOMIZE.glob("overlays/*/kustomization.yaml"))


@functools.cache
def check_kubectl():
    if not shutil.which("kubectl"):
        skip("kubectl is not installed, and Debian 12's is too old; install one of Kubernetes 1.27 or later")
    told = subprocess.run(["kubectl", "version", "--client", "--output", "json"], capture_output=True, text=True,
                          check=True)
    version = json.loads(told.stdout).get("kustomizeVersion", "none")
    found = re.match(r"v(\d+)\.(\d+)", version)
    if not found or tuple(map(int, found.groups())) < LEAST_KUSTOMIZE:
        skip(f"kubectl holds kustomize {version}; 5.0 is the least (Kubernetes 1.27)")


@functools.cache
def render(overlay):
    """The objects of an overlay. A warning of kustomize counts as an error."""
    check_kubectl()
    rendered = subprocess.run(["kubectl", "kustomize", str(KUSTOMIZE / "overlays" / overlay)], capture_output=True,
                              text=True, check=False)
    if rendered.returncode != 0 or rendered.stderr.strip():
        print(f"overlays/{overlay} is not rendered: {rendered.stderr.strip()}")
        sys.exit(1)
    return [one for one in yaml.safe_load_all(rendered.stdout) if one]


def label(thing):
    return f"{thing['kind']} {thing['metadata']['name']}"
