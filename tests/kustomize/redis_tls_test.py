#!/usr/bin/env python3
"""The side-car of components/redis-tls carries Redis' protocol by TLS, and to nobody but the Redis that is named.

It is started by the command of the manifest with the stunnel.conf of overlays/managed, in a network and a view of files
of its own (unshare): addresses, ports and the Redis' name are those that are committed, folders of the test take the
place of those that the pod mounts. At the other end is a Redis that takes nothing but TLS, and asks for no certificate.

Usage: tests/kustomize/redis_tls_test.py PROGRAMS    PROGRAMS: the folder of critac and critac-intake, as built. Exit
                                                     status 77, skipped, where unshare or a program is not there.
"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from manifests import KUSTOMIZE, ROOT, skip, yaml

PATIENCE_SECONDS = 20
PASSWORD = "the-password"
# Where the Redis is, and where it is after its name leads elsewhere.
HOME, ELSEWHERE = "127.0.2.1", "127.0.2.2"
ADMIN_PORT = 7481
INTAKE = "127.0.0.1:7401"


def until(what, condition):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(0.05)


class Authority:
    """Signs certificates for one name each, in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.make("ca", "basicConstraints=critical,CA:TRUE", [])

    def make(self, name, extension, signed_by):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-config", self.configuration(), "-subj", f"/CN={name}",
                        "-addext", extension,
                        "-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.crt", *signed_by],
                       check=True, capture_output=True)

    def configuration(self):
        # Without the extensions of the distribution's file, by which every certificate is an authority's.
        path = self.folder / "openssl.cnf"
        path.write_text("[req]\ndistinguished_name=name\n[name]\n")
        return path

    def certify(self, name):
        """The certificate of a name, and its key."""
        self.make(name, f"subjectAltName=DNS:{name}", ["-CA", self.folder / "ca.crt", "-CAkey", self.folder / "ca.key"])
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"


class SideCar:
    """The command of the container and the text of its configuration, both with folders of ours for those mounted."""

    def __init__(self, folder, ca):
        [deployment] = yaml.safe_load_all((KUSTOMIZE / "components/redis-tls/side-car.yaml").read_text())
        pod = deployment["spec"]["template"]["spec"]
        [container] = pod["initContainers"]
        assert container["name"] == "redis-tls", container["name"]
        text = (KUSTOMIZE / "overlays/managed/stunnel.conf").read_text()
        self.command = container["command"]
        for mount in container["volumeMounts"]:
            own = folder / mount["name"]
            own.mkdir()
            text = text.replace(mount["mountPath"], str(own))
            self.command = [word.replace(mount["mountPath"], str(own)) for word in self.command]
        (folder / "redis-tls/stunnel.conf").write_text(text)
        shutil.copy(ca, folder / "redis-ca/ca.crt")
        self.host, self.port = re.search(r"^connect = (\S+):(\d+)$", text, re.MULTILINE).groups()
        address, port = re.search(r"^accept = (\S+):(\d+)$", text, re.MULTILINE).groups()
        self.address = (address, int(port))


