#!/usr/bin/env python3
"""deploy/image/Containerfile keeps the rules of our images, as far as its text shows them.

The images themselves image_test.py builds, which takes as long as two releases.

Usage: tests/kustomize/containerfile_test.py    Without programs that a preset built, their libraries are left out, and the
exit status is 77, skipped.
"""
import re
import shlex
import subprocess
import sys

from manifests import KUSTOMIZE, ROOT, finish, yaml

FILE = ROOT / "deploy/image/Containerfile"
BUILD = ROOT / "deploy/image/build"
PROGRAMS = {"critac", "critac-intake", "critac-matching", "critac-metrics"}
SHIPPED = ("critac", "critac-helpers")
# What every installation ends with: what holds a time of the build in its name or text goes.
CLEANED = [
    "rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /var/lib/dpkg/*-old",
    "rm -f /etc/passwd- /etc/shadow- /etc/group- /etc/gshadow- /etc/subuid- /etc/subgid-",
    r"sed -i 's/^\([^:]*:[^:]*\):[0-9]*:/\1::/' /etc/shadow",
]
# Labels whose value is told by deploy/image/build, and those that stand in the file.
TOLD = {"version": "VERSION", "revision": "REVISION", "created": "CREATED"}
WRITTEN = ("title", "description", "base.name")


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
    yield from check_labels(name, lines)
    before = [rest for word, rest in lines[:[word for word, _ in lines].index("RUN")] if word == "ARG"]
    if "SOURCE_DATE_EPOCH" not in before:
        yield f"{name}: installs without knowing SOURCE_DATE_EPOCH"
    for word, rest in lines:
        if word in ("COPY", "ADD") and "--from=build" not in rest:
            yield f"{name}: takes files that were not built: {rest}"
        if word in ("ENV", "ARG") and re.search("PASS|TOKEN|SECRET", rest):
            yield f"{name}: {word} {rest} may hold a secret"
        if word == "RUN" and "apt-get install" in rest:
            if "--no-install-recommends" not in rest or not rest.endswith(" && ".join(["", *CLEANED])):
                yield f"{name}: leaves behind what is not needed, or times of this build"
            installed = re.search(r"apt-get install (.*?) &&", rest).group(1)
            for package in (one for one in shlex.split(installed) if not one.startswith("-")):
                if package.endswith("-dev"):
                    yield f"{name}: ships {package}"


def check_labels(name, lines):
    labels = {}
    for word, rest in lines:
        if word == "LABEL":
            labels.update(one.split("=", 1) for one in shlex.split(rest))
    wanted = {f"org.opencontainers.image.{key}" for key in (*TOLD, *WRITTEN)}
    for key in sorted(wanted - {key for key, value in labels.items() if value}):
        yield f"{name}: has no label {key}"
    # The repository names neither, and a label that is not checked would be an invention.
    for key in sorted(labels.keys() - wanted):
        yield f"{name}: nobody knows whether its label {key} is true"
    for key, argument in TOLD.items():
        if labels.get(f"org.opencontainers.image.{key}") != f"${{{argument}}}" or \
                ("ARG", f"{argument}=unknown") not in lines:
            yield f"{name}: its label {key} is not what the build tells, or `unknown`"
        if f'--build-arg "{argument}=' not in BUILD.read_text():
            yield f"deploy/image/build does not tell {argument}"


def check_version():
    """deploy/image/build finds in CMakeLists.txt the version that CMake does."""
    text = (ROOT / "CMakeLists.txt").read_text()
    program = re.search(r"^version=\$\(sed -n '(.+)' ", BUILD.read_text(), re.MULTILINE)
    told = program and subprocess.run(["sed", "-n", program.group(1)], input=text, capture_output=True, text=True,
                                      check=True).stdout.split()
    if told != re.findall(r"^project\(\w+ VERSION ([\d.]+)", text, re.MULTILINE):
        yield f"deploy/image/build takes {told} for the version"


def check_dates():
    """No day on which a user was made is left in /etc/shadow, and nothing else is changed there."""
    users = "root:*:19700:0:99999:7:::\nredis:!:20786::::::\nnobody:*::0:99999:7:::\n"
    program = shlex.split(CLEANED[-1])[2]
    told = subprocess.run(["sed", program], input=users, capture_output=True, text=True, check=True).stdout
    if told != re.sub("19700|20786", "", users):
        yield f"what is left of the users' days: {told}"


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
    problems = [*check_bases(all_stages), *check_programs(all_stages), *check_version(), *check_dates()]
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
    left_out = [] if binaries else ["the libraries were not compared (no build of the programs is here)"]
    finish(problems, "deploy/image/Containerfile keeps its rules", left_out)


if __name__ == "__main__":
    sys.exit(main())
