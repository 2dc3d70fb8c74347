#!/usr/bin/env python3
"""The Redis of components/redis forms a group, fails over, and takes back who was lost, run by the very scripts of its pods.

Three pods are played in a network and a view of files of their own (unshare): each has an address, a host name and
folders, which take the place of the paths in the scripts; the rest is Debian's Redis as it is.

Usage: tests/kustomize/redis_test.py    Exit status 77, skipped, where unshare or Redis is not there.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from manifests import KUSTOMIZE, skip

PODS = 3
PATIENCE_SECONDS = 60
PASSWORD, REPLICA_PASSWORD = "the-password", "the-other"


class Center:
    def __init__(self, folder):
        self.folder = folder
        self.running = {}
        hosts = folder / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(
            f"{self.address(pod)} {self.name(pod)}\n" for pod in range(PODS)))
        subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], check=True)
        for pod in range(PODS):
            self.make(pod)

    @staticmethod
    def address(pod):
        return f"127.0.1.{10 + pod}"

    @staticmethod
    def name(pod):
        return f"critac-redis-{pod}.critac-redis"

    def make(self, pod):
        home = self.folder / str(pod)
        for part in ("bin", "data", "run", "secret"):
            (home / part).mkdir(parents=True)
        (home / "secret/password").write_text(PASSWORD)
        (home / "secret/replica-password").write_text(REPLICA_PASSWORD)
        for program, text in (("hostname", f"echo critac-redis-{pod}"),
                              ("redis-server", f'exec {shutil.which("redis-server")} "$@" --bind {self.address(pod)}')):
            (home / "bin" / program).write_text(f"#!/bin/sh\n{text}\n")
            (home / "bin" / program).chmod(0o755)
        for part in ("redis", "sentinel"):
            text = (KUSTOMIZE / f"components/redis/start-{part}").read_text()
            for path, own in (("/etc/critac/redis", "secret"), ("/run/redis", "run"), ("/data", "data")):
                assert path in text or (part, own) == ("sentinel", "run"), path
                text = text.replace(path, str(home / own))
            (home / f"start-{part}").write_text(text)

    def start(self, pod, part):
        home = self.folder / str(pod)
        with open(home / f"{part}.log", "a", encoding="utf-8") as log:
            self.running[pod, part] = subprocess.Popen(
                ["sh", str(home / f"start-{part}")], stdout=log, stderr=log,
                env={**os.environ, "PATH": f"{home}/bin:{os.environ['PATH']}"})

    def stop(self, pod, part, how=signal.SIGTERM):
        process = self.running.pop((pod, part))
        process.send_signal(how)
        process.wait()

    def ask(self, pod, *words, port=6379, user="replica", password=REPLICA_PASSWORD):
        login = ["--user", user, "--pass", password, "--no-auth-warning"] if port == 6379 else []
        told = subprocess.run(["redis-cli", "-h", self.address(pod), "-p", str(port), *login, "--raw", *words],
                              capture_output=True, text=True, check=False)
        return told.stdout.strip()

    def master(self, pod):
        return self.ask(pod, "sentinel", "get-master-addr-by-name", "critac", port=26379).split("\n")[0]

    def replicas_of(self, pod):
        return self.ask(pod, "info", "replication").count("state=online")

    def known(self, pod):
        """How many other Sentinels and how many replicas the Sentinel of a pod knows."""
        lines = self.ask(pod, "sentinel", "master", "critac", port=26379).split("\n")
        told = dict(zip(lines[::2], lines[1::2]))
        return told.get("num-other-sentinels"), told.get("num-slaves")


def until(what, condition):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(0.1)


def check(center):
    for pod in range(PODS):
        center.start(pod, "redis")
        center.start(pod, "sentinel")
    until("two replicas follow the first pod", lambda: center.replicas_of(0) == 2)
    for pod in range(PODS):
        # One that does not know a replica yet would leave it behind at a fail-over.
        until("each Sentinel knows the two others, and both replicas", lambda pod=pod: center.known(pod) == ("2", "2"))
        assert center.master(pod) == center.name(0), center.master(pod)

    script = ("eval", "return redis.call('rpush', KEYS[1], 'job')", "1", "critac:{match}:test")
    login = {"user": "critac", "password": PASSWORD}
    assert center.ask(0, *script, **login) == "1"
    assert "NOPERM" in center.ask(0, "flushall", **login)
    assert "NOAUTH" in center.ask(0, "ping", user="", password="") or "WRONGPASS" in \
        center.ask(0, "ping", user="default", password="")

    center.stop(0, "redis", signal.SIGKILL)
    until("another pod is the master", lambda: center.master(1) in (center.name(1), center.name(2)))
    promoted = 1 if center.master(1) == center.name(1) else 2
    center.start(0, "redis")
    until("the old master comes back as a replica", lambda: center.replicas_of(promoted) == 2)
    assert center.ask(promoted, "eval", "return redis.call('llen', KEYS[1])", "1", script[3], **login) == "1"

    identity = center.ask(2, "sentinel", "myid", port=26379)
    center.stop(2, "sentinel")
    center.start(2, "sentinel")
    until("it is back", lambda: center.known(2) == ("2", "2"))
    assert center.ask(2, "sentinel", "myid", port=26379) == identity, "a Sentinel has forgotten who it is"
    assert center.master(2) == center.name(promoted), center.master(2)


def main():
    if "--inside" not in sys.argv:
        for program in ("unshare", "ip", "mount", "redis-server", "redis-cli"):
            if not shutil.which(program):
                skip(f"{program} is not installed")
        unshare = ["unshare", "--map-root-user", "--net", "--mount"]
        if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
            skip("no namespaces of one's own may be made here (unshare), so that three pods cannot be played")
        sys.exit(subprocess.run([*unshare, sys.executable, __file__, "--inside"], check=False).returncode)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as name:
        center = Center(Path(name))
        try:
            check(center)
        except BaseException:
            for log in sorted(Path(name).glob("*/*.log")):
                print(f"==== {log.relative_to(name)}\n" + "\n".join(log.read_text().split("\n")[-8:]))
            raise
        finally:
            for pod, part in list(center.running):
                center.stop(pod, part, signal.SIGKILL)
    print("three Redis with Sentinel form a group, fail over and take back who was lost")


if __name__ == "__main__":
    main()
