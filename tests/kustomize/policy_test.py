#!/usr/bin/env python3
"""What holds between the objects of an overlay, and between them and the programs, which no schema knows.

Each function below is a rule, its first sentence what must hold; it yields what breaks it.

Usage: tests/kustomize/policy_test.py    Exit status 77, skipped, where kubectl is not there.
"""
import copy
import functools
import json
import math
import re
import subprocess
import sys
from pathlib import Path

from manifests import KUSTOMIZE, ROOT, finish, label, overlays, render, yaml

SERVICES = ("intake", "matching", "metrics")
WORKLOADS = {"Deployment", "StatefulSet", "Job", "CronJob"}
CLUSTER_WIDE = {"Namespace"}
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"

# Secrets that a person brings where there is no operator that makes them, as deploy/README.md says.
BROUGHT = {"critac-redis-ca": {"ca.crt"}}

# Ports that the pods of CloudNativePG have: PostgreSQL, and the state that the operator and other instances ask for.
CNPG_PORTS = {5432, 8000}
# Where the API server may be, to which they tell their state.
API_SERVER_PORTS = {443, 6443}

# Who else is at an end of a connection: the namespace and the labels by which a policy names him.
SPACE = "kubernetes.io/metadata.name"
OUTSIDERS = {
    "DNS": ("kube-system", {"k8s-app": "kube-dns"}),
    "Prometheus": ("monitoring", {NAME: "prometheus"}),
    "CloudNativePG": ("cnpg-system", {NAME: "cloudnative-pg"}),
}
# What is no pod of the cluster, such as the API server or a database of someone else.
ELSEWHERE = "any address"


# ---- What the programs know -----------------------------------------------------------------------------------------

def settings():
    """Names of the settings that every program has, from where they are defined."""
    text = (ROOT / "common/server/config.cc").read_text()
    table = text[text.index("std::vector<Setting> SettingsOf"):text.index("const Setting* Find")]
    names = set(re.findall(r'\{"([a-z][a-z-]+)",\s*"[A-Z]*"', table))
    assert {"listen", "admin-listen", "queue", "drain-timeout", "trust-principals"} <= names, names
    return names | {"config"}


def variable(name):
    return "CRITAC_" + name.upper().replace("-", "_")


def peers(service):
    main = (ROOT / f"services/{service}/main.cc").read_text()
    return re.findall(r'\{"(\w+)", "[\d.:]+"\}', main[main.index(".peers"):main.index(".shares_queues")])


def variables_of(command):
    """Variables that a program takes. `critac migrate` and `critac backup` take the databases of all services."""
    if command[0] == "critac":
        return {variable(f"database-{service}") for service in SERVICES}
    service = command[0].removeprefix("critac-")
    names = settings() | {"database"} | {f"{peer}-address" for peer in peers(service)}
    return {variable(name) for name in names}


def queues_of(service):
    text = (ROOT / f"services/{service}/bind.cc").read_text()
    return re.findall(r'environment\.queue\("(\w+)"\)', text)


def limit_seconds(name, path="common/base/limits.h"):
    """A limit that is a time."""
    found = re.search(rf"{name} = absl::(Seconds|Minutes)\((\d+)\)", (ROOT / path).read_text())
    return int(found.group(2)) * {"Seconds": 1, "Minutes": 60}[found.group(1)]


def live_name():
    """The name under which the health service says that the process runs."""
    header = (ROOT / "common/server/process.h").read_text()
    return re.search(r'kLiveName\[\] = "(\w+)"', header).group(1)


# ---- What an overlay holds ------------------------------------------------------------------------------------------

class Pod:
    """A pod as a workload makes it."""

    def __init__(self, owner):
        self.owner = owner
        spec = owner["spec"]
        template = spec["jobTemplate"]["spec"]["template"] if owner["kind"] == "CronJob" else spec["template"]
        self.labels = template["metadata"].get("labels", {})
        self.spec = template["spec"]
        self.containers = self.spec.get("initContainers", []) + self.spec["containers"]
        self.name = label(owner)

    def ports(self):
        found = {}
        for container in self.containers:
            for port in container.get("ports", []):
                found[port["name"]] = port["containerPort"]
        return found

    def has_port(self, port):
        return port in self.ports() or port in self.ports().values()

    def numbers(self):
        """Its ports by number, and by the names of those that have one."""
        return {**{number: number for number in self.ports().values()}, **self.ports()}


class DatabasePod:
    """A pod that CloudNativePG makes of a Cluster."""

    def __init__(self, cluster):
        self.owner = cluster
        self.labels = {"cnpg.io/cluster": cluster["metadata"]["name"]}
        self.containers = []
        self.name = label(cluster)

    def has_port(self, port):
        return port in CNPG_PORTS

    def numbers(self):
        return {number: number for number in CNPG_PORTS}


class Outsider:
    """One end of a connection that is no pod of the overlay. It has whatever port it is asked for."""

    def __init__(self, name):
        self.name = name

    def numbers(self):
        return None


class Overlay:
    """The objects of an overlay: as rendered, or such as are given."""

    def __init__(self, name, things=None):
        self.name = name
        self.things = render(name) if things is None else things
        self.pods = [Pod(one) for one in self.things if one["kind"] in WORKLOADS]
        self.all_pods = self.pods + [DatabasePod(one) for one in self.kind("Cluster")]

    def kind(self, *kinds):
        return [one for one in self.things if one["kind"] in kinds]

    def names(self, kind):
        return {one["metadata"]["name"] for one in self.kind(kind)}

    def selected(self, selector):
        return [pod for pod in self.all_pods if matches(selector, pod.labels)]

    def services_of_ours(self):
        return [pod for pod in self.pods if pod.owner["kind"] == "Deployment" and pod.labels.get(NAME) == "critac"]

    def configuration(self, container):
        """The variables of a container; None where the value is a Secret's."""
        found = {}
        for source in container.get("envFrom", []):
            for config in self.kind("ConfigMap"):
                if config["metadata"]["name"] == source.get("configMapRef", {}).get("name"):
                    found.update(config["data"])
        for one in container.get("env", []):
            found[one["name"]] = one.get("value")
        return found


