"""deploy/local/up --cluster, once all is built: the processes of deploy/kustomize on this machine, kept running.

Settings, counts, scripts and passwords come from the manifests. Replaced are: the ports, by --base-port; the address
that a replica listens on, by one of loopback that it has for itself; paths of volumes, by such below --data; and DNS,
by a file that libnss_wrapper reads.
"""
import argparse
import ctypes
import fcntl
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

try:
    import manifests
except ImportError:
    sys.exit("up: python3-yaml is not installed for this python3; deploy/local/install installs Debian's")
import postgres
import redis
from process import Node, how_it_ended, last_line, say
from service import Replica

# The first of anything listens on 127.0.0.10, the next on 127.0.0.11, and so on.
FIRST_ADDRESS = "127.0.0.1%d"
POSTGRES_PORT = 5432
CA_FILE = "/etc/critac/postgres-ca/ca.crt"
# From the start until all are ready, the migration included. deploy/local/demo waits longer.
START_SECONDS = 240


class Stop(Exception):
    """Somebody asked for the end."""


def refuse(text):
    say(text)
    sys.exit(2)


# ---- Ports and names -------------------------------------------------------------------------------------------------

def claim(address, port):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((address, port))
        one.listen()
    except OSError:
        one.close()
        raise
    return one


def free_port(addresses):
    """One that is free on each of them."""
    while True:
        first = claim(addresses[0], 0)
        port = first.getsockname()[1]
        try:
            return port, [first, *(claim(address, port) for address in addresses[1:])]
        except OSError:
            first.close()


def offsets_of_ports(shape):
    """Port of the manifests → by how much it is here above the base. That of health, which is the same in every
    service, is known by the service too."""
    offsets = {POSTGRES_PORT: 31, shape.redis.ports["redis"]: 78, shape.redis.ports["sentinel"]: 79}
    for number, service in enumerate(shape.services):
        offsets |= {service.container.ports["grpc"]: number, service.container.ports["admin"]: 80 + number,
                    (service.name, service.container.ports["health"]): 89 + number}
    return offsets


def choose_ports(shape, base, addresses):
    """The same → port here."""
    ports, claimed = {}, []
    for port, offset in offsets_of_ports(shape).items():
        if base == 0:
            ports[port], more = free_port(addresses)
            claimed += more
            continue
        ports[port] = base + offset
        for address in addresses:
            try:
                claimed.append(claim(address, base + offset))
            except OSError as error:
                refuse(f"--base-port: {address}:{base + offset}: {error.strerror}; stop what uses it, or choose other "
                       "ports")
    for one in claimed:
        one.close()
    return ports


class Places:
    """Where things are on this machine."""

    def __init__(self, shape, ports):
        self.shape = shape
        self.ports = ports
        self.addresses = addresses_for(shape)

    def to_port(self, text, service=None):
        def port_here(found):
            port = int(found[0])
            return str(self.ports.get((service, port), self.ports.get(port, port)))
        return re.sub(r"(?<![\w.])[1-9]\d{3,4}(?![\w.])", port_here, text)

    def hosts(self, primary):
        """What the cluster's DNS knows while the primary of PostgreSQL is at this address."""
        database, queue = self.shape.postgres, self.shape.redis
        named = [(f"{database.name}-rw", primary)]
        named += [(f"critac-{service.name}", address) for service in self.shape.services
                  for address in self.addresses[:service.replicas]]
        named += [(f"{database.name}-{number}", address)
                  for number, address in enumerate(self.addresses[:database.instances], 1)]
        named += [(f"{queue.name}-{number}.{queue.name}", address)
                  for number, address in enumerate(self.addresses[:queue.replicas])]
        return "".join(f"{address} {name}\n" for name, address in named)

    def settings(self, service, address):
        """The variables of its replica at this address."""
        return {name: self.to_port(value, service.name).replace("0.0.0.0", address)
                for name, value in service.container.settings.items()}

    def url(self, text, ca_file):
        return self.to_port(text).replace(CA_FILE, urllib.parse.quote(str(ca_file)))


def addresses_for(shape):
    most = max(shape.postgres.instances, shape.redis.replicas, *(service.replicas for service in shape.services))
    return [FIRST_ADDRESS % number for number in range(most)]


# ---- The center ------------------------------------------------------------------------------------------------------

