#!/usr/bin/env python3
"""deploy/image/Containerfile keeps the rules of our images, as far as its text shows them.

The images themselves are built only by deploy/image/build, where there is an engine (buildah, or docker with buildx):
this test says whether there is one, and does not build, which takes as long as a release.

Usage: tests/kustomize/containerfile_test.py    Exit status 1 where a rule is broken, else 77, skipped: nothing is built
"""
import re
import shlex
import shutil
import subprocess
import sys

from manifests import KUSTOMIZE, ROOT, finish, yaml

FILE = ROOT / "deploy/image/Containerfile"
PROGRAMS = {"critac", "critac-intake", "critac-matching", "critac-metrics"}
SHIPPED = ("critac", "critac-helpers")
LEFT_OUT = "rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*"


def instructions():
    """Pairs (instruction, rest) with continued lines joined."""
    text = "\n".join(line for line in FILE.read_text().split("\n") if not line.lstrip().startswith("#"))
    for line in text.replace("\\\n", " ").split("\n"):
        if line.strip():
            word, rest = line.strip().split(None, 1)
            yield word, " ".join(rest.split())


def stages():
    """Name of each stage with its instructions; those before the first FROM are under the empty name."""
    found = {"": []}
    name = ""
    for word, rest in instructions():
        if word == "FROM":
            name = rest.split(" AS ")[1] if " AS " in rest else rest
            found[name] = []
        found[name].append((word, rest))
    return found


def check_bases(all_stages):
    defaults = dict(rest.split("=", 1) for word, rest in all_stages[""] if word == "ARG" and "=" in rest)
    for name, lines in all_stages.items():
        for word, rest in lines:
            if word == "FROM" and rest.split()[0] != "${BASE}":
                yield f"{name}: begins from {rest.split()[0]}, and not from the one base"
    base = defaults.get("BASE", "")
    if not re.fullmatch(r"docker\.io/library/debian:bookworm-slim(@sha256:[0-9a-f]{64})?", base):
        yield f"the base is {base or 'not given'}; debian:bookworm-slim by its full name is wanted"


def check_shipped(name, lines):
    users = [rest for word, rest in lines if word == "USER"]
    if users != ["65532:65532"]:
        yield f"{name}: USER is {users}; the number that the manifests run it as is wanted, once"
    after = [word for word, _ in lines[[word for word, _ in lines].index("USER") + 1:]] if users else []
    if set(after) & {"RUN", "COPY", "ADD", "USER"}:
        yield f"{name}: something is put in after USER"
    labels = " ".join(rest for word, rest in lines if word == "LABEL")
    for key in ("title", "description", "revision", "base.name"):
        if f"org.opencontainers.image.{key}=" not in labels:
            yield f"{name}: has no label {key}"
    for word, rest in lines:
        if word in ("COPY", "ADD") and "--from=build" not in rest:
            yield f"{name}: takes files that were not built: {rest}"
        if word in ("ENV", "ARG") and re.search("PASS|TOKEN|SECRET", rest):
            yield f"{name}: {word} {rest} may hold a secret"
        if word == "RUN" and "apt-get install" in rest:
            if "--no-install-recommends" not in rest or LEFT_OUT not in rest:
                yield f"{name}: leaves behind what is not needed, or times of this build"
            installed = re.search(r"apt-get install (.*?) &&", rest).group(1)
            for package in (one for one in shlex.split(installed) if not one.startswith("-")):
                if package.endswith("-dev"):
                    yield f"{name}: ships {package}"


def built_here():
    """The programs as a preset built them; nothing where none has all."""
    for preset in ("release", "dev"):
        binaries = [ROOT / "build" / preset / "bin" / program for program in sorted(PROGRAMS)]
        if all(path.is_file() for path in binaries):
            return binaries
    return []


def check_libraries(lines, binaries):
    """The packages of libraries are those that the programs link, as far as dpkg knows them."""
    text = " ".join(rest for word, rest in lines if word == "RUN")
    named = set(re.findall(r"\blib[\w.+-]+", text)) | {"zlib1g"}
    linked = set()
    for binary in binaries:
        told = subprocess.run(["readelf", "--dynamic", str(binary)], capture_output=True, text=True, check=True).stdout
        linked |= set(re.findall(r"\(NEEDED\).*\[(.+)\]", told))
    for library in sorted(linked):
        told = subprocess.run(["dpkg", "--search", f"*/{library}"], capture_output=True, text=True, check=False).stdout
        packages = {line.split(":")[0] for line in told.splitlines()}
        # These are in every Debian, or come with a package that is named.
        if packages and not packages & (named | {"libc6", "libgcc-s1", "libstdc++6", "libgrpc29", "libatomic1"}):
            yield f"critac: {library} of {sorted(packages)} is not installed"


def check_programs(all_stages):
    made = " ".join(rest for word, rest in all_stages.get("build", []) if word == "RUN")
    for program in sorted(PROGRAMS):
        if not re.search(rf"build/release/bin/{program}(\s|$)", made):
            yield f"build: does not hand on {program}"
    if not any(word == "ARG" and rest.startswith("SOURCE_DATE_EPOCH") for word, rest in all_stages.get("build", [])):
        yield "build: knows no SOURCE_DATE_EPOCH"
    used = {container["image"] for path in KUSTOMIZE.glob("**/*.yaml") if path.name != "kustomization.yaml"
            for thing in yaml.safe_load_all(path.read_text()) if thing for container in containers(thing)}
    for image in sorted(used - set(SHIPPED)):
        yield f"deploy/kustomize uses the image {image}, which is not built here"


def containers(node):
    if isinstance(node, dict):
        if isinstance(node.get("image"), str):
            yield node
        for value in node.values():
            yield from containers(value)
    elif isinstance(node, list):
        for value in node:
            yield from containers(value)


def main():
    all_stages = stages()
    problems = [*check_bases(all_stages), *check_programs(all_stages)]
    for name in SHIPPED:
        if name not in all_stages:
            problems.append(f"there is no stage {name}")
            continue
        problems += check_shipped(name, all_stages[name])
    binaries = built_here()
    problems += check_libraries(all_stages.get("critac", []), binaries)
    if list(all_stages)[-1] != "critac":
        problems.append("the last stage, which is built by default, is not critac")
    if ":latest" in FILE.read_text():
        problems.append("`latest` is no version")
    engine = next((one for one in ("buildah", "docker", "podman") if shutil.which(one)), None)
    running = engine and subprocess.run([engine, "info"], capture_output=True, check=False, timeout=60).returncode == 0
    why = "deploy/image/build does that" if running else \
        "no engine runs here" if engine else "neither buildah nor docker is installed"
    left_out = [f"the images were not built ({why})"]
    if not binaries:
        left_out.append("the libraries were not compared (no build of the programs is here)")
    finish(problems, "deploy/image/Containerfile keeps its rules", left_out)


if __name__ == "__main__":
    sys.exit(main())
