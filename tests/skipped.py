#!/usr/bin/env python3
"""Hands on what ctest prints, and before its summary lists what was skipped, and why.

The reasons stand in ctest's log alone: a test that ends with 77 prints `skipped: REASON`, and GoogleTest what a
GTEST_SKIP says.

Usage: ctest … 2>&1 | tests/skipped.py LOG    LOG: Testing/Temporary/LastTest.log, of this run and of no other
"""
import re
import signal
import sys
from pathlib import Path

SUMMARY = re.compile(r"\d+% tests passed, ")
# A test that ended with 77, in the line of its end, and again at the end of the summary.
LEFT_OUT = re.compile(r" *\d+/\d+ Test +#\d+: (?P<ended>\S+) .*\*\*\*Skipped |\t *\d+ - (?P<listed>\S+) \(Skipped\)$")
REASON = re.compile(r"(?:^|; )skipped: (.+)")

# In the log: where a test begins, and where its output ends.
BEGIN = re.compile(r" *\d+/\d+ Testing: (\S+)$")
END = "<end of output>"
# GoogleTest says the reason below the place, and then the name of the test.
PLACE = re.compile(r".+:\d+: Skipped$")
SKIPPED_CASE = re.compile(r"\[  SKIPPED \] .+ \(\d+ ms\)$")


def outputs(log):
    """Pairs of a test's name and the lines of its output."""
    name, lines = None, []
    for line in log.split("\n"):
        if name is None:
            begins = BEGIN.match(line)
            name, lines = (begins.group(1), []) if begins else (None, [])
        elif line == END:
            yield name, lines
            name = None
        else:
            lines.append(line)


def reasons(lines, left_out):
    """Why the test, or cases of it, were skipped: one reason for each. `left_out`: it ended with 77."""
    if left_out:
        told = [found.group(1) for line in lines if (found := REASON.search(line))]
        yield from told or ["it does not say why"]
    reason = None
    for number, line in enumerate(lines):
        if PLACE.match(line):
            reason = lines[number + 1] if number + 1 < len(lines) else ""
        elif SKIPPED_CASE.match(line):
            none = not reason or SKIPPED_CASE.match(reason)
            yield "it does not say why" if none else reason
            reason = None


def listed(log, left_out):
    """The lines of the list. Cases of one test with the same reason share a line."""
    for name, lines in outputs(log):
        counts = {}
        for reason in reasons(lines, name in left_out):
            counts[reason] = counts.get(reason, 0) + 1
        for reason, count in counts.items():
            yield f"  {name}" + ("" if name in left_out else f", {count} of its cases") + f": {reason}"


def main():
    # ctest is told of Ctrl-C too, and has the last word.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="replace")
    left_out, summary = set(), []
    for line in sys.stdin:
        if found := LEFT_OUT.match(line):
            left_out.add(found["ended"] or found["listed"])
        if summary or SUMMARY.match(line):
            summary.append(line)
        else:
            print(line, end="", flush=True)
    log = Path(sys.argv[1])
    if log.is_file():
        lines = list(listed(log.read_text(encoding="utf-8", errors="replace"), left_out))
        if lines:
            print("\n".join(["skipped:", *lines, ""]))
    print("".join(summary), end="")


if __name__ == "__main__":
    main()