class Center:
    def __init__(self, node, shape, places, programs):
        self.node = node
        self.shape = shape
        self.places = places
        self.programs = programs
        self.secrets = manifests.new_secrets()
        self.redis, self.sentinels = redis.make(node, shape.redis, places.addresses, places.to_port,
                                                self.secrets["critac-redis"])
        self.postgres = postgres.Cluster(node, shape.postgres, places.addresses, places.ports[POSTGRES_PORT],
                                         self.write_hosts)
        self.write_hosts()
        self.replicas = {service.name: self.make_replicas(service) for service in shape.services}
        self.running = []
        self.start_end = time.monotonic() + START_SECONDS
        self.shown = None
        self.stopping = 0
        self.wake, write = socket.socketpair()
        for one in (self.wake, write):
            one.setblocking(False)
        self.write_end = write
        signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.asked_to_stop)

    def write_hosts(self):
        """Those who have read the file before read it again, as its time, in seconds, is another."""
        hosts = self.node.hosts
        before = int(hosts.stat().st_mtime) if hosts.exists() else 0
        put(hosts, self.places.hosts(self.postgres.primary.address[0]))
        if int(hosts.stat().st_mtime) <= before:
            os.utime(hosts, (before + 1, before + 1))

    def secret_values(self, container):
        ca_file = self.postgres.certificate
        return {variable: self.places.url(self.secrets[name][key], ca_file)
                for variable, (name, key) in container.secrets.items()}

    def make_replicas(self, service):
        replicas = []
        for number, address in enumerate(self.places.addresses[:service.replicas]):
            # gRPC's own resolver reads no file of names but the machine's.
            settings = self.places.settings(service, address) | self.secret_values(service.container) | {
                "GRPC_DNS_RESOLVER": "native"}
            grpc, admin = (self.places.ports[service.container.ports[name]] for name in ("grpc", "admin"))
            replicas.append(Replica(self.node, f"{service.name}-{number}", (address, grpc), service,
                                    admin=(address, admin), program=self.programs / service.container.command[0],
                                    settings=settings))
        return replicas

    @property
    def processes(self):
        """In the order of the start."""
        return [*self.sentinels, *self.redis, *self.postgres.instances,
                *(one for replicas in self.replicas.values() for one in replicas)]

    # ---- Going on

    def asked_to_stop(self, *_):
        self.stopping += 1

    def pause(self, seconds=0.1):
        """Until a process ends or a signal comes, and no longer than this."""
        select.select([self.wake], [], [], seconds)
        try:
            self.wake.recv(4096)
        except BlockingIOError:
            pass

    def step(self):
        """Has each process be as it should be, as far as it goes at this moment."""
        if self.stopping:
            raise Stop
        for one in self.running:
            if one in self.postgres.instances:
                continue
            one.observe()
            one.keep()
        self.postgres.keep()
        for one in self.running:
            one.look()
        self.show()
        self.pause()

    def show(self):
        """Keeps the file of what runs where, for people and programs."""
        form = "%-11s %-8s %-17s %-6s %s\n"
        text = form % ("PROCESS", "PID", "ADDRESS", "READY", "ROLE")
        for one in self.running:
            pid = one.popen.pid if one.popen else "-"
            text += form % (one.name, pid, "%s:%d" % one.address, "yes" if one.ready else "no", one.role)
        if text != self.shown:
            put(self.node.folder / "run/status", text)
            self.shown = text

    def await_ready(self, processes):
        while not all(one.ready for one in processes):
            if time.monotonic() > self.start_end:
                late = next(one for one in processes if not one.ready)
                raise TimeoutError(f"{late.name} was not ready within {START_SECONDS} seconds of the start: "
                                   f"{late.reason}; its last line, of {late.log}: {late.last_line()}")
            self.step()

    def start(self):
        # A Redis asks the Sentinels who is the master.
        self.running += [*self.sentinels, *self.redis]
        self.postgres.begin()
        self.running += self.postgres.instances
        self.await_ready(self.running)
        self.postgres.make_databases(self.secrets)
        self.migrate()
        for replicas in self.replicas.values():
            self.running += replicas
        self.await_ready(self.running)

    def migrate(self):
        container = self.shape.migration.container
        log = self.node.folder / "log/migrate.log"
        command = [str(self.programs / container.command[0]), *container.command[1:]]
        settings = container.settings | self.secret_values(container)
        for _ in range(1 + self.shape.migration.retries):
            job = self.node.spawn(command, self.node.environment("critac-migrate", **settings), self.node.folder, log)
            while job.poll() is None:
                if time.monotonic() > self.start_end:
                    job.kill()
                    raise TimeoutError(f"the migration did not end within {START_SECONDS} seconds of the start; its "
                                       f"last line, of {log}: {last_line(log)}")
                self.step()
            if job.returncode == 0:
                return
        raise ValueError(f"the migration failed: {how_it_ended(job.returncode)}; its last line, of {log}: "
                         f"{last_line(log)}")

    # ---- Stopping

    def stop(self):
        """Who calls others goes before them. Returns whether each ended cleanly."""
        groups = [*reversed(self.replicas.values()), self.sentinels, self.redis, [self.postgres.primary],
                  self.postgres.standbys]
        asked = self.stopping
        for one in self.postgres.instances:
            if one.helper is not None and one.helper.poll() is None:
                one.helper.terminate()
        return all([self.stop_group(group, asked) for group in groups])

    def stop_group(self, group, asked):
        group = [one for one in group if one.popen is not None]
        for one in group:
            one.signal(one.stop_signal)
        end = time.monotonic() + max([one.grace_seconds for one in group], default=0)
        while any(one.popen.poll() is None for one in group):
            if self.stopping > asked:
                asked = self.stopping
                # A second signal ends what takes its time.
                for one in group:
                    one.signal(one.stop_signal)
            if time.monotonic() > end:
                for one in group:
                    one.signal(signal.SIGKILL)
            self.pause()
        for one in group:
            one.pid_file.unlink(missing_ok=True)
            if one.popen.returncode != 0:
                say(f"{one.name} did not stop cleanly: {how_it_ended(one.popen.returncode)}; its last line, of "
                    f"{one.log}: {one.last_line()}")
        return all(one.popen.returncode == 0 for one in group)

    # ---- Telling

    def servers(self):
        """For the command line, which takes one address of each service."""
        return ",".join(f"{name}=%s:%d" % replicas[0].address for name, replicas in self.replicas.items())

    def tell(self):
        print(f"{self.shown}\nKept up to date in {self.node.folder}/run/status; logs are in {self.node.folder}/log.")
        print("In another terminal (Ctrl-C here stops the center):\n")
        print(f"  export CRITAC_SERVER={self.servers()}\n", flush=True)