def matches(selector, labels):
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for rule in selector.get("matchExpressions") or []:
        assert rule["operator"] == "In", rule
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return True


def seconds(text):
    found = re.fullmatch(r"(\d+)(ms|s|m|h)", text)
    return int(found.group(1)) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[found.group(2)]


# ---- Rules: selectors, ports, references ----------------------------------------------------------------------------

def selectors_match(overlay):
    """Whatever selects pods selects some."""
    for pod in overlay.pods:
        selector = pod.owner["spec"].get("selector")
        if selector and not matches(selector, pod.labels):
            yield f"{label(pod.owner)}: its selector is not that of its own pods"
        for spread in pod.spec.get("topologySpreadConstraints", []):
            if not matches(spread["labelSelector"], pod.labels):
                yield f"{label(pod.owner)}: topologySpreadConstraints do not select its own pods"
    for service in overlay.kind("Service"):
        if not overlay.selected({"matchLabels": service["spec"]["selector"]}):
            yield f"{label(service)}: selects no pod"
    for one in overlay.kind("PodDisruptionBudget"):
        if not overlay.selected(one["spec"]["selector"]):
            yield f"{label(one)}: selects no pod"
    for one in overlay.kind("ServiceMonitor"):
        chosen = [service for service in overlay.kind("Service")
                  if matches(one["spec"]["selector"], service["metadata"].get("labels", {}))]
        if {service["metadata"]["name"] for service in chosen} != {f"critac-{name}" for name in SERVICES}:
            yield f"{label(one)}: does not select exactly the services"
        for endpoint in one["spec"]["endpoints"]:
            for service in chosen:
                if endpoint["port"] not in {port["name"] for port in service["spec"]["ports"]}:
                    yield f"{label(one)}: {label(service)} has no port {endpoint['port']}"
            if endpoint.get("honorLabels") is not True:
                yield f"{label(one)}: without honorLabels our label `service` is called exported_service"


def policies_select(overlay):
    """A network policy selects pods, and each of its rules names pods and ports that are there."""
    for policy in overlay.kind("NetworkPolicy"):
        spec = policy["spec"]
        chosen = overlay.selected(spec["podSelector"])
        if not chosen:
            yield f"{label(policy)}: selects no pod"
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(direction, []):
                if direction.capitalize() not in spec["policyTypes"]:
                    yield f"{label(policy)}: has a rule of {direction} and not its policyType"
                if not rule.get("ports"):
                    yield f"{label(policy)}: opens every port"
                targets = list(chosen) if direction == "ingress" else []
                outside = False
                for peer in rule.get(side, [{}]):
                    if "podSelector" in peer and "namespaceSelector" not in peer:
                        found = overlay.selected(peer["podSelector"])
                        if not found:
                            yield f"{label(policy)}: opens {side} pods that are not there: {peer['podSelector']}"
                        targets += found if direction == "egress" else []
                    else:
                        outside = True
                if direction == "egress" and outside:
                    continue
                for port in rule.get("ports", []):
                    if not all(pod.has_port(port["port"]) for pod in targets):
                        yield f"{label(policy)}: its pods have no port {port['port']}"


