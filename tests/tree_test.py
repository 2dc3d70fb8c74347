#!/usr/bin/env python3
"""Holds the rules of the tree that no compiler holds: layers, names, and what does not belong in the repository.

Usage: tests/tree_test.py    Prints every breach as FILE:LINE: what is wrong. Exit status 1 where there is one.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "README.md", "protos", "services", "common", "deploy", "tests"}

# What each folder may include besides itself, the layers left of it in their order.
LAYERS = ["base", "status", "store", "queue", "journal", "rpc", "server"]

# Third-party headers that stay behind one folder.
KEPT_BEHIND = {
    r"^soci/": ["common/store/"],
    r"^sqlite3\.h": ["common/store/", "tests/bench/"],
    r"^libpq": ["common/store/", "tests/bench/"],
    r"^lemon/": ["services/matching/", "tests/bench/"],
    r"^hiredis/": ["common/queue/redis/"],
    r"^microhttpd": ["common/server/"],
    r"^curl/": ["common/server/"],
    r"^prometheus/": ["common/server/"],
    r"^spdlog/": ["common/server/"],
    r"^CLI/": ["common/server/", "services/cli/"],
    r"^(openssl)/": ["common/base/"],
    r"^csv\.h": ["services/cli/"],
}

# Domain files of a service are pure: they see base, status and messages only. These suffixes mark the others.
EDGE_FILE = re.compile(
    r"(_service|_store|_states|_commands|_methods|_reader|_client|_worker|follower|_sync|_jobs|_lease|callers|bind|main|_testing"
    r"|_bench)\.(h|cc)$")

# A step of a migration in a source: its number, its component, and the rest, at whose end is what it needs, if anything.
STEP = re.compile(r'\{\s*(\d+),\s*"(\w+)",([^{}]*)\}')
NEEDS = re.compile(r",\s*\d+\s*$")
SQL_OF_NAME = re.compile(r'(\w+)(?:\[\])?\s*=\s*R"sql\((.*?)\)sql"', re.DOTALL)
# What programs that do not know the step may not bear.
CONTRACTS = re.compile(r"\bDROP\b|\bRENAME\b|\bSET\s+NOT\s+NULL\b|\bADD\s+CONSTRAINT\b"
                       r"|\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b"
                       r"|\bADD\s+(COLUMN\s+)?\w+\s(?=[^;]*\bNOT\s+NULL\b)(?![^;]*\bDEFAULT\b)", re.IGNORECASE)

INCLUDE = re.compile(r'^\s*#include\s+["<]([^">]+)[">]')
USING = re.compile(r"^\s*using (?:[\w:]*::)?(\w+);")
CODE = (".h", ".cc")

problems = []


def problem(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def tracked_files():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True, text=True).stdout.split("\n")
    return [name for name in listed if name and (ROOT / name).is_file()]


def check_top_level(files):
    for name in files:
        top = name.split("/")[0]
        if top not in TOP_LEVEL and not top.startswith("."):
            problem(name, 1, f"'{top}' does not belong at the top level ({', '.join(sorted(TOP_LEVEL))})")


def check_include(name, number, header):
    for pattern, folders in KEPT_BEHIND.items():
        if re.search(pattern, header) and not any(name.startswith(folder) for folder in folders):
            problem(name, number, f"<{header}> is seen in {' and '.join(folders)} only")
    parts = name.split("/")
    included = header.split("/")
    if parts[0] == "common":
        if included[0] in ("services", "tests") and not name.endswith("_test.cc"):
            problem(name, number, f"common does not include {included[0]}")
        if included[0] == "common" and parts[1] in LAYERS and included[1] in LAYERS:
            if LAYERS.index(included[1]) > LAYERS.index(parts[1]):
                problem(name, number, f"common/{parts[1]} is left of common/{included[1]} and does not include it")
    if parts[0] == "services" and included[0] == "services" and included[1] != parts[1] and parts[1] != "cli":
        problem(name, number, f"services/{parts[1]} does not include services/{included[1]}: they talk through stubs")
    if parts[0] == "services" and parts[1] != "cli" and not EDGE_FILE.search(name) and not name.endswith("_test.cc"):
        if included[0] == "common" and included[1] not in ("base", "status"):
            problem(name, number, "a domain file is pure: it includes common/base, common/status and messages only")
        if header.endswith(".grpc.pb.h") or included[0] in ("grpc", "grpcpp"):
            problem(name, number, "a domain file is pure: no gRPC")


def check_code(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        if found := INCLUDE.match(line):
            check_include(name, number, found.group(1))
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            problem(name, number, "a TODO; say why it waits, or do it")
        # The command line's pause between two tries is the one sleep: main hands it in, so that tests need none.
        if re.search(r"\b(sleep_for|sleep_until|SleepFor|usleep|nanosleep)\b", line) and name != "services/cli/main.cc":
            problem(name, number, "nothing sleeps: wait on a condition, or take a Clock")
    if name.endswith(".h"):
        guard = re.sub(r"[/.]", "_", name).upper() + "_"
        if f"#ifndef {guard}\n" not in text:
            problem(name, 1, f"the include guard is {guard}")


def check_usings(name, text):
    """A using-declaration of a source is used in it."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        declared = USING.match(line)
        if declared and not any(re.search(rf"\b{declared[1]}\b", other) for other in lines[:number - 1] + lines[number:]
                                if not USING.match(other) and not other.lstrip().startswith(("//", "#include"))):
            problem(name, number, f"'{declared[1]}' is not used")