def put(path, text):
    """Whoever reads it meanwhile has it whole, before or after."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text(text)
    new.replace(path)


# ---- Beginning -------------------------------------------------------------------------------------------------------

def check_machine(shape):
    try:
        ctypes.CDLL("libnss_wrapper.so")
    except OSError:
        refuse("libnss_wrapper.so is not installed; deploy/local/install installs it")
    for program in ("setpriv", "redis-server", "redis-cli", "openssl",
                    f"/usr/lib/postgresql/{shape.postgres.major}/bin/postgres"):
        if not shutil.which(program):
            refuse(f"{program} is not installed; deploy/local/install installs it")


def lock_folder(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError:
        refuse(f"--data: {folder} is no folder that can be written to")
    try:
        # The processes hold it too.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pids = sorted(int(file.read_text()) for file in folder.glob("run/*.pid"))
        refuse(f"--data: {folder} is in use by process {' '.join(map(str, pids)) or 'of another center'}; stop it "
               "first, or name another folder")
    if any((folder / service).exists() for service in manifests.SERVICES):
        refuse(f"--data: {folder} holds a center whose records are in SQLite files; name another folder (`critac move` "
               "takes records along)")
    if os.geteuid() == 0:
        check_reach(folder)
    return lock


def check_reach(folder):
    """PostgreSQL refuses to run as root, and its user must get to its files."""
    user = postgres.SUPERUSER
    try:
        pwd.getpwnam(user)
    except KeyError:
        refuse(f"there is no user {user}, who PostgreSQL runs as where root starts it; deploy/local/install makes him")
    reached = subprocess.run(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "test", "-x", folder],
                             check=False)
    if reached.returncode != 0:
        refuse(f"--data: the user {user}, who PostgreSQL runs as where root starts it, may not enter {folder}; name a "
               "folder that he may")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="up --cluster")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base-port", type=int, required=True)
    parser.add_argument("--ready-file", type=Path)
    parser.add_argument("--programs", type=Path, required=True)
    return parser.parse_args()


def run(center, ready_file):
    """Returns the exit status."""
    well = True
    try:
        center.start()
        center.tell()
        if ready_file:
            put(ready_file, center.servers() + "\n")
        while True:
            center.step()
    except Stop:
        pass
    except (OSError, ValueError) as error:
        say(error)
        well = False
    if ready_file:
        ready_file.unlink(missing_ok=True)
    well = center.stop() and well
    if well:
        print("stopped", flush=True)
    return 0 if well else 1


def main():
    arguments = parse_arguments()
    shape = manifests.understand(manifests.read_objects())
    check_machine(shape)
    lock = lock_folder(arguments.data)
    for file in arguments.data.glob("run/*"):
        file.unlink()
    ports = choose_ports(shape, arguments.base_port, addresses_for(shape))
    node = Node(arguments.data, lock)
    own_pid = node.folder / "run/up.pid"
    own_pid.write_text(f"{os.getpid()}\n")
    try:
        return run(Center(node, shape, Places(shape, ports), arguments.programs), arguments.ready_file)
    finally:
        for file in (own_pid, node.folder / "run/status"):
            file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
