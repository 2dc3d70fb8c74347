#!/usr/bin/env python3
"""deploy/local/up --cluster starts again what ends: later each time it fails, at once where it was asked to stop.

No program runs: each end is told, and time goes on as the test says.

Usage: tests/kustomize/restart_test.py
"""
import sys
import tempfile
import types
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy/local/cluster"))
import process  # noqa: E402 pylint: disable=wrong-import-position

KILLED = -9
FAILED = 1
STOPPED = 0


class Program(process.Process):
    """Of each start there is an object that says that it runs, until it is told how it ended."""

    def spawn(self):
        running = types.SimpleNamespace(pid=7, returncode=None)
        running.poll = lambda: running.returncode
        return running

    def probe(self):
        return None


class Restart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.now = 1000
        for name, fake in (("time", types.SimpleNamespace(monotonic=lambda: self.now)), ("say", lambda text: None)):
            self.addCleanup(setattr, process, name, getattr(process, name))
            setattr(process, name, fake)
        self.program = Program(process.Node(Path(folder.name), None), "intake-0", ("127.0.0.10", 7401), 30)
        self.program.start()

    def seconds_away(self, code, after=20):
        """It ends so, this long after it began; how long it is away."""
        self.now += after
        self.program.popen.returncode = code
        self.assertTrue(self.program.observe())
        ended = self.now
        while True:
            self.program.keep()
            if self.program.popen is not None:
                return self.now - ended
            self.now += 1

    def test_what_fails_begins_again_at_once_and_later_each_time(self):
        self.assertEqual([self.seconds_away(code) for code in (KILLED, FAILED, KILLED)], [0, 10, 20])

    def test_it_is_not_away_for_longer_than_five_minutes(self):
        self.assertEqual([self.seconds_away(KILLED) for _ in range(9)][-3:], [300, 300, 300])

    def test_one_that_ran_for_ten_minutes_begins_again_at_once(self):
        self.seconds_away(KILLED)
        self.assertEqual(self.seconds_away(KILLED, after=process.LONG_SECONDS - 1), 10)
        self.assertEqual(self.seconds_away(KILLED, after=process.LONG_SECONDS), 0)

    def test_one_that_was_asked_to_stop_begins_again_at_once_as_often_as_it_is(self):
        self.assertEqual([self.seconds_away(STOPPED) for _ in range(3)], [0, 0, 0])

    def test_a_stop_makes_failures_of_before_forgotten(self):
        self.assertEqual([self.seconds_away(code) for code in (KILLED, KILLED, STOPPED, KILLED, KILLED)],
                         [0, 10, 0, 0, 10])


if __name__ == "__main__":
    unittest.main()
