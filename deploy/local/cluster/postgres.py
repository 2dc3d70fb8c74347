"""PostgreSQL with synchronous standbys, and what CloudNativePG does for it: makes standbys, and fails over.

The manifest asks for `dataDurability: required`: a commit is acknowledged once a standby has it, and without any
standby none is. When the primary ends, the standby that has most takes its place, once every other one was asked: of
those asked one has each commit that was acknowledged. While one of them is away too, that is not known, and the
primary itself begins again. CloudNativePG does so because the manifest asks for `failoverQuorum`. The old primary comes
back as a standby, wound back to where the new one began, or as a fresh copy.
"""
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

from process import Process, say

SUPERUSER = "postgres"
# A standby that ended so often without having followed has files of no use.
FRESH_COPY_AFTER = 3

SETTINGS = {
    # As CloudNativePG sets them.
    "wal_log_hints": "on",
    "wal_keep_size": "512MB",
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "ssl": "on",
    # Of this machine.
    "unix_socket_directories": "",
}
# Whoever comes has a password, and comes by TLS.
ACCESS = """hostssl all all 127.0.0.0/8 scram-sha-256
hostssl replication {superuser} 127.0.0.0/8 scram-sha-256
"""


class NotReached(OSError):
    """An instance did not answer a statement."""


class Instance(Process):
    """One server. `needs`: what its files need before it can follow: `copy`, `rewind`."""

    def __init__(self, cluster, name, host, address):
        super().__init__(cluster.node, name, address, grace_seconds=180, stop_signal=signal.SIGINT)
        self.cluster = cluster
        self.host = host
        self.data = cluster.folder / name
        self.needs = None if (self.data / "PG_VERSION").exists() else "copy"
        self.helper = None
        self.useless_starts = 0

    @property
    def is_primary(self):
        return self.cluster.primary is self

    @property
    def signal_file(self):
        return self.data / "standby.signal"

    def spawn(self):
        if not self.is_primary:
            self.cluster.write(self.signal_file, "")
        self.cluster.configure(self)
        return self.cluster.run("postgres", "-D", str(self.data), log=self.log)

    def ask(self, sql):
        return self.cluster.ask(self.host, sql)

    def what_then(self, delay):
        if not self.is_primary:
            return super().what_then(delay)
        return "another takes its place" if self.cluster.all_standbys_run() else "starts again at once"

    def observe(self):
        followed = self.ready
        if not super().observe():
            return False
        # The kernel ends what else is in a container whose first process has ended. Some of these would still answer.
        end_processes_in(self.data)
        self.useless_starts = 0 if followed else self.useless_starts + 1
        if self.useless_starts >= FRESH_COPY_AFTER and not self.is_primary:
            self.needs, self.useless_starts = "copy", 0
        return True

    def keep(self):
        """As a standby: makes its files fit first."""
        if self.helper is not None:
            self.look_at_helper()
        elif self.popen is None and self.needs and time.monotonic() >= self.next_start:
            if self.cluster.announced and self.cluster.primary.takes_writes():
                self.prepare()
            else:
                self.next_start = time.monotonic() + 0.5
        else:
            super().keep()

    def prepare(self):
        say(f"{self.name} is {'copied from' if self.needs == 'copy' else 'rewound onto'} {self.cluster.primary.name}")
        source = self.cluster.connection(self.cluster.primary.host)
        if self.needs == "copy":
            shutil.rmtree(self.data, ignore_errors=True)
            self.helper = self.cluster.run("pg_basebackup", f"--dbname={source}", f"--pgdata={self.data}",
                                           "--wal-method=stream", "--checkpoint=fast", log=self.log)
        else:
            self.helper = self.cluster.run("pg_rewind", f"--source-server={source} dbname=postgres",
                                           f"--target-pgdata={self.data}", log=self.log)

    def look_at_helper(self):
        code = self.helper.poll()
        if code is None:
            return
        self.helper = None
        if code == 0:
            self.needs = None
            return
        say(f"{self.name}: its files could not be made to fit; its last line, of {self.log}: {self.last_line()}")
        if self.needs == "copy":
            self.next_start = time.monotonic() + 10
        self.needs = "copy"

    def probe(self):
        self.role = "primary" if self.is_primary else "standby"
        return self.cluster.state_of(self)

    def takes_writes(self):
        try:
            return self.popen is not None and self.ask("SELECT pg_is_in_recovery()") == "f"
        except NotReached:
            return False

    def place(self):
        """Where its log ends, in bytes; nothing while it still receives, or does not answer."""
        try:
            receives, end = self.ask(
                "SELECT (SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'), greatest(coalesce("
                "pg_last_wal_receive_lsn(), '0/0'), coalesce(pg_last_wal_replay_lsn(), '0/0')) - '0/0'").split("|")
        except NotReached:
            return None
        return int(end) if receives == "0" else None


