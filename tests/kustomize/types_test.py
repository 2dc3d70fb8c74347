#!/usr/bin/env python3
"""Every object of every overlay has the fields and types of its kind, and no others.

Two witnesses, both from the published definitions of Kubernetes and of the operators: TypeScript's compiler, which
refuses a field that a type does not have, and the validators of the same packages, which know formats and bounds too.
An object that none of the packages defines is a problem of its own. Of the Gateway API no overlay has an object yet:
samples stand for those that one may get, and others for what each witness has to refuse.

Usage: tests/kustomize/types_test.py    Exit status 77, skipped, where kubectl or the packages of npm are not there.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from manifests import ROOT, TOOLS, finish, label, overlays, render, skip

# The package that defines an API group; Kubernetes' own are in kubernetes-models.
PACKAGES = {
    "cert-manager.io": "@kubernetes-models/cert-manager",
    "gateway.networking.k8s.io": "@kubernetes-models/gateway-api",
    "keda.sh": "@kubernetes-models/keda",
    "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
    "postgresql.cnpg.io": "@kubernetes-models/cloudnative-pg",
}

# Of a group that nobody has.
UNDEFINED = {"apiVersion": "invented.example.com/v1", "kind": "Desk", "metadata": {"name": "critac"}}


def gateway(port):
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "sample"}, "spec": {
        "gatewayClassName": "sample",
        "listeners": [{"name": "grpc", "protocol": "HTTPS", "port": port, "hostname": "critac.example.com", "tls": {
            "mode": "Terminate", "certificateRefs": [{"name": "critac-gateway"}]}}]}}


def grpc_route(match):
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute", "metadata": {"name": "sample"}, "spec": {
        "parentRefs": [{"name": "sample", "sectionName": "grpc"}], "hostnames": ["critac.example.com"],
        "rules": [{"matches": [{"method": match}], "backendRefs": [{"name": "critac-intake", "port": 7401}]}]}}


RIGHT = [gateway(443), grpc_route({"service": "critac.intake.v1.RequestService"})]
# Each is refused by one witness alone: a field that the type does not have, a number beyond its bounds.
MISSPELT = grpc_route({"servise": "critac.intake.v1.RequestService"})
OUT_OF_BOUNDS = gateway(65536)

VALIDATE = """
import { readFileSync } from "node:fs";
for (const { where, module, kind, thing } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  try {
    const model = await import(module);
    new model[kind](thing).validate();
  } catch (error) {
    console.log(`${where}: ${error.message}`);
  }
}
"""


def module_of(thing):
    package = PACKAGES.get(thing["apiVersion"].split("/")[0], "kubernetes-models")
    return f"{package}/{thing['apiVersion']}/{thing['kind']}"


def undefined(things):
    """Objects that no package defines, which neither witness could judge."""
    for where, thing in things:
        if not (TOOLS / f"{module_of(thing)}.d.ts").is_file():
            yield f"{where}: no package defines {thing['kind']} of {thing['apiVersion']}; name that of its group in " \
                "PACKAGES and in tests/package.json"


def compile_all(folder, things):
    lines = []
    places = []
    for number, (where, thing) in enumerate(things):
        kind = thing["kind"]
        text = json.dumps(thing, indent=1)
        lines.append(f'import type {{ I{kind} as T{number} }} from "{module_of(thing)}";')
        lines.append(f"export const v{number}: T{number} = {text};")
        start = sum(line.count("\n") + 1 for line in lines[:-1]) + 1
        places.append((start, start + text.count("\n"), where))
    (folder / "things.ts").write_text("\n".join(lines) + "\n")
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": {
        "strict": True, "noEmit": True, "target": "es2022", "module": "nodenext", "moduleResolution": "nodenext",
        "skipLibCheck": True, "types": []}, "files": ["things.ts"]}))
    told = subprocess.run(["node", str(TOOLS / "typescript/bin/tsc"), "--pretty", "false", "-p", str(folder)],
                          capture_output=True, text=True, check=False)
    for line in told.stdout.splitlines():
        if not line.startswith("things.ts(") and "things.ts(" in line:
            line = line[line.index("things.ts("):]
        if line.startswith("things.ts("):
            at = int(line[len("things.ts("):].split(",")[0])
            where = next((name for first, last, name in places if first <= at <= last), f"line {at}")
            yield f"{where}: {line.split(': ', 1)[1]}"
        else:
            yield line
    if told.returncode != 0 and not told.stdout.strip():
        yield f"tsc failed: {told.stderr.strip()}"


def validate_all(folder, things):
    (folder / "validate.mjs").write_text(VALIDATE)
    (folder / "things.json").write_text(json.dumps([
        {"where": where, "module": module_of(thing), "kind": thing["kind"], "thing": thing}
        for where, thing in things]))
    told = subprocess.run(["node", str(folder / "validate.mjs"), str(folder / "things.json")], capture_output=True,
                          text=True, check=False)
    yield from told.stdout.splitlines()
    if told.returncode != 0:
        yield f"the validators failed: {told.stderr.strip()}"


def unnoticed(folder):
    """What is wrong in a sample, where the witness that has to refuse it says nothing of it."""
    for witness, told, thing, word in (("TypeScript", compile_all, MISSPELT, "servise"),
                                       ("the validators", validate_all, OUT_OF_BOUNDS, "/port")):
        lines = list(told(folder, [("sample", thing)]))
        if not any(word in line for line in lines):
            yield f"{label(thing)}: what is wrong at `{word}` is not noticed by {witness}, who said {lines}"


def main():
    for package in ["typescript", "kubernetes-models", *PACKAGES.values()]:
        if not (TOOLS / package).is_dir():
            skip(f"{package} is not installed; tests/run installs it where npm is present")
    things = [(f"overlays/{overlay}: {label(thing)}", thing) for overlay in overlays() for thing in render(overlay)]
    samples = [(f"right: {label(thing)}", thing) for thing in RIGHT]
    if problems := list(undefined([*things, *samples])):
        finish(problems, "")
    if not list(undefined([(label(UNDEFINED), UNDEFINED)])):
        finish([f"{label(UNDEFINED)}: it is not noticed that no package defines it"], "")
    # Packages are found from a folder below them.
    with tempfile.TemporaryDirectory(dir=ROOT / "tests/node_modules", prefix=".types-") as name:
        folder = Path(name)
        (folder / "package.json").write_text('{"type": "module"}')
        problems = [*compile_all(folder, [*things, *samples]), *validate_all(folder, [*things, *samples])]
        problems += unnoticed(folder)
    kinds = len({thing["kind"] for _, thing in things})
    finish(problems, f"{len(things)} objects of {kinds} kinds have the fields and types of their kinds")


if __name__ == "__main__":
    sys.exit(main())
