"""Redis with Sentinel: the pods of components/redis, by the very scripts of theirs."""
import re
import socket

from process import Process

# Paths of the scripts, in the order in which they are replaced; all are in the folder that a pod has for itself.
PATHS = (("/etc/critac/redis", "secret"), ("/run/redis", "run"), ("/data", "."))


def local_script(text, address, to_port):
    """The script with ports, paths and the address it listens on of this machine."""
    for path, own in PATHS:
        text = text.replace(path, own)
    return re.sub(r"^port ", f"bind {address}\nport ", to_port(text), flags=re.MULTILINE)


def make_pod(folder, secret, ports):
    for name in ("secret", "run"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    for key, word in secret.items():
        (folder / "secret" / key).touch(mode=0o600)
        (folder / "secret" / key).write_text(word)
    # What a Sentinel knows of other ports is of no use. Where there is nothing to know, it begins anew.
    known = folder / "sentinel.conf"
    if known.exists() and not all(re.search(rf"\b{port}\b", known.read_text()) for port in ports):
        known.unlink()


class Server(Process):
    """A container of a pod."""

    def __init__(self, node, name, address, grace_seconds, *, pod, folder, script, password):
        super().__init__(node, name, address, grace_seconds)
        self.pod = pod
        self.folder = folder
        self.password = password
        self.script = folder / script[0]
        self.script.write_text(script[1])

    def spawn(self):
        return self.node.spawn(["sh", str(self.script)], self.node.environment(self.pod), self.folder, self.log)

    def ask(self, *commands):
        """The answer to the last of them."""
        with socket.create_connection(self.address, timeout=2) as connection:
            connection.sendall("".join(f"{command}\r\n" for command in commands).encode())
            with connection.makefile("rb") as stream:
                return [read_answer(stream) for _ in commands][-1]


class Redis(Server):
    def probe(self):
        told = dict(line.split(":", 1) for line in self.ask(f"AUTH replica {self.password}", "INFO replication")
                    .split("\r\n") if ":" in line)
        self.role = {"slave": "replica"}.get(told["role"], told["role"])
        if self.role == "master":
            return None if any("state=online" in value for value in told.values()) else "it has no replica"
        return None if told["master_link_status"] == "up" else "it has no link to its master"


class Sentinel(Server):
    role = "sentinel"
    others = 0

    def probe(self):
        told = self.ask("SENTINEL master critac")
        told = dict(zip(told[::2], told[1::2]))
        if told["flags"] != "master":
            return f"it finds the master to be {told['flags']}"
        known = int(told["num-other-sentinels"]), int(told["num-slaves"])
        return None if min(known) >= self.others else f"it knows {known[0]} other Sentinels and {known[1]} replicas"


def read_answer(stream):
    line = stream.readline().decode().rstrip("\r\n")
    if not line:
        raise ValueError("the connection was closed")
    kind, rest = line[0], line[1:]
    if kind == "-":
        raise ValueError(rest)
    if kind == "$":
        return stream.read(int(rest) + 2)[:-2].decode()
    if kind == "*":
        return [read_answer(stream) for _ in range(int(rest))]
    return rest


def make(node, shape, addresses, to_port, secret):
    """A Redis and a Sentinel on each address."""
    ports = {name: int(to_port(str(port))) for name, port in shape.ports.items()}
    servers = {"redis": [], "sentinel": []}
    for number, address in enumerate(addresses[:shape.replicas]):
        folder = node.folder / "redis" / str(number)
        make_pod(folder, secret, ports.values())
        for part, kind in (("redis", Redis), ("sentinel", Sentinel)):
            script = f"start-{part}", local_script(shape.scripts[f"start-{part}"], address, to_port)
            servers[part].append(kind(node, f"{part}-{number}", (address, ports[part]), shape.grace_seconds,
                                      pod=f"{shape.name}-{number}", folder=folder, script=script,
                                      password=secret["replica-password"]))
    for sentinel in servers["sentinel"]:
        sentinel.others = shape.replicas - 1
    return servers["redis"], servers["sentinel"]