class Cluster:
    def __init__(self, node, shape, addresses, port, on_new_primary):
        """`on_new_primary` is called once for each time another instance has become the primary."""
        self.on_new_primary = on_new_primary
        # Whether it was called for the primary of now. One that needs no promotion at the start is known already.
        self.announced = True
        self.node = node
        self.shape = shape
        self.port = port
        self.folder = node.folder / "postgres"
        self.programs = Path(f"/usr/lib/postgresql/{shape.major}/bin")
        # It refuses to run as root.
        self.user = SUPERUSER if os.geteuid() == 0 else None
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.own(self.folder)
        self.password = self.superuser_password()
        self.certificate = self.make_certificate(addresses)
        self.instances = [Instance(self, f"postgres-{number}", f"{shape.name}-{number}", (address, port))
                          for number, address in enumerate(addresses[:shape.instances], 1)]
        self.following, self.asked = set(), 0
        self.primary = self.instances[0]
        if self.primary_file.exists():
            name = self.primary_file.read_text().strip()
            self.primary = next(one for one in self.instances if one.name == name)
        for one in self.standbys:
            # It was the primary when all ended at once.
            if one.needs is None and not one.signal_file.exists():
                one.needs = "rewind"

    @property
    def primary_file(self):
        return self.folder / "primary"

    @property
    def standbys(self):
        return [one for one in self.instances if one is not self.primary]

    # ---- Files

    def own(self, path):
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(path, account.pw_uid, account.pw_gid)

    def write(self, path, text):
        path.touch(mode=0o600)
        path.write_text(text)
        self.own(path)

    def superuser_password(self):
        file = self.folder / "password"
        if not file.exists():
            self.write(file, secrets.token_hex(24))
        return file.read_text().strip()

    def make_certificate(self, addresses):
        """One that is its own authority, for the names of the instances and of the Service."""
        key, certificate = self.folder / "server.key", self.folder / "server.crt"
        if not certificate.exists():
            names = [f"{self.shape.name}-rw", *(f"{self.shape.name}-{number}" for number, _ in enumerate(addresses, 1))]
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-days", "3650", "-subj", f"/CN={names[0]}", "-addext",
                            "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-keyout", key, "-out",
                            certificate], check=True, capture_output=True)
            key.chmod(0o600)
            self.own(key)
            self.own(certificate)
        # The folder is the server's own.
        copy = self.node.folder / "postgres-ca.crt"
        shutil.copyfile(certificate, copy)
        return copy

    def configure(self, instance):
        """Its files of settings, which a copy or a rewind replaces by those of another instance."""
        others = ", ".join(f'"{one.host}"' for one in self.instances if one is not instance)
        settings = {
            **SETTINGS, **self.shape.parameters,
            "listen_addresses": instance.address[0], "port": self.port, "cluster_name": instance.host,
            "ssl_cert_file": self.folder / "server.crt", "ssl_key_file": self.folder / "server.key",
            "synchronous_standby_names": f"ANY {self.shape.synchronous} ({others})",
            # The name of whichever is the primary by then.
            "primary_conninfo": f"{self.connection(self.shape.name + '-rw')} application_name={instance.host} "
                                f"password={self.password}"}
        self.write(instance.data / "postgresql.conf",
                   "".join("%s = '%s'\n" % (name, str(value).replace("'", "''")) for name, value in settings.items()))
        self.write(instance.data / "pg_hba.conf", ACCESS.format(superuser=SUPERUSER))

    # ---- Programs

    def connection(self, host):
        certificate = str(self.certificate).replace("\\", "\\\\").replace("'", "\\'")
        return f"host={host} port={self.port} user={SUPERUSER} sslmode=verify-full sslrootcert='{certificate}'"

    def environment(self):
        return self.node.environment("postgres", PGPASSWORD=self.password, PGCONNECT_TIMEOUT="3")

    def run(self, program, *arguments, log):
        return self.node.spawn([str(self.programs / program), *arguments], self.environment(), self.folder, log,
                               self.user)

    def ask(self, host, sql, timeout=10):
        """What an instance answers. The statements are in no list of processes, since they may hold passwords."""
        command = [str(self.programs / "psql"), f"{self.connection(host)} dbname=postgres", "--no-psqlrc", "--quiet",
                   "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        try:
            told = subprocess.run(command, input=sql, env=self.environment(), capture_output=True, text=True,
                                  timeout=timeout, check=False)
        except subprocess.TimeoutExpired as error:
            raise NotReached(f"{host} does not answer within {timeout} seconds") from error
        if told.returncode != 0:
            raise NotReached(told.stderr.strip().split("\n")[-1])
        return told.stdout.strip()

    # ---- Beginning

    def begin(self):
        """Makes the first instance where there is none."""
        first = self.primary
        if first.needs != "copy":
            return
        shutil.rmtree(first.data, ignore_errors=True)
        made = self.run("initdb", f"--pgdata={first.data}", f"--username={SUPERUSER}", "--auth=scram-sha-256",
                        f"--pwfile={self.folder / 'password'}", "--encoding=UTF8", "--locale=C", log=first.log)
        if made.wait() != 0:
            raise NotReached(f"initdb failed; its last line, of {first.log}: {first.last_line()}")
        first.needs = None
        self.write(self.primary_file, first.name)

    def make_databases(self, secrets_of_center):
        """Roles, whose passwords follow their Secrets, and databases."""
        sql = ""
        for role, secret in self.shape.roles.items():
            word = secrets_of_center[secret]["password"]
            sql += (f"SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
                    "\\gexec\n"
                    f"ALTER ROLE {role} LOGIN PASSWORD '{word}';\n")
        for database, owner in self.shape.databases.items():
            sql += (f"SELECT 'CREATE DATABASE {database} OWNER {owner} ENCODING ''UTF8'' LC_COLLATE ''C'' "
                    "LC_CTYPE ''C'' TEMPLATE template0' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = "
                    f"'{database}')\\gexec\n")
        self.primary.ask(sql)

    # ---- Going on

    def keep(self):
        for one in self.instances:
            one.observe()
        if self.primary.popen is None:
            self.replace_primary()
        for one in self.standbys:
            one.keep()

    def all_standbys_run(self):
        return all(one.popen is not None for one in self.standbys)

    def replace_primary(self):
        """By the standby that has most; by itself where one cannot be asked, or all begin."""
        old = self.primary
        if not self.all_standbys_run():
            # Not later for having been tried before: all wait for it.
            if time.monotonic() >= min(old.next_start, old.started + 2):
                old.start()
            return
        places = {one: one.place() for one in self.standbys}
        if None in places.values():
            return
        new = max(places, key=places.get)
        # Whatever happens from here on, the old one is not the primary any more.
        self.write(self.primary_file, new.name)
        self.primary, self.announced = new, False
        old.needs, old.next_start = "rewind", 0
        self.promote()

    def promote(self):
        """Whether it took effect is asked apart: it may have, though the answer failed or did not come in time."""
        try:
            self.primary.ask("SELECT pg_promote()")
        except NotReached as error:
            say(f"{self.primary.name} did not answer that it is promoted: {error}")
        if self.primary.takes_writes():
            self.announce()

    def announce(self):
        """The primary takes writes; tells of it, unless it did."""
        if self.announced:
            return
        say(f"{self.primary.name} is the primary now")
        self.on_new_primary()
        self.announced = True
        for one in self.instances:
            one.ready, one.next_probe = False, 0
        self.asked = 0
        try:
            # pg_rewind finds in it where the new timeline begins.
            self.primary.ask("CHECKPOINT")
        except NotReached as error:
            say(f"{self.primary.name} made no checkpoint, and the old primary becomes a fresh copy: {error}")
            for one in self.standbys:
                one.needs = one.needs and "copy"

    def state_of(self, instance):
        """One question to the primary answers for all: who follows it."""
        now = time.monotonic()
        if now - self.asked >= 0.3:
            self.following = set()
            recovers, *following = self.primary.ask(
                "SELECT pg_is_in_recovery(); SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'"
            ).split("\n")
            self.asked = time.monotonic()
            if recovers == "t":
                self.announced = False
                self.promote()
                return "it is to be promoted"
            self.following = set(following)
            # A promotion that was not answered has taken effect meanwhile.
            self.announce()
        if not instance.is_primary:
            return None if instance.host in self.following else f"it does not follow {self.primary.name}"
        if len(self.following) < self.shape.synchronous:
            return f"{len(self.following)} standbys follow it, {self.shape.synchronous} must"
        return None


def end_processes_in(folder):
    """Ends what has this working folder, and waits until it is gone."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit() and works_in(one, folder)]
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
    raise NotReached(f"processes {found} of {folder} do not end")


def works_in(process, folder):
    try:
        return os.readlink(process / "cwd") == str(folder)
    except OSError:
        return False