def check_text(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip() != line:
            problem(name, number, "white space at the end of the line")
        if "\t" in line and not name.endswith((".tsv",)):
            problem(name, number, "a tab")
        long_lines = (".md", ".json", ".jsonl", ".proto", ".svg", ".py", "report_html.cc")  # the last holds a style sheet
        if len(line) > 120 and not name.endswith(long_lines) and "http" not in line:
            problem(name, number, f"{len(line)} characters; 120 at most")
        if re.search(r"/(home|root|work|Users)/|deb\.debian\.org|registry\.npmjs|pypi\.org", line) and \
                name != "tests/tree_test.py":
            problem(name, number, "a path of one machine, or the host of a package registry")
    if text and not text.endswith("\n"):
        problem(name, text.count("\n") + 1, "no newline at the end")


def check_readmes(files):
    folders = {"/".join(name.split("/")[:2]) for name in files if name.startswith(("common/", "services/")) and
               name.endswith(CODE)} | {"deploy", "tests"}
    for folder in sorted(folders):
        if not (ROOT / folder / "README.md").is_file():
            problem(f"{folder}/README.md", 1, "each folder with a contract says what it owns")


def check_guarantees():
    """Every sentence of the queue's contract names its tests: each of them is there, and each test is named."""
    header, folder = "common/queue/work_queue.h", "tests/conformance/work_queue"
    there = {name for file in sorted((ROOT / folder).glob("*.h"))
             for name in re.findall(r"TEST_P\(WorkQueueConformance, (\w+)\)", file.read_text())}
    named = {}
    for number, line in enumerate((ROOT / header).read_text().split("\n"), 1):
        if found := re.fullmatch(r"//     (\w+)", line):
            if found.group(1) in named:
                problem(header, number, f"{found.group(1)} is named twice")
            named[found.group(1)] = number
    for name in sorted(named.keys() - there):
        problem(header, named[name], f"{name} is no test of {folder}")
    for name in sorted(there - named.keys()):
        problem(header, 1, f"{name} of {folder} holds no sentence that is named here")


def steps_of(text):
    """The steps of migrations in a source: line, name, SQL, and whether each says what it needs."""
    named = dict(SQL_OF_NAME.findall(text))
    for found in STEP.finditer(text):
        number, component, rest = found.groups()
        sql = " ".join([named[word] for word in re.findall(r"\w+", rest) if word in named]
                       + re.findall(r'"((?:[^"\\]|\\.)*)"', rest))
        if re.search(r"\b(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE)\b", sql, re.IGNORECASE):
            line = text.count("\n", 0, found.start()) + 1
            yield line, f"{component}/{number}", re.sub(r"--[^\n]*", "", sql), bool(NEEDS.search(rest))


def check_steps(files):
    """A step of a migration that contracts says so: programs of the version before run beside those that made it."""
    seen = set()
    for name in files:
        if not name.startswith(("common/", "services/")) or not name.endswith(".cc") or name.endswith("_test.cc"):
            continue
        for line, step, sql, needs in steps_of((ROOT / name).read_text()):
            seen.add(step)
            if (contracts := CONTRACTS.search(sql)) and not needs:
                problem(name, line, f"{step} contracts ('{contracts.group(0).strip()}') and does not say which steps it "
                                    "needs (Migration::needs)")
    for step in ("journal/1", "intake/1", "matching/1", "metrics/1"):
        if step not in seen:
            problem("tests/tree_test.py", 1, f"{step} is not found among the steps of migrations")


def main():
    files = tracked_files()
    check_guarantees()
    check_steps(files)
    check_top_level(files)
    check_readmes(files)
    for name in files:
        data = (ROOT / name).read_bytes()
        if b"\0" in data:
            problem(name, 1, "a binary file")
            continue
        if len(data) > 512 * 1024:
            problem(name, 1, f"{len(data)} bytes; sample data is made by a generator, not committed")
        text = data.decode("utf-8")
        check_text(name, text)
        if name.endswith(CODE):
            check_code(name, text)
            check_usings(name, text)
    print("\n".join(problems) if problems else f"{len(files)} files keep the rules of the tree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
