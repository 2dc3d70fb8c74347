#!/usr/bin/env python3
"""deploy/local/up --cluster tells once of each new primary of PostgreSQL, whatever its answers to the promotion.

The servers are not there: each answer is put in their mouth, and the answer that does not come is one that failed.

Usage: tests/kustomize/promotion_test.py
"""
import sys
import time
import types
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy/local/cluster"))
import postgres  # noqa: E402 pylint: disable=wrong-import-position

PROMOTE = "SELECT pg_promote()"


class Server:
    """An instance that runs. `fails`: statements that it does, and whose answer does not come."""

    def __init__(self, cluster, name, place):
        self.cluster, self.name, self.host = cluster, name, name
        self.where = place
        self.popen = object()
        self.recovers = True
        self.fails = set()
        self.hangs = False
        self.needs = None
        self.ready, self.next_probe, self.next_start, self.started = True, 0, 0, 0
        self.asked = []

    is_primary = postgres.Instance.is_primary
    takes_writes = postgres.Instance.takes_writes

    def place(self):
        return self.where

    def start(self):
        self.popen = object()

    def ask(self, sql):
        self.asked.append(sql)
        if self.popen is None:
            raise postgres.NotReached("it does not run")
        if sql == PROMOTE and not self.hangs:
            self.recovers = False
        if sql in self.fails:
            raise postgres.NotReached("it does not answer within 10 seconds")
        if "pg_stat_replication" in sql:
            following = [one.host for one in self.cluster.standbys if one.popen and not one.needs]
            return "\n".join(["t" if self.recovers else "f", *following])
        return {"SELECT pg_is_in_recovery()": "t" if self.recovers else "f", PROMOTE: "t"}.get(sql, "")


class Told(postgres.Cluster):
    """A cluster without files or programs, of a primary and two standbys."""

    def __init__(self, folder):  # pylint: disable=super-init-not-called
        self.folder = folder
        self.shape = types.SimpleNamespace(synchronous=1)
        self.told = []
        self.on_new_primary = lambda: self.told.append(self.primary.name)
        self.announced = True
        self.following, self.asked = set(), 0
        self.instances = [Server(self, f"postgres-{number}", number) for number in (1, 2, 3)]
        self.primary = self.instances[0]
        self.primary.recovers = False

    def write(self, path, text):
        pass

    def look(self):
        """What the center does all the time: asks of each how it is."""
        self.asked = 0
        for one in self.instances:
            try:
                self.state_of(one)
            except postgres.NotReached:
                pass


class Promotion(unittest.TestCase):
    def setUp(self):
        self.cluster = Told(Path("/nowhere"))
        self.old, _, self.new = self.cluster.instances
        postgres.say = lambda text: None

    def end_primary(self):
        self.cluster.primary.popen = None
        self.cluster.replace_primary()

    def look(self):
        for _ in range(3):
            self.cluster.look()

    def test_one_that_answers_is_told_of_once(self):
        self.end_primary()
        self.assertEqual(self.cluster.told, ["postgres-3"])
        self.look()
        self.assertEqual(self.cluster.told, ["postgres-3"])
        self.assertEqual(self.old.needs, "rewind")
        self.assertEqual(self.new.asked.count("CHECKPOINT"), 1)

    def test_one_that_took_effect_without_an_answer_is_told_of_once(self):
        self.new.fails = {PROMOTE}
        self.end_primary()
        self.assertEqual(self.cluster.told, ["postgres-3"])
        self.look()
        self.assertEqual(self.cluster.told, ["postgres-3"])
        self.assertEqual(self.new.asked.count("CHECKPOINT"), 1)

    def test_one_that_answers_nothing_for_a_while_is_told_of_once_it_does(self):
        self.new.fails = {PROMOTE, "SELECT pg_is_in_recovery()"}
        self.end_primary()
        self.assertEqual(self.cluster.told, [])
        self.look()
        self.assertEqual(self.cluster.told, ["postgres-3"])
        self.assertEqual(self.new.asked.count(PROMOTE), 1)

    def test_one_that_still_recovers_is_asked_again_and_not_told_of_before(self):
        self.new.hangs, self.new.fails = True, {PROMOTE}
        self.end_primary()
        self.cluster.look()
        self.assertEqual(self.cluster.told, [])
        self.new.hangs = False
        self.look()
        self.assertEqual(self.cluster.told, ["postgres-3"])

    def test_without_a_checkpoint_the_old_one_is_copied_afresh(self):
        self.new.fails = {"CHECKPOINT"}
        self.end_primary()
        self.look()
        self.assertEqual(self.cluster.told, ["postgres-3"])
        self.assertEqual([one.needs for one in self.cluster.instances], ["copy", None, None])

    def test_one_that_is_found_half_promoted_at_the_start_is_promoted_and_makes_a_checkpoint(self):
        self.cluster.primary = self.new
        self.old.needs = "rewind"
        self.look()
        self.assertEqual(self.cluster.told, ["postgres-3"])
        self.assertEqual(self.new.asked.count("CHECKPOINT"), 1)

    def test_no_old_one_is_wound_back_before_the_new_one_is_told_of(self):
        self.new.fails = {PROMOTE, "SELECT pg_is_in_recovery()"}
        self.end_primary()
        self.new.fails = set()
        prepared = []
        old = types.SimpleNamespace(cluster=self.cluster, helper=None, popen=None, needs="rewind", next_start=0,
                                    prepare=lambda: prepared.append(self.new.asked.count("CHECKPOINT")))
        postgres.Instance.keep(old)
        self.assertEqual(prepared, [])
        self.look()
        old.next_start = 0
        postgres.Instance.keep(old)
        self.assertEqual(prepared, [1])

    def test_each_of_two_is_told_of(self):
        self.end_primary()
        self.old.popen, self.old.needs = object(), None
        self.end_primary()
        self.assertEqual(self.cluster.told, ["postgres-3", "postgres-2"])

    def test_one_that_begins_again_as_the_primary_is_not_told_of(self):
        self.cluster.instances[1].popen = None
        self.old.started = time.monotonic() - 10
        self.end_primary()
        self.look()
        self.assertIsNotNone(self.old.popen)
        self.assertEqual(self.cluster.told, [])


if __name__ == "__main__":
    unittest.main()