def everything_is_denied_first(overlay):
    """A policy without rules holds for every pod, in both directions."""
    if not any(one["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
               for one in overlay.kind("NetworkPolicy")):
        yield "no NetworkPolicy denies everything first"


def ends(overlay, peer):
    """Who is meant by a peer of a rule. What is wider than one of OUTSIDERS is named as it is written."""
    if not peer:
        return [*overlay.all_pods, Outsider(ELSEWHERE)]
    if "ipBlock" in peer:
        return [Outsider(ELSEWHERE)]
    if "namespaceSelector" not in peer:
        return overlay.selected(peer["podSelector"])
    for name, (space, labels) in OUTSIDERS.items():
        if peer == {"namespaceSelector": {"matchLabels": {SPACE: space}}, "podSelector": {"matchLabels": labels}}:
            return [Outsider(name)]
    own = overlay.kind("Namespace")[0]["metadata"]
    inside = matches(peer["namespaceSelector"], {**own.get("labels", {}), SPACE: own["name"]})
    return [*(overlay.selected(peer.get("podSelector", {})) if inside else []), Outsider(json.dumps(peer))]


def ports_opened(rule, called):
    """The ports of the one called that a rule opens, such as TCP/7401. All ports of our pods are TCP."""
    own = called.numbers()
    if not rule.get("ports"):
        return {f"TCP/{number}" for number in own.values()} if own is not None else {"every port"}
    found = set()
    for port in rule["ports"]:
        assert "endPort" not in port, port
        protocol = port.get("protocol", "TCP")
        if own is None:
            found.add(f"{protocol}/{port['port']}")
        elif protocol == "TCP" and port["port"] in own:
            found.add(f"TCP/{own[port['port']]}")
    return found


def opened(overlay, direction):
    """Triples (from, to, port) that policies open in a direction, at the end of the pods that they select."""
    found = set()
    for policy in overlay.kind("NetworkPolicy"):
        for rule in policy["spec"].get(direction) or []:
            for pod in overlay.selected(policy["spec"]["podSelector"]):
                for peer in rule.get("from" if direction == "ingress" else "to") or [{}]:
                    for other in ends(overlay, peer):
                        caller, called = (other, pod) if direction == "ingress" else (pod, other)
                        found |= {(caller.name, called.name, port) for port in ports_opened(rule, called)}
    return found


def pods_at(overlay, host):
    """The pods that a name leads to: all of a Service, or one of its pods, or the instances of a database."""
    name = host.split(".")[-1]
    for service in overlay.kind("Service"):
        if service["metadata"]["name"] == name:
            return overlay.selected({"matchLabels": service["spec"]["selector"]})
    return [pod for pod in overlay.all_pods if isinstance(pod, DatabasePod) and
            name == f"{pod.owner['metadata']['name']}-rw"]


def reached_by_url(overlay, pod, url):
    """Pairs (to, port): where the URL of a Secret leads. Where its host is none of the overlay's, the Secret is brought
    by a person, and leads elsewhere: at the same port, or where the pod's side-car goes."""
    scheme, hosts = re.fullmatch(r"([\w+]+)://[^@/]*@([^/]+)/.*", url).groups()
    for place in hosts.split(","):
        host, port = place.rsplit(":", 1)
        there = pods_at(overlay, host)
        for other in there:
            yield other.name, f"TCP/{port}"
            if scheme == "redis+sentinel":
                yield other.name, f"TCP/{other.ports()['redis']}"
        side_car = side_car_ports(overlay, pod) if scheme.startswith("redis") else set()
        for number in [] if there else side_car or {port}:
            yield ELSEWHERE, f"TCP/{number}"


def side_car_ports(overlay, pod):
    """The ports that a stunnel beside the service connects to."""
    mounted = {volume["configMap"]["name"] for volume in pod.spec.get("volumes", []) if "configMap" in volume}
    return {port for config in overlay.kind("ConfigMap") if config["metadata"]["name"] in mounted
            for port in re.findall(r"^connect = \S+:(\d+)$", config["data"].get("stunnel.conf", ""), re.MULTILINE)}


def reached(overlay, pod):
    """Pairs (to, port) that the programs of a pod are told to reach, by addresses and by URLs in Secrets."""
    for container in pod.containers:
        for name, value in overlay.configuration(container).items():
            if name.endswith("_ADDRESS"):
                host, port = value.rsplit(":", 1)
                yield from ((other.name, f"TCP/{port}") for other in pods_at(overlay, host))
        for name, keys, _ in secret_references(pod):
            for key in keys:
                if key == "url" and name in made_secrets():
                    yield from reached_by_url(overlay, pod, made_secrets()[name]["url"])


def scraped(overlay):
    """Pairs (pod, port) that Prometheus asks."""
    for monitor in overlay.kind("ServiceMonitor"):
        for service in overlay.kind("Service"):
            if matches(monitor["spec"]["selector"], service["metadata"].get("labels", {})):
                targets = {port["name"]: port["targetPort"] for port in service["spec"]["ports"]}
                for pod in overlay.selected({"matchLabels": service["spec"]["selector"]}):
                    for endpoint in monitor["spec"]["endpoints"]:
                        yield pod.name, f"TCP/{pod.numbers()[targets[endpoint['port']]]}"


def needed(overlay):
    """Triples (from, to, port) of all that an overlay's pods ask, and are asked. Probes are not among them: they come
    from the node, which policies do not hold back."""
    for pod in overlay.all_pods:
        yield pod.name, "DNS", "UDP/53"
        yield pod.name, "DNS", "TCP/53"
    for pod in overlay.pods:
        yield from ((pod.name, other, port) for other, port in reached(overlay, pod))
        # Members of a group: replicas follow their master, and each Sentinel asks all Redis and all Sentinels.
        if pod.owner["kind"] == "StatefulSet":
            yield from ((pod.name, pod.name, f"TCP/{number}") for number in pod.ports().values())
    # CloudNativePG wants its instances open to each other and to the operator.
    for cluster in overlay.kind("Cluster"):
        name = label(cluster)
        for number in CNPG_PORTS:
            yield name, name, f"TCP/{number}"
            yield "CloudNativePG", name, f"TCP/{number}"
        yield from ((name, ELSEWHERE, f"TCP/{number}") for number in API_SERVER_PORTS)
    yield from (("Prometheus", pod, port) for pod, port in scraped(overlay))


def addresses_are_services(overlay):
    """Each address of a peer is a Service with that port."""
    for pod in overlay.services_of_ours():
        for name, value in overlay.configuration(pod.spec["containers"][0]).items():
            if name.endswith("_ADDRESS"):
                host, port = value.rsplit(":", 1)
                service = [one for one in overlay.kind("Service") if one["metadata"]["name"] == host]
                if not service or int(port) not in {one["port"] for one in service[0]["spec"]["ports"]}:
                    yield f"{label(pod.owner)}: {name}={value} is no Service with this port"


def what_is_needed_is_open_and_nothing_else(overlay):
    """Exactly the connections are open that pods make, each at both ends, as far as the end is a pod of the overlay."""
    ours = {pod.name for pod in overlay.all_pods}
    wanted = set(needed(overlay))
    for direction, end in (("ingress", 1), ("egress", 0)):
        there = opened(overlay, direction)
        own = {one for one in wanted if one[end] in ours}
        for caller, called, port in sorted(own - there):
            yield f"{direction} is not open: {caller} to {called} at {port}"
        for caller, called, port in sorted(there - own):
            yield f"{direction} is open and not needed: {caller} to {called} at {port}"


def ports_exist(overlay):
    """Services and probes name ports that the containers have; each service listens where its ports say."""
    for service in overlay.kind("Service"):
        for port in service["spec"]["ports"]:
            for pod in overlay.selected({"matchLabels": service["spec"]["selector"]}):
                if pod.owner["kind"] in ("Deployment", "StatefulSet") and not pod.has_port(port["targetPort"]):
                    yield f"{label(service)}: {label(pod.owner)} has no port {port['targetPort']}"
    for pod in overlay.pods:
        for container in pod.containers:
            own = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            for name in ("startupProbe", "readinessProbe", "livenessProbe"):
                for how, probe in container.get(name, {}).items():
                    if how in ("httpGet", "tcpSocket", "grpc"):
                        if probe["port"] not in own and probe["port"] not in own.values():
                            yield f"{label(pod.owner)}: {name} asks port {probe['port']}, which is none of {own}"
    for pod in overlay.services_of_ours():
        values = overlay.configuration(pod.spec["containers"][0])
        for name, port in (("CRITAC_LISTEN", "grpc"), ("CRITAC_ADMIN_LISTEN", "admin"),
                           ("CRITAC_HEALTH_LISTEN", "health")):
            if values.get(name) != f"0.0.0.0:{pod.ports().get(port)}":
                yield f"{label(pod.owner)}: {name} is {values.get(name)}, its port {port} {pod.ports().get(port)}"
        if values.get("CRITAC_TRUST_PRINCIPALS") != "true":
            yield f"{label(pod.owner)}: without CRITAC_TRUST_PRINCIPALS it refuses to listen to other machines"


@functools.cache
def made_secrets():
    """What new_secrets makes: the data of each Secret by its name."""
    told = subprocess.run([str(KUSTOMIZE / "new_secrets")], capture_output=True, text=True, check=True)
    return {one["metadata"]["name"]: one["stringData"] for one in json.loads(told.stdout)["items"]}


def secrets_there(overlay):
    """Names and keys of the Secrets that will be there: made by new_secrets, by an operator, or brought by a person."""
    there = {name: set(data) for name, data in made_secrets().items()}
    for cluster in overlay.kind("Cluster"):
        if "certificates" not in cluster["spec"]:
            there[f"{cluster['metadata']['name']}-ca"] = {"ca.crt"}
    for certificate in overlay.kind("Certificate"):
        there[certificate["spec"]["secretName"]] = {"ca.crt", "tls.crt", "tls.key"}
    readme = (ROOT / "deploy/README.md").read_text()
    there.update({name: keys for name, keys in BROUGHT.items() if f"`{name}`" in readme})
    return there


def secret_references(pod):
    for container in pod.containers:
        for one in container.get("env", []):
            source = one.get("valueFrom", {}).get("secretKeyRef")
            if source:
                yield source["name"], [source["key"]], source.get("optional")
        for one in container.get("envFrom", []):
            if "secretRef" in one:
                yield one["secretRef"]["name"], [], one["secretRef"].get("optional")
    for volume in pod.spec.get("volumes", []):
        if "secret" in volume:
            secret = volume["secret"]
            yield secret["secretName"], [one["key"] for one in secret.get("items", [])], secret.get("optional")


def references_lead_somewhere(overlay):
    """Each ConfigMap, Secret, claim, account and target that is named is there."""
    secrets = secrets_there(overlay)
    for pod in overlay.pods:
        who = label(pod.owner)
        for name, keys, optional in secret_references(pod):
            if name not in secrets and not optional:
                yield f"{who}: nobody makes the Secret {name}"
            for key in keys:
                if name in secrets and key not in secrets[name]:
                    yield f"{who}: the Secret {name} has no key {key}"
        configs = [one["configMapRef"]["name"] for container in pod.containers for one in container.get("envFrom", [])
                   if "configMapRef" in one]
        claims = []
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
        volumes |= {one["metadata"]["name"] for one in pod.owner["spec"].get("volumeClaimTemplates", [])}
        for volume in pod.spec.get("volumes", []):
            configs += [volume["configMap"]["name"]] if "configMap" in volume else []
            claims += [volume["persistentVolumeClaim"]["claimName"]] if "persistentVolumeClaim" in volume else []
        for kind, names in (("ConfigMap", configs), ("PersistentVolumeClaim", claims),
                            ("ServiceAccount", [pod.spec.get("serviceAccountName", "(none)")])):
            for name in names:
                if name not in overlay.names(kind):
                    yield f"{who}: the {kind} {name} is not there"
        for container in pod.containers:
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"{who}: mounts {mount['name']}, which is no volume"
    for one in overlay.kind("HorizontalPodAutoscaler", "ScaledObject"):
        if one["spec"]["scaleTargetRef"]["name"] not in overlay.names("Deployment"):
            yield f"{label(one)}: its target is not there"
    for cluster in overlay.kind("Cluster"):
        spec = cluster["spec"]
        named = [spec["bootstrap"]["initdb"]["secret"]["name"]]
        named += [role["passwordSecret"]["name"] for role in spec["managed"]["roles"]]
        named += [name for key, name in spec.get("certificates", {}).items() if key.endswith("Secret")]
        for name in named:
            if name not in secrets:
                yield f"{label(cluster)}: nobody makes the Secret {name}"
    for one in overlay.kind("Database"):
        clusters = {cluster["metadata"]["name"]: cluster for cluster in overlay.kind("Cluster")}
        cluster = clusters.get(one["spec"]["cluster"]["name"])
        if cluster is None:
            yield f"{label(one)}: its cluster is not there"
        elif one["spec"]["owner"] not in {role["name"] for role in cluster["spec"]["managed"]["roles"]}:
            yield f"{label(one)}: its owner is no role of the cluster"
    for one in overlay.kind("Certificate"):
        if one["spec"]["issuerRef"]["name"] not in overlay.names("Issuer"):
            yield f"{label(one)}: its issuer is not there"


# ---- Rules: what a pod may do ---------------------------------------------------------------------------------------

def pods_are_restricted(overlay):
    """Every pod keeps Pod Security's `restricted`, has a read-only root, and no token of the API server."""
    for pod in overlay.pods:
        who = label(pod.owner)
        of_pod = pod.spec.get("securityContext", {})
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.spec.get(key):
                yield f"{who}: {key}"
        if any("hostPath" in volume for volume in pod.spec.get("volumes", [])):
            yield f"{who}: hostPath"
        if of_pod.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{who}: seccompProfile is not RuntimeDefault"
        if of_pod.get("runAsNonRoot") is not True or not of_pod.get("runAsUser", 0) > 0:
            yield f"{who}: is not kept from being root"
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{who}: has a token of the API server"
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{who}: gets variables of every Service"
        for container in pod.containers:
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities") != {"drop": ["ALL"]} or \
                    own.get("readOnlyRootFilesystem") is not True or own.get("privileged") or \
                    own.get("runAsUser", 1) == 0 or any("hostPort" in port for port in container.get("ports", [])):
                yield f"{who}: container {container['name']} is not restricted"
            resources = container.get("resources", {})
            if not {"cpu", "memory"} <= set(resources.get("requests", {})) or \
                    "memory" not in resources.get("limits", {}):
                yield f"{who}: container {container['name']} does not say what it needs and may have"
    for account in overlay.kind("ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"{label(account)}: hands out a token"


def namespace_is_restricted(overlay):
    """There is one namespace, it refuses pods that are not restricted, and everything is in it."""
    spaces = overlay.kind("Namespace")
    if len(spaces) != 1:
        yield f"{len(spaces)} namespaces"
        return
    if spaces[0]["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
        yield "the namespace does not enforce `restricted`"
    for thing in overlay.things:
        if thing["kind"] not in CLUSTER_WIDE and thing["metadata"].get("namespace") != spaces[0]["metadata"]["name"]:
            yield f"{label(thing)}: is in another namespace"


def secrets_are_only_named(overlay):
    """No Secret is in an overlay, and no variable or setting holds a password."""
    for one in overlay.kind("Secret"):
        yield f"{label(one)}: a Secret in the repository"
    for pod in overlay.pods:
        for container in pod.containers:
            for name, value in overlay.configuration(container).items():
                if value is not None and (re.search(r"://[^/]*:[^/]*@", value) or re.search("PASS|TOKEN|KEY", name)):
                    yield f"{label(pod.owner)}: {name} holds a password"
                if value is not None and re.fullmatch(r"CRITAC_(DATABASE\w*|QUEUE)", name):
                    yield f"{label(pod.owner)}: {name} is not taken from a Secret"


def images_are_named(overlay):
    """No image goes by `latest` or no tag; outside dev every image goes by digest."""
    for pod in overlay.pods:
        for container in pod.containers:
            image = container["image"]
            if "@sha256:" in image and re.search(r"@sha256:[0-9a-f]{64}$", image):
                continue
            if overlay.name != "dev":
                yield f"{label(pod.owner)}: {image} is not named by digest"
            elif not re.search(r"/[^/]+:[\w.-]+$", image) or image.endswith(":latest"):
                yield f"{label(pod.owner)}: {image} has no tag, or `latest`"


# ---- Rules: what the programs need ----------------------------------------------------------------------------------

def variables_are_known(overlay):
    """Every variable of a container with our programs is one that the program knows, or the program would not start."""
    for pod in overlay.pods:
        for container in pod.containers:
            if "critac" not in container.get("command", [""])[0] or pod.labels.get(NAME) != "critac":
                continue
            known = variables_of(container["command"])
            given = overlay.configuration(container)
            for name in sorted(given.keys() - known):
                yield f"{label(pod.owner)}: {container['command'][0]} does not know {name}"
            for name in sorted(name for name in known if "DATABASE" in name or name.endswith("_ADDRESS")):
                if name not in given:
                    yield f"{label(pod.owner)}: {container['command'][0]} is not given {name}"


def stops_have_time(overlay):
    """The grace period is longer than all parts of a stop, one after the other."""
    for pod in overlay.services_of_ours():
        container = pod.spec["containers"][0]
        values = overlay.configuration(container)
        sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if sleep == 0:
            yield f"{label(pod.owner)}: no preStop sleep"
        queues = len(queues_of(pod.labels[COMPONENT]))
        drain = seconds(values.get("CRITAC_DRAIN_TIMEOUT", f"{limit_seconds('kDrain')}s"))
        # The jobs of each queue, with a second of grace; then the calls; then the spans.
        needed = sleep + seconds(values.get("CRITAC_DRAIN_DELAY", "0s")) + queues * (drain + 1) + drain + \
            limit_seconds("kSpanFlush")
        if pod.spec["terminationGracePeriodSeconds"] <= needed:
            yield f"{label(pod.owner)}: a stop may take {needed:.0f} s, its grace period is not longer"


def starts_have_time(overlay):
    """A start has half an hour for work of its own, after it waited for the database, and for another replica that
    brings the tables up to date and derives the records, for as long as it would."""
    patience = limit_seconds("kPatience", "common/store/migrate.h")
    needed = limit_seconds("kDatabaseWait") + 2 * patience + 1800
    for pod in overlay.services_of_ours():
        probe = pod.spec["containers"][0]["startupProbe"]
        if probe["periodSeconds"] * probe["failureThreshold"] < needed:
            yield f"{label(pod.owner)}: a start may take {needed} s, and is killed before"


def probes_ask_the_right_thing(overlay):
    """Readiness is the service's own health by gRPC; liveness and start ask the process alone."""
    for pod in overlay.services_of_ours():
        container = pod.spec["containers"][0]
        ready = container.get("readinessProbe", {}).get("grpc", {})
        if ready != {"port": pod.ports().get("health"), "service": pod.labels[COMPONENT]}:
            yield f"{label(pod.owner)}: readiness is not its own health at the numeric port of health"
        for name in ("livenessProbe", "startupProbe"):
            if container.get(name, {}).get("grpc") != {"port": pod.ports().get("health"), "service": live_name()}:
                yield f"{label(pod.owner)}: {name} is not the health of the process alone, and may depend on a database"


def services_are_kept_up(overlay):
    """Each service has one autoscaler, a budget that lets broken pods go, a headless Service, and spreads replicas."""
    for pod in overlay.services_of_ours():
        name = pod.owner["metadata"]["name"]
        scalers = [one for one in overlay.kind("HorizontalPodAutoscaler", "ScaledObject")
                   if one["spec"]["scaleTargetRef"]["name"] == name]
        if len(scalers) != 1:
            yield f"{label(pod.owner)}: {len(scalers)} autoscalers"
        if "replicas" in pod.owner["spec"]:
            yield f"{label(pod.owner)}: replicas are the autoscaler's"
        budgets = [one["spec"] for one in overlay.kind("PodDisruptionBudget")
                   if matches(one["spec"]["selector"], pod.labels)]
        if len(budgets) != 1 or budgets[0].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{label(pod.owner)}: no budget with AlwaysAllow"
        heads = [one["spec"] for one in overlay.kind("Service") if one["metadata"]["name"] == name]
        if len(heads) != 1 or heads[0].get("clusterIP") != "None":
            yield f"{label(pod.owner)}: no headless Service, so that gRPC would keep to one replica"
        spreads = pod.spec.get("topologySpreadConstraints", [])
        if {one["topologyKey"] for one in spreads} != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"} or \
                any(one.get("matchLabelKeys") != ["pod-template-hash"] for one in spreads):
            yield f"{label(pod.owner)}: its replicas are not spread by version"


def scaling_names_queues(overlay):
    """KEDA asks for queues that the scaled service works on, in the namespace of the overlay: of each for the jobs that
    wait and those in hand together, and for how long the oldest has waited; of none while it is paused, when more
    replicas would do no more."""
    space = overlay.kind("Namespace")[0]["metadata"]["name"]
    for one in overlay.kind("ScaledObject"):
        service = one["spec"]["scaleTargetRef"]["name"].removeprefix("critac-")
        asked, queries = set(), set()
        for trigger in one["spec"]["triggers"]:
            query = trigger["metadata"].get("query", "")
            queries.add(query)
            asked |= set(re.findall(r'queue="(\w+)"', query))
            if query and f'namespace="{space}"' not in query:
                yield f"{label(one)}: asks for another namespace: {query}"
        if asked != set(queues_of(service)):
            yield f"{label(one)}: asks for {sorted(asked)}, and {service} works on {sorted(queues_of(service))}"
        for queue in sorted(asked):
            of_it = f'namespace="{space}",queue="{queue}"'
            for figure in (f'max(sum by (pod) (critac_queue_jobs{{{of_it},state=~"ready|leased"}}))',
                           f"max(critac_queue_oldest_ready_seconds{{{of_it}}})"):
                wanted = f"{figure} unless max(critac_queue_paused{{{of_it}}}) == 1"
                if wanted not in queries:
                    yield f"{label(one)}: does not ask for {wanted}"


def fallbacks_are_accepted(overlay):
    """Where KEDA has nobody to ask, no replica goes. Its admission takes a fallback only beside a trigger that has an
    average and is not `cpu` or `memory`."""
    for one in overlay.kind("ScaledObject"):
        fallback = one["spec"].get("fallback", {})
        if fallback.get("behavior") != "currentReplicasIfHigher":
            yield f"{label(one)}: replicas go when Prometheus is away"
        if not one["spec"]["minReplicaCount"] <= fallback.get("replicas", 0) <= one["spec"]["maxReplicaCount"]:
            yield f"{label(one)}: the replicas of its fallback are not within its bounds"
        for trigger in one["spec"]["triggers"]:
            if trigger["type"] not in ("cpu", "memory") and trigger.get("metricType") != "AverageValue":
                yield f"{label(one)}: {trigger['name']} does not say `AverageValue`, and has no fallback"


def records_are_safe(overlay):
    """Outside dev a commit is on a standby before it is acknowledged, none without it is promoted, and there is a
    backup, which is kept for as long as the runbook says."""
    if overlay.name == "dev":
        return
    for cluster in overlay.kind("Cluster"):
        synchronous = cluster["spec"]["postgresql"].get("synchronous", {})
        if synchronous.get("number", 0) < 1 or synchronous.get("dataDurability") != "required" or \
                cluster["spec"]["instances"] < 3:
            yield f"{label(cluster)}: what was acknowledged can be lost with one machine"
        if synchronous.get("failoverQuorum") is not True:
            yield f"{label(cluster)}: a standby without what was acknowledged can be promoted while another is away"
    if "critac-backup" not in overlay.names("CronJob"):
        yield "no backup"
    for job in overlay.kind("CronJob"):
        for container in job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]:
            if container["command"][:2] != ["critac", "backup"]:
                continue
            # `critac backup` refuses the place a volume is mounted on, and a folder that holds a backup already.
            place = Path(container["command"][container["command"].index("--to") + 1])
            if "{time}" not in place.name or str(place.parent) not in [
                    mount["mountPath"] for mount in container["volumeMounts"]]:
                yield f"{label(job)}: `{place}` is not a folder of its own each time, right below a volume"
            kept = " ".join(container["command"][4:])
            if not re.fullmatch(r"--keep \d+", kept) or f"`{kept}`" not in (ROOT / "deploy/README.md").read_text():
                yield f"{label(job)}: old backups go by `--keep DAYS`, as deploy/README.md says; here by `{kept}`"


def the_log_has_room(overlay):
    """What a slot may keep for a standby that is away fits, with what PostgreSQL keeps between checkpoints and what it
    keeps besides, into the volume of the log. One instance alone has no slots."""
    for cluster in overlay.kind("Cluster"):
        if cluster["spec"]["instances"] < 2:
            continue
        parameters = cluster["spec"]["postgresql"]["parameters"]
        kept = str(parameters.get("max_slot_wal_keep_size", -1))
        if not re.fullmatch(r"[1-9]\d*(MB|GB)", kept):
            yield f"{label(cluster)}: max_slot_wal_keep_size is {kept}; a size in MB or GB is wanted"
            continue
        # Of the latter the larger: max_wal_size as PostgreSQL has it, wal_keep_size as CloudNativePG sets it.
        need = size_in_mib(kept) + max(size_in_mib(parameters.get("max_wal_size", "1GB")),
                                       size_in_mib(parameters.get("wal_keep_size", "512MB")))
        room = size_in_mib(cluster["spec"].get("walStorage", cluster["spec"]["storage"])["size"])
        if need >= room:
            yield f"{label(cluster)}: a standby that is away can fill the volume of the log: {need} of {room} MiB"


def restores_are_no_backups(overlay):
    """The Job that the runbook makes of that of the backup restores, is tried once, and has no owner, whose last backup
    its success would be; and no backup begins meanwhile."""
    runbook = re.search(r"^### Restore$.+?^### ", (ROOT / "deploy/README.md").read_text(), re.MULTILINE | re.DOTALL).group()
    suspended = [json.loads(found)["spec"]["suspend"]
                 for found in re.findall(r"^    k patch cronjob critac-backup --patch '(.+)'$", runbook, re.MULTILINE)]
    if suspended != [True, False]:
        yield f"deploy/README.md: the backup is suspended so during a restore: {suspended}"
    made, patch = re.search(r"^    (k create job [^|]+)\|\n.+?--patch '(\[.+?\])' \|$", runbook,
                            re.MULTILINE | re.DOTALL).groups()
    if "{\"spec\": {\"suspend\": true}}" not in runbook[:runbook.index(made)]:
        yield "deploy/README.md: the backup is suspended after a restore has begun"
    for owner in overlay.kind("CronJob"):
        if f"--from=cronjob/{owner['metadata']['name']} " not in made:
            continue
        # As kubectl makes it of a CronJob.
        template = owner["spec"]["jobTemplate"]
        job = {"apiVersion": "batch/v1", "kind": "Job", "spec": template["spec"],
               "metadata": {**template["metadata"], "name": "critac-restore", "ownerReferences": [
                   {"apiVersion": "batch/v1", "kind": "CronJob", "name": owner["metadata"]["name"], "uid": "1",
                    "controller": True}]}}
        told = subprocess.run(["kubectl", "patch", "--local", "--filename", "-", "--type", "json", "--output", "json",
                               "--patch", patch], input=json.dumps(job), capture_output=True, text=True, check=False)
        if told.returncode != 0:
            yield f"deploy/README.md: the patch of the restore fails on {label(owner)}: {told.stderr.strip()}"
            continue
        restore = json.loads(told.stdout)
        if restore["metadata"].get("ownerReferences"):
            yield f"deploy/README.md: a restore counts as a Job of {label(owner)}"
        if restore["spec"]["backoffLimit"] != 0:
            yield "deploy/README.md: a restore that failed is tried again on databases that it may have filled"
        if restore["spec"]["template"]["spec"]["containers"][0]["command"][:2] != ["critac", "restore"]:
            yield "deploy/README.md: the Job of the restore does not restore"


@functools.cache
def tables_of_capacity():
    """The rows of each table under "Capacity" in deploy/README.md, by the first cell of its head."""
    runbook = (ROOT / "deploy/README.md").read_text()
    text = re.search(r"^### Capacity$(.+?)^### ", runbook, re.MULTILINE | re.DOTALL).group(1)
    tables = {}
    for table in re.findall(r"(?:^\|.+\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
        tables[rows[0][0]] = rows[2:]
    return tables


def resources_are_those_of_the_table(overlay):
    """Outside dev each service asks for what deploy/README.md says, and may have no more."""
    if overlay.name == "dev":
        return
    said = {row[0]: tuple(row[1:4]) for row in tables_of_capacity()["service"]}
    for pod in overlay.services_of_ours():
        for container in pod.containers:
            if container["name"] != "critac":
                continue
            resources = container["resources"]
            if resources["limits"].keys() != {"memory"}:
                yield f"{label(pod.owner)}: has limits of {sorted(resources['limits'])}; of memory alone is accepted"
            has = (resources["requests"]["cpu"], resources["requests"]["memory"], resources["limits"]["memory"])
            if has != said.get(pod.labels[COMPONENT]):
                yield f"{label(pod.owner)}: has {has}, and deploy/README.md says {said.get(pod.labels[COMPONENT])}"


# ---- Rules of the folder --------------------------------------------------------------------------------------------

def components_are_used():
    """Each component is in an overlay, so that every rule sees it."""
    used = set()
    for overlay in overlays():
        text = yaml.safe_load((KUSTOMIZE / "overlays" / overlay / "kustomization.yaml").read_text())
        used |= {Path(path).name for path in text.get("components", [])}
    for path in sorted(KUSTOMIZE.glob("components/*")):
        if path.name not in used:
            yield f"components/{path.name} is in no overlay"


def size_in_mib(text):
    """Of Kubernetes' sizes and of PostgreSQL's, whose MB and GB are of two to a power too."""
    found = re.fullmatch(r"(\d+)(Mi|MB|Gi|GB)", text)
    return int(found.group(1)) * {"M": 1, "G": 1024}[found.group(2)[0]]


def capacity_is_computed():
    """The memory that deploy/README.md says matching needs is what memory_need.h computes. The limit beside it is the
    first from 512Mi on, each twice the one before, at which no alert fires. Matching has the limit of the row that the
    table of services names."""
    text = (ROOT / "services/matching/memory_need.h").read_text()
    size = {name: int(number) << int(shift or 0)
            for name, number, shift in re.findall(r"constexpr int64_t (k\w+) = (\d+)(?: << (\d+))?;", text)}
    rules = (KUSTOMIZE / "components/monitoring/rules.yaml").read_text()
    part = float(re.search(r"- alert: CritacMemoryRunsOut\n.+?> (0\.\d+)\n", rules, re.DOTALL).group(1))
    rows = tables_of_capacity()["slots"]
    for slots, experts, pairs, memory, limit in rows:
        numbers = [int(cell.replace(",", "")) for cell in (slots, experts, pairs)]
        need = (size["kBaseBytes"] + numbers[0] * size["kBytesPerSlot"] + numbers[1] * size["kBytesPerExpert"] +
                numbers[2] * size["kSolveBytesPerPair"]) / 2**20
        row = f"deploy/README.md: {slots} slots, {experts} experts, {pairs} pairs"
        if memory != f"{math.ceil(need):,} MiB":
            yield f"{row}: {memory}, and computed are {math.ceil(need):,} MiB"
        wanted = 512
        while need > part * wanted:
            wanted *= 2
        if size_in_mib(limit) != wanted:
            yield f"{row}: a limit of {limit}, and {wanted}Mi is the first that will do"
    matching = next(row for row in tables_of_capacity()["service"] if row[0] == "matching")
    named = [row[4] for row in rows if f"{row[1]} experts and {row[2]} eligible pairs" in matching[4]]
    if named != [matching[3]]:
        yield f"deploy/README.md: matching has {matching[3]}, and the rows that it rests on say {named}"


def redis_rights_are_those_of_the_queue():
    """The user `critac` of Redis has the rights that common/queue/redis/README.md gives, no more and no fewer."""
    def rights(text):
        found = re.search(r"(?:SETUSER|user) critac on (.*?)(?:\n```|\nuser |\nACL)", text, re.DOTALL).group(1)
        return [word for word in found.replace("\\\n", " ").split() if not word.startswith(">")]
    wanted = rights((ROOT / "common/queue/redis/README.md").read_text())
    given = rights((KUSTOMIZE / "components/redis/start-redis").read_text())
    if wanted != given:
        yield f"components/redis/start-redis: the rights of critac differ: {sorted(set(wanted) ^ set(given))}"


# ---- The rule of openings itself -------------------------------------------------------------------------------------

REDIS, INTAKE = "StatefulSet critac-redis", "Deployment critac-intake"
REDIS_POD = {"podSelector": {"matchLabels": {NAME: "critac-redis"}}}
INTAKE_POD = {"podSelector": {"matchLabels": {NAME: "critac", COMPONENT: "intake"}}}
INTAKE_PORT = [{"protocol": "TCP", "port": 7401}]
EVERYWHERE = {**REDIS_POD, "namespaceSelector": {}}

# Changes of the overlay production, a policy dropped or a rule added to one, and all that the rule then says.
CHANGES = [
    ("critac-to-redis", None, None,
     {f"egress is not open: Deployment critac-{service} to {REDIS} at TCP/{port}"
      for service in SERVICES for port in (6379, 26379)}),
    ("critac-redis", "egress", {"to": [INTAKE_POD], "ports": INTAKE_PORT},
     {f"egress is open and not needed: {REDIS} to {INTAKE} at TCP/7401"}),
    ("critac-intake", "ingress", {"from": [REDIS_POD], "ports": INTAKE_PORT},
     {f"ingress is open and not needed: {REDIS} to {INTAKE} at TCP/7401"}),
    ("critac-intake", "ingress", {"from": [EVERYWHERE], "ports": INTAKE_PORT},
     {f"ingress is open and not needed: {REDIS} to {INTAKE} at TCP/7401",
      f"ingress is open and not needed: {json.dumps(EVERYWHERE)} to {INTAKE} at TCP/7401"}),
    ("critac-redis", "egress", {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]},
     {f"egress is open and not needed: {REDIS} to {ELSEWHERE} at every port"}),
]


def openings_that_change_are_noticed():
    """One opening too few, and one too many at either end, break the rule, and nothing else is said."""
    for name, direction, added, wanted in CHANGES:
        things = copy.deepcopy(render("production"))
        policy = next(one for one in things if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == name)
        if direction:
            policy["spec"][direction].append(added)
        else:
            things.remove(policy)
        told = set(what_is_needed_is_open_and_nothing_else(Overlay("production", things)))
        if told != wanted:
            yield f"{name} with {direction} {added}: the rule says {sorted(told)}, not {sorted(wanted)}"


RULES = [selectors_match, policies_select, everything_is_denied_first, addresses_are_services,
         what_is_needed_is_open_and_nothing_else, ports_exist, references_lead_somewhere, pods_are_restricted,
         namespace_is_restricted, secrets_are_only_named, images_are_named, variables_are_known, stops_have_time,
         starts_have_time, probes_ask_the_right_thing, services_are_kept_up, scaling_names_queues,
         fallbacks_are_accepted, records_are_safe, the_log_has_room, restores_are_no_backups,
         resources_are_those_of_the_table]


def main():
    problems = [*components_are_used(), *capacity_is_computed(), *redis_rights_are_those_of_the_queue(),
                *openings_that_change_are_noticed()]
    for name in overlays():
        overlay = Overlay(name)
        if len(overlay.services_of_ours()) != len(SERVICES):
            problems.append(f"overlays/{name}: not all services are there")
        problems += [f"overlays/{name}: {problem}" for rule in RULES for problem in rule(overlay)]
    finish(problems, f"{len(overlays())} overlays keep {len(RULES) + 3} rules")


if __name__ == "__main__":
    sys.exit(main())
