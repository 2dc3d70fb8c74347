"""What the manifests of deploy/kustomize say of a center, as far as it can be had on one machine.

They are read as they are written, since Debian 12 has no kubectl that could render them; a test compares with what one
renders (tests/kustomize/cluster_test.py).
"""
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

KUSTOMIZE = Path(__file__).resolve().parents[2] / "kustomize"
# What of the overlay production runs here. The rest watches, scales, copies or guards this.
PARTS = ("base", "components/postgres", "components/redis", "components/migrate")
SERVICES = ("intake", "matching", "metrics")


@dataclass(frozen=True)
class Container:
    command: list
    # Variables: from ConfigMaps, their values; from Secrets, (Secret, key).
    settings: dict
    secrets: dict
    ports: dict


@dataclass(frozen=True)
class Service:
    name: str
    container: Container
    replicas: int
    grace_seconds: int


@dataclass(frozen=True)
class Postgres:
    name: str
    # Major version.
    major: int
    instances: int
    # So many standbys have a commit before it is acknowledged.
    synchronous: int
    parameters: dict
    # Role → Secret with its password.
    roles: dict
    # Database → owner.
    databases: dict


@dataclass(frozen=True)
class Redis:
    name: str
    replicas: int
    ports: dict
    grace_seconds: int
    # `start-redis`, `start-sentinel`: their texts.
    scripts: dict


@dataclass(frozen=True)
class Migration:
    container: Container
    retries: int


@dataclass(frozen=True)
class Shape:
    services: list
    postgres: Postgres
    redis: Redis
    migration: Migration


# ---- Reading ---------------------------------------------------------------------------------------------------------

def merge(thing, patch):
    """A strategic merge, as far as the manifests need one: lists of named things are merged by name."""
    if isinstance(thing, dict) and isinstance(patch, dict):
        return {key: merge(thing.get(key), patch[key]) if key in patch else thing[key] for key in {**thing, **patch}}
    if isinstance(thing, list) and isinstance(patch, list) and all(
            isinstance(one, dict) and "name" in one for one in thing + patch):
        mine, theirs = ({one["name"]: one for one in each} for each in (thing, patch))
        return [merge(mine.get(name), theirs[name]) if name in theirs else mine[name] for name in {**mine, **theirs}]
    return thing if patch is None else patch


def config_map(folder, entry):
    data = dict(literal.split("=", 1) for literal in entry.get("literals", []))
    data |= {file: (folder / file).read_text() for file in entry.get("files", [])}
    return {"kind": "ConfigMap", "metadata": {"name": entry["name"]}, "data": data}


def read_part(folder):
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    objects = [one for file in kustomization.get("resources", [])
               for one in yaml.safe_load_all((folder / file).read_text()) if one]
    for patch in kustomization.get("patches", []):
        text = yaml.safe_load((folder / patch["path"]).read_text())
        # Its name is that of what it is merged into.
        del text["metadata"]["name"]
        objects = [merge(one, text) if one["kind"] == patch["target"]["kind"] else one for one in objects]
    return objects + [config_map(folder, entry) for entry in kustomization.get("configMapGenerator", [])]


def read_objects():
    """Every object of PARTS."""
    return [one for part in PARTS for one in read_part(KUSTOMIZE / part)]


def new_secrets():
    """Passwords and URLs, made at this moment: Secret → key → text."""
    made = json.loads(subprocess.run([KUSTOMIZE / "new_secrets"], check=True, capture_output=True, text=True).stdout)
    return {one["metadata"]["name"]: one["stringData"] for one in made["items"]}


# ---- Understanding ---------------------------------------------------------------------------------------------------

class Objects:
    def __init__(self, objects):
        self.objects = objects

    def all(self, kind):
        return [one for one in self.objects if one["kind"] == kind]

    def named(self, kind, name):
        return next(one for one in self.all(kind) if one["metadata"]["name"] == name)

    def container(self, spec):
        settings, secrets = {}, {}
        for source in spec.get("envFrom", []):
            settings |= self.named("ConfigMap", source["configMapRef"]["name"])["data"]
        for variable in spec.get("env", []):
            if "value" in variable:
                settings[variable["name"]] = variable["value"]
            else:
                key = variable["valueFrom"]["secretKeyRef"]
                secrets[variable["name"]] = (key["name"], key["key"])
        ports = {port["name"]: port["containerPort"] for port in spec.get("ports", [])}
        return Container(spec["command"], settings, secrets, ports)

    def service(self, name):
        pod = self.named("Deployment", f"critac-{name}")["spec"]["template"]["spec"]
        return Service(name, self.container(pod["containers"][0]), self.least_replicas(f"critac-{name}"),
                       pod["terminationGracePeriodSeconds"])

    def least_replicas(self, name):
        """Either scales a Deployment."""
        scaled = [one["spec"] for kind in ("ScaledObject", "HorizontalPodAutoscaler") for one in self.all(kind)
                  if one["spec"]["scaleTargetRef"]["name"] == name][0]
        return scaled.get("minReplicaCount", scaled.get("minReplicas"))

    def postgres(self):
        cluster = self.all("Cluster")[0]
        spec = cluster["spec"]
        first = spec["bootstrap"]["initdb"]
        synchronous = spec["postgresql"]["synchronous"]
        if (synchronous["method"], synchronous["dataDurability"], synchronous.get("failoverQuorum")) != (
                "any", "required", True):
            raise ValueError(f"components/postgres: {synchronous} is not what can be had here: any, required, and a "
                             "failoverQuorum")
        databases = {first["database"]: first["owner"]}
        databases |= {one["spec"]["name"]: one["spec"]["owner"] for one in self.all("Database")}
        return Postgres(cluster["metadata"]["name"], spec["imageCatalogRef"]["major"], spec["instances"],
                        synchronous["number"], spec["postgresql"]["parameters"],
                        {role["name"]: role["passwordSecret"]["name"] for role in spec["managed"]["roles"]}, databases)

    def redis(self):
        found = self.all("StatefulSet")[0]
        pod = found["spec"]["template"]["spec"]
        source = next(volume["configMap"]["name"] for volume in pod["volumes"] if volume["name"] == "scripts")
        return Redis(found["metadata"]["name"], found["spec"]["replicas"],
                     {port["name"]: port["containerPort"] for each in pod["containers"] for port in each["ports"]},
                     pod["terminationGracePeriodSeconds"], self.named("ConfigMap", source)["data"])

    def migration(self):
        spec = self.named("Job", "critac-migrate")["spec"]
        return Migration(self.container(spec["template"]["spec"]["containers"][0]), spec["backoffLimit"])


def understand(objects):
    """What they say of the center's processes."""
    found = Objects(objects)
    return Shape([found.service(name) for name in SERVICES], found.postgres(), found.redis(), found.migration())
