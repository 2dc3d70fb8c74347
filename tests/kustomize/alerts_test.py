#!/usr/bin/env python3
"""Alerts and dashboards ask for figures that exist, and every alert fires when it should and not otherwise.

- promtool reads the rules, and runs a file of tests/kustomize/alerts for each alert, with a case in which it fires and
  one in which it does not.
- Every figure in an alert, a dashboard, a query of KEDA or of the runbook's levels is one that
  common/server/operational_metrics.h names, or one of Prometheus' own, of kube-state-metrics or of the kubelets; and so is every label.
- The codes and outcomes that alerts count as failures are among those that the program shows from its start, at 0, and
  the cases begin them so: the first failure of a figure that begins with it is none to Prometheus.
- Every query of KEDA answers with what waits, and with nothing while the queue is paused.
- Every alert leads to a section of deploy/README.md of its name, and every link within that file to one that is there.
- That file names, as what needs kube-state-metrics or the kubelets' figures, the alerts that ask for them, and no others.
- Alerts on PostgreSQL, Redis and volumes ask for what the manifests make: so many instances, and every claim.

Usage: tests/kustomize/alerts_test.py    Without promtool the first is left out, and the exit status is 77, skipped.
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from manifests import KUSTOMIZE, ROOT, finish, yaml

RULES = KUSTOMIZE / "components/monitoring/rules.yaml"
CASES = Path(__file__).resolve().parent / "alerts"

# What Prometheus adds to every figure that it fetches.
TARGET_LABELS = {"namespace", "pod", "service", "job", "instance", "container", "endpoint"}
# Figures of others, with the labels that are asked for: Prometheus itself, kube-state-metrics, the kubelets.
OTHERS = {
    "up": set(),
    "kube_pod_container_status_restarts_total": set(),
    "kube_pod_container_resource_limits": {"resource"},
    "kube_horizontalpodautoscaler_status_current_replicas": {"horizontalpodautoscaler"},
    "kube_horizontalpodautoscaler_spec_max_replicas": {"horizontalpodautoscaler"},
    "kube_job_failed": {"job_name", "condition"},
    "kube_cronjob_status_last_successful_time": {"cronjob"},
    "kube_cronjob_created": {"cronjob"},
    "kube_pod_status_ready": {"condition"},
    "kube_statefulset_status_replicas_ready": {"statefulset"},
    "kube_statefulset_replicas": {"statefulset"},
    "kubelet_volume_stats_available_bytes": {"persistentvolumeclaim"},
    "kubelet_volume_stats_capacity_bytes": {"persistentvolumeclaim"},
}
HISTOGRAM = ("_bucket", "_count", "_sum")
WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset"}


def our_figures():
    """Names of figures and their labels: from the table in the header, those of the process from the code."""
    header = (ROOT / "common/server/operational_metrics.h").read_text()
    figures = {}
    for name, labels in re.findall(r"^// \| (critac_\w+)(?:\{([\w,]+)\})? \|", header, re.MULTILINE):
        figures[name] = set(labels.split(",")) if labels else set()
    code = (ROOT / "common/server/operational_metrics.cc").read_text()
    figures.update({name: set() for name in re.findall(r'add\("(process_\w+)"', code)})
    assert len(figures) > 12, figures
    for name in [name for name in figures if re.search(rf'Name\("{name}"\)', code) and name.endswith("_seconds")]:
        for ending in HISTOGRAM:
            figures[name + ending] = figures[name] | ({"le"} if ending == "_bucket" else set())
        del figures[name]
    return figures


def shown_at_the_start():
    """By figure, what it is told apart by, and the values that are there before the first call or job."""
    code = (ROOT / "common/server/operational_metrics.cc").read_text()
    shown = {}
    for label, figure, array, kind in (
            ("code", "critac_calls_total", "kCodesFromTheStart", "StatusCode"),
            ("outcome", "critac_job_duration_seconds_count", "kOutcomes", "JobOutcome")):
        listed = re.search(rf"{array}\[\] = \{{(.+?)\}};", code, re.DOTALL).group(1)
        names = re.findall(rf"{kind}::k(\w+)", listed)
        words = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name) for name in names]
        shown[figure] = (label, {word.upper() if label == "code" else word.lower() for word in words})
    return shown


def check_shown(where, expression, shown):
    for figure, (label, there) in shown.items():
        for values in re.findall(rf'{figure}\{{[^}}]*\b{label}=~?"([^"]+)"', expression):
            for value in sorted(set(values.split("|")) - there):
                yield f"{where}: {figure} with {label} {value} begins with its first"


def check_beginnings(path, shown):
    for test in yaml.safe_load(path.read_text())["tests"]:
        for one in test["input_series"]:
            name, labels = re.fullmatch(r"(\w+)\{(.+)\}", one["series"]).groups()
            label, there = shown.get(name, ("", set()))
            value = re.search(rf'\b{label}="([^"]+)"', labels) if label else None
            if value and value.group(1) in there and not re.match(r"0(?:[x+ ]|$)", one["values"]):
                yield f"{path.name}: {one['series']} does not begin at 0, as the program does"


def check_expression(expression, figures):
    """What is unknown in an expression of PromQL."""
    text = re.sub(r"\$__rate_interval", "5m", expression)
    for name, chosen in re.findall(r'([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}', text):
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', chosen)
        for key in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)', bare):
            if key not in figures.get(name, set()) | TARGET_LABELS:
                yield f"{name} has no label {key}"
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", bare)
    labels = {name for group in re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", bare)
              for name in re.findall(r"\w+", group)}
    bare = re.sub(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    asked = {name for name, call in re.findall(r"(?<![\w.])([a-zA-Z_:][\w:]*)\s*(\()?", bare)
             if not call and name not in WORDS}
    if not asked:
        yield "asks for nothing"
    for name in sorted(asked - figures.keys()):
        yield f"there is no figure {name}"
    known = TARGET_LABELS.union(*(figures.get(name, set()) for name in asked))
    for key in sorted(labels - known):
        yield f"none of {sorted(asked)} has a label {key}"


def dashboards():
    for path in sorted((KUSTOMIZE / "components/monitoring/dashboards").glob("*.json")):
        board = json.loads(path.read_text())
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}: {panel['title']}", target["expr"]
        for one in board["templating"]["list"]:
            if one["type"] == "query":
                yield f"{path.name}: {one['name']}", re.fullmatch(r"label_values\((\w+), \w+\)", one["query"]).group(1)


def queries_of_keda():
    for one in yaml.safe_load_all((KUSTOMIZE / "components/keda/scaled-objects.yaml").read_text()):
        for trigger in one["spec"]["triggers"]:
            if trigger["type"] == "prometheus":
                yield f"{one['metadata']['name']}: {trigger['name']}", trigger["metadata"]["query"]


def queries_of_the_runbook():
    """Those of its service levels."""
    text = (ROOT / "deploy/README.md").read_text()
    for number, query in enumerate(re.findall(r"^```promql\n(.+?)^```$", text, re.MULTILINE | re.DOTALL), 1):
        yield f"deploy/README.md: query {number}", query


def check_links():
    there = anchors()
    for link in re.findall(r"\]\(#([^)]+)\)", (ROOT / "deploy/README.md").read_text()):
        # The second heading of a name has a number.
        if re.sub(r"-\d+$", "", link) not in there:
            yield f"deploy/README.md: `#{link}` leads to no section"


def check_install(rules):
    """What is said of kube-state-metrics and of the kubelets under Install."""
    for others, figure in (("kube-state-metrics", "kube_"), ("the kubelets", "kubelet_")):
        row = re.search(rf"^\| {others}.*$", (ROOT / "deploy/README.md").read_text(), re.MULTILINE)
        named = set(re.findall(r"\[(\w+)\]\(#", row.group())) if row else set()
        asking = {rule["alert"] for rule in rules if re.search(rf"\b{figure}\w+", rule["expr"])}
        for name in sorted(named ^ asking):
            how = "asks nothing of" if name in named else "is not named as asking"
            yield f"deploy/README.md: {name} {how} {others}"


def claims():
    """Names of the claims that come of the manifests, of the first instance or replica of each."""
    cluster, redis, backup = (
        next(one for one in yaml.safe_load_all((KUSTOMIZE / "components" / path).read_text()) if one["kind"] == kind)
        for path, kind in (("postgres/cluster.yaml", "Cluster"), ("redis/redis.yaml", "StatefulSet"),
                           ("backup/backup.yaml", "PersistentVolumeClaim")))
    yield f"{cluster['metadata']['name']}-1"
    if "walStorage" in cluster["spec"]:
        yield f"{cluster['metadata']['name']}-1-wal"
    for template in redis["spec"]["volumeClaimTemplates"]:
        yield f"{template['metadata']['name']}-{redis['metadata']['name']}-0"
    yield backup["metadata"]["name"]


def check_stores(rules):
    """What watches PostgreSQL, Redis and volumes."""
    asked = {rule["alert"]: rule["expr"] for rule in rules}
    cluster = next(one for one in yaml.safe_load_all((KUSTOMIZE / "components/postgres/cluster.yaml").read_text())
                   if one["kind"] == "Cluster")
    if not asked["CritacPostgresNotWhole"].strip().endswith(f"< {cluster['spec']['instances']}"):
        yield f"CritacPostgresNotWhole: does not ask for the {cluster['spec']['instances']} instances there are"
    expression = asked["CritacVolumeNearlyFull"]
    for figure in ("available", "capacity"):
        patterns = re.findall(rf'kubelet_volume_stats_{figure}_bytes{{persistentvolumeclaim=~?"([^"]+)"', expression)
        for claim in claims():
            if not any(re.fullmatch(pattern, claim) for pattern in patterns):
                yield f"CritacVolumeNearlyFull: does not ask for the {figure} bytes of {claim}"


def anchors():
    headings = re.findall(r"^#+ (.+)$", (ROOT / "deploy/README.md").read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def check_rules(rules, figures):
    there = anchors()
    for rule in rules:
        name = rule["alert"]
        for problem in check_expression(rule["expr"], figures):
            yield f"{name}: {problem}"
        link = rule["annotations"].get("runbook_url", "")
        if not link.endswith(f"deploy/README.md#{name.lower()}") or name.lower() not in there:
            yield f"{name}: `{link}` leads to no section of its name in deploy/README.md"
        if rule["labels"].get("severity") not in ("critical", "warning"):
            yield f"{name}: severity is critical or warning"
        for key in ("summary", "description"):
            if not rule["annotations"].get(key):
                yield f"{name}: has no {key}"
    for name in sorted({path.stem for path in CASES.glob("*.yaml")} - {rule["alert"] for rule in rules}):
        yield f"tests/kustomize/alerts/{name}.yaml: there is no such alert"


def check_cases(name):
    """A file for the alert, with a case that fires and one that does not."""
    path = CASES / f"{name}.yaml"
    if not path.is_file():
        yield f"{name}: tests/kustomize/alerts/{name}.yaml is not there"
        return
    cases = [case for test in yaml.safe_load(path.read_text())["tests"] for case in test["alert_rule_test"]]
    if any(case["alertname"] != name for case in cases):
        yield f"{path.name}: tests another alert"
    if {bool(case.get("exp_alerts")) for case in cases} != {True, False}:
        yield f"{path.name}: wants a case that fires and one that does not"


def promtool(*arguments, folder):
    told = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if told.returncode != 0:
        yield f"promtool {' '.join(arguments)}: {(told.stdout + told.stderr).strip()}"


def cases_of_keda():
    """A file for promtool: five jobs of a queue wait, the oldest for ten minutes, and from a quarter of an hour on the
    queue is paused; both replicas tell it."""
    tests = []
    for where, query in queries_of_keda():
        queue = re.search(r'queue="(\w+)"', query).group(1)
        chosen = f'namespace="critac",queue="{queue}"'
        value = 5 if "critac_queue_jobs" in query else 600
        told = [(f'critac_queue_jobs{{{chosen},pod="POD",state="ready"}}', "5x30"),
                (f'critac_queue_oldest_ready_seconds{{{chosen},pod="POD"}}', "600x30"),
                (f'critac_queue_paused{{{chosen},pod="POD"}}', "0x14 1x15")]
        tests.append({
            "name": where, "interval": "1m",
            "input_series": [{"series": series.replace("POD", pod), "values": values}
                             for series, values in told for pod in "ab"],
            "promql_expr_test": [
                {"expr": query, "eval_time": "10m", "exp_samples": [{"labels": "{}", "value": value}]},
                {"expr": query, "eval_time": "20m", "exp_samples": []}]})
    return {"evaluation_interval": "1m", "tests": tests}


def run_promtool(groups, rules, others):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "whole.yaml").write_text(yaml.safe_dump({"groups": groups}))
        # Queries of others are read as the expressions of rules.
        (folder / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": [
            {"record": f"query:{number}", "expr": expr.replace("$__rate_interval", "5m")}
            for number, (_, expr) in enumerate(others)]}]}))
        # Cases compare when an alert fires and its labels, not its words.
        (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "critac", "rules": [
            {key: value for key, value in rule.items() if key != "annotations"} for rule in rules]}]}))
        (folder / "scaling.yaml").write_text(yaml.safe_dump(cases_of_keda()))
        cases = sorted(CASES.glob("*.yaml"))
        for path in cases:
            shutil.copy(path, folder)
        yield from promtool("check", "rules", "whole.yaml", "queries.yaml", folder=folder)
        yield from promtool("test", "rules", "scaling.yaml", *[path.name for path in cases], folder=folder)


def main():
    figures = {**our_figures(), **OTHERS}
    groups = yaml.safe_load(RULES.read_text())["spec"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    others = [*dashboards(), *queries_of_keda(), *queries_of_the_runbook()]
    problems = [*check_rules(rules, figures), *check_links(), *check_install(rules), *check_stores(rules)]
    for where, expression in others:
        problems += [f"{where}: {problem}" for problem in check_expression(expression, figures)]
    shown = shown_at_the_start()
    for rule in rules:
        problems += [*check_cases(rule["alert"]), *check_shown(rule["alert"], rule["expr"], shown)]
    for path in sorted(CASES.glob("*.yaml")):
        problems += check_beginnings(path, shown)
    done = f"{len(rules)} alerts and {len(others)} queries ask for figures that exist"
    if not shutil.which("promtool"):
        finish(problems, done, ["promtool is not installed, so no alert was made to fire"])
    problems += run_promtool(groups, rules, others)
    finish(problems, f"{done}, and each alert fires when it should")


if __name__ == "__main__":
    sys.exit(main())
