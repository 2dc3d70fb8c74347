#!/usr/bin/env python3
"""deploy/local/up --cluster gives each process an address and port of its own, which pods have by being pods.

Usage: tests/kustomize/ports_test.py    Binds ports of loopback, and lets go of them.
"""
import importlib.util
import sys
from collections import Counter

from manifests import ROOT, finish

FOLDER = ROOT / "deploy/local/cluster"


def local_cluster():
    """Its main program, as a module, and what it has of the manifests."""
    # Both have a module of the name `manifests`.
    mine = sys.modules.pop("manifests")
    sys.path.insert(0, str(FOLDER))
    spec = importlib.util.spec_from_file_location("local_cluster", FOLDER / "__main__.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    theirs, sys.modules["manifests"] = sys.modules["manifests"], mine
    return module, theirs.understand(theirs.read_objects())


def listened_on(shape, places):
    """Every address that a process is told to listen on, or is known to."""
    for service in shape.services:
        for address in places.addresses[:service.replicas]:
            for name, value in places.settings(service, address).items():
                if name.endswith("_LISTEN"):
                    yield value
    for address in places.addresses[:shape.postgres.instances]:
        yield f"{address}:{places.to_port('5432')}"
    for address in places.addresses[:shape.redis.replicas]:
        for port in shape.redis.ports.values():
            yield f"{address}:{places.to_port(str(port))}"


def check(shape, places, which):
    counts = Counter(listened_on(shape, places))
    yield from (f"{which}: {count} listen on {place}" for place, count in counts.items() if count > 1)
    wanted = sum(3 * service.replicas for service in shape.services) + shape.postgres.instances + \
        shape.redis.replicas * len(shape.redis.ports)
    if sum(counts.values()) != wanted:
        yield f"{which}: {sum(counts.values())} addresses are listened on, not {wanted}"
    if any(place.startswith("0.0.0.0") for place in counts):
        yield f"{which}: {sorted(counts)} are not all of loopback"


def main():
    module, shape = local_cluster()
    chosen = module.Places(shape, module.choose_ports(shape, 0, module.addresses_for(shape)))
    offsets = module.offsets_of_ports(shape)
    fixed = module.Places(shape, {port: 7401 + offset for port, offset in offsets.items()})
    problems = [*check(shape, chosen, "free ports"), *check(shape, fixed, "ports above 7401")]
    # What `up` accepts as --base-port.
    if max(offsets.values()) != 65535 - 65444:
        problems.append(f"the highest port is {max(offsets.values())} above the base; `up` leaves room for 91")
    finish(problems, "each process listens on an address of its own")


if __name__ == "__main__":
    main()