class Pod:
    """The side-car, the Redis outside the cluster, and the service beside the side-car."""

    def __init__(self, folder, programs):
        self.folder = folder
        self.programs = programs
        self.running = {}
        self.authority = Authority(folder / "authority")
        self.side_car = SideCar(folder, self.authority.folder / "ca.crt")
        self.hosts = folder / "hosts"
        self.lead_to(HOME)
        subprocess.run(["mount", "--bind", str(self.hosts), "/etc/hosts"], check=True)

    def lead_to(self, address):
        self.hosts.write_text(f"127.0.0.1 localhost\n{address} {self.side_car.host}\n")

    def log(self, part):
        return self.folder / f"{part}.log"

    def start(self, part, *command, **settings):
        with open(self.log(part), "a", encoding="utf-8") as log:
            self.running[part] = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **settings)

    def stop(self, part, how=signal.SIGTERM):
        process = self.running.pop(part)
        process.send_signal(how)
        return process.wait(PATIENCE_SECONDS)

    def start_side_car(self):
        self.start("side-car", *self.side_car.command)

    def start_redis(self, certificate, address=HOME):
        """With a user that has the rights of common/queue/redis/README.md, and no other."""
        rule = re.search(r"^ACL SETUSER critac (.+?)^```$", (ROOT / "common/queue/redis/README.md").read_text(),
                         re.MULTILINE | re.DOTALL).group(1).replace("\\\n", " ")
        crt, key = certificate
        configuration = self.folder / "redis.conf"
        configuration.write_text("\n".join([
            f"bind {address}", "port 0", f"tls-port {self.side_car.port}", "tls-auth-clients no",
            f"tls-cert-file {crt}", f"tls-key-file {key}", 'save ""', "user default off",
            f"user critac >{PASSWORD} {' '.join(rule.split())}"]) + "\n")
        self.start("redis", "redis-server", configuration)
        until("Redis listens", lambda: connects((address, int(self.side_car.port))))

    def start_intake(self):
        self.start("intake", self.programs / "critac-intake", "--data", self.folder / "intake",
                   "--queue", f"redis://critac:{PASSWORD}@{self.side_car.address[0]}")

    def is_ready(self):
        """Whether intake says that it reaches its queues; false where it does not answer yet."""
        connection = http.client.HTTPConnection("127.0.0.1", ADMIN_PORT, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return json.load(connection.getresponse())["ready"]
        except ConnectionRefusedError:
            return False
        finally:
            connection.close()

    def connect(self):
        return socket.create_connection(self.side_car.address, timeout=PATIENCE_SECONDS)

    def answers(self):
        """Whether a new connection through the side-car is one to Redis; false where it is closed, be it at once."""
        try:
            with self.connect() as connection:
                return ping(connection)
        except (ConnectionResetError, BrokenPipeError):
            return False

    def is_refused(self, reason):
        """Whether a new connection is closed without an answer, and the side-car says why."""
        before = len(self.log("side-car").read_text())
        if self.answers():
            return False
        until(f"the side-car says: {reason}", lambda: reason in self.log("side-car").read_text()[before:])
        return True


def connects(address):
    try:
        socket.create_connection(address, timeout=PATIENCE_SECONDS).close()
        return True
    except ConnectionRefusedError:
        return False


def ping(connection):
    """Whether Redis answers; false where the connection is closed. Silence until the time is over is an error."""
    wanted = b"+OK\r\n+PONG\r\n"
    told = b""
    connection.sendall(f"AUTH critac {PASSWORD}\r\nPING\r\n".encode())
    while len(told) < len(wanted) and (more := connection.recv(4096)):
        told += more
    assert told in (b"", wanted), told
    return told == wanted


def is_closed(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def check_the_service_reaches_its_queues(pod):
    pod.start_redis(pod.authority.certify(pod.side_car.host))
    pod.start_side_car()
    until("the side-car listens", lambda: connects(pod.side_car.address))
    assert pod.answers()
    pod.start_intake()
    until("intake is ready", pod.is_ready)
    told = subprocess.run([pod.programs / "critac", "--server", INTAKE, "--as", "operator:ops", "--output", "csv",
                           "queue", "list"], capture_output=True, text=True, check=False)
    assert told.returncode == 0 and "\nmatch," in told.stdout, told


def check_a_redis_that_goes_is_noticed_and_found_again(pod):
    with pod.connect() as held:
        assert ping(held)
        pod.stop("redis", signal.SIGKILL)
        assert is_closed(held)
    assert pod.is_refused("Connection refused")
    until("intake is not ready", lambda: not pod.is_ready())
    pod.start_redis(pod.authority.certify(pod.side_car.host))
    assert pod.answers()
    until("intake is ready again", pod.is_ready)


def check_a_name_that_leads_elsewhere_is_followed(pod):
    """A managed Redis that fails over keeps its name and changes its address."""
    pod.stop("redis", signal.SIGKILL)
    pod.start_redis(pod.authority.certify(pod.side_car.host), ELSEWHERE)
    pod.lead_to(ELSEWHERE)
    until("the side-car goes where the name leads", pod.answers)
    pod.lead_to(HOME)


def check_only_the_redis_that_is_named_is_taken(pod):
    host = pod.side_car.host
    domain = host.split(".", 1)[1]
    stranger = Authority(pod.folder / "stranger")
    for authority, name, refused in ((stranger, host, "unable to get local issuer certificate"),
                                     (pod.authority, f"other.{domain}", "CERT: Subject checks failed"),
                                     (pod.authority, domain, "CERT: Subject checks failed"),
                                     (pod.authority, f"*.{domain}", None),
                                     (pod.authority, host, None)):
        pod.stop("redis", signal.SIGKILL)
        pod.start_redis(authority.certify(name))
        assert pod.is_refused(refused) if refused else pod.answers(), f"{name}, by {authority.folder.name}"


def check(pod):
    check_the_service_reaches_its_queues(pod)
    check_a_redis_that_goes_is_noticed_and_found_again(pod)
    check_a_name_that_leads_elsewhere_is_followed(pod)
    check_only_the_redis_that_is_named_is_taken(pod)
    assert pod.stop("side-car") == 0, "the side-car did not end cleanly"


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: tests/kustomize/redis_tls_test.py PROGRAMS")
    programs = Path(sys.argv[1]).resolve()
    if "--inside" not in sys.argv:
        for program in ("unshare", "ip", "mount", "openssl", "redis-server", "stunnel4"):
            if not shutil.which(program):
                skip(f"{program} is not installed")
        # Of processes too, so that nothing outlives this test, however it ends.
        unshare = ["unshare", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child"]
        if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
            skip("no namespaces of one's own may be made here (unshare), so that the pod cannot be played")
        os.execvp("unshare", [*unshare, sys.executable, __file__, str(programs), "--inside"])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as name:
        pod = Pod(Path(name), programs)
        try:
            check(pod)
        except BaseException:
            for log in sorted(Path(name).glob("*.log")):
                print(f"==== {log.name}\n" + "\n".join(log.read_text().split("\n")[-20:]))
            raise
        finally:
            for part in list(pod.running):
                pod.stop(part, signal.SIGKILL)
    print("the side-car carries the service's queues by TLS, follows the name of the Redis, and refuses every other")


if __name__ == "__main__":
    main()
