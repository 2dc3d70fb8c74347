#!/usr/bin/env python3
"""Measures how long `critac up` takes on an empty folder until it is ready, and its memory at rest.

Usage: tests/bench/startup.py CRITAC [STARTS]

The peer is the smallest program of the machine that serves nothing: how long python3 takes to start and end, measured
in turn with each start.
"""
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ALLOWED_MS = 300
ALLOWED_MIB = 80
AT_REST_SECONDS = 1


def start(critac, folder):
    """Returns milliseconds to ready, and MiB resident a second later."""
    begin = time.monotonic()
    center = subprocess.Popen([critac, "up", "--data", folder, "--listen", "127.0.0.1:0", "--admin-listen",
                               "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = center.stdout.readline()
    took = 1000 * (time.monotonic() - begin)
    if not line.startswith("critac ready on"):
        sys.exit(f"startup: the center did not get ready: {line!r}")
    time.sleep(AT_REST_SECONDS)
    status = pathlib.Path(f"/proc/{center.pid}/status").read_text(encoding="ascii")
    resident = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024
    center.send_signal(signal.SIGTERM)
    if center.wait() != 0:
        sys.exit(f"startup: the center ended with {center.returncode}")
    return took, resident


def main(critac, starts):
    ready, peer, resident = [], [], []
    for _ in range(starts):
        with tempfile.TemporaryDirectory() as folder:
            took, memory = start(critac, folder)
        ready.append(took)
        resident.append(memory)
        begin = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        peer.append(1000 * (time.monotonic() - begin))
    print(f"critac up ready on an empty folder: {statistics.median(ready):.0f} ms, slowest of {starts} starts "
          f"{max(ready):.0f} ms  (at most {ALLOWED_MS})")
    print(f"ratio to python3 starting and ending: {statistics.median(ready) / statistics.median(peer):.1f}")
    print(f"resident at rest: {statistics.median(resident):.0f} MiB  (at most {ALLOWED_MIB})")
    wanted = [("critac up ready", statistics.median(ready), ALLOWED_MS, "ms"),
              ("resident at rest", statistics.median(resident), ALLOWED_MIB, "MiB")]
    missed = [f"{what}, {figure:.4g} {unit} (at most {allowed} {unit})" for what, figure, allowed, unit in wanted
              if figure > allowed]
    print(f"\nmissed: {len(missed)} of {len(wanted)}: {'; '.join(missed)}" if missed else
          f"\nmissed: none of {len(wanted)}")
    return 1 if missed else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 10))
