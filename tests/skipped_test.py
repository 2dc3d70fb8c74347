#!/usr/bin/env python3
"""tests/skipped.py lists what was skipped and why, and leaves everything else that ctest prints as it is.

Usage: tests/skipped_test.py
"""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent / "skipped.py"

PROGRESS = """Test project /build
    Start 1: buf_test
1/3 Test #1: buf_test .........................***Skipped   0.02 sec
 2/3 Test  #2: journal_test .....................   Passed    1.00 sec
 3/3 Test  #3: import_test ......................   Passed    1.00 sec
"""
SUMMARY = """
100% tests passed, 0 tests failed out of 3

Total Test time (real) =   2.02 sec

The following tests did not run:
\t  1 - buf_test (Skipped)
"""


def block(name, *lines):
    """What the log has of a test."""
    return "\n".join([f"1/3 Testing: {name}", f"1/3 Test: {name}", "Output:", "-" * 58, *lines, "<end of output>",
                      "Test time =   0.02 sec", "-" * 58, "Test Passed.", ""])


BUF = block("buf_test", "skipped: buf is not installed")
IMPORT = block("import_test", "skipped: 3 lines that were empty")


def run(log, printed=PROGRESS + SUMMARY):
    """What is printed, where ctest prints `printed` and leaves `log`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "LastTest.log"
        if log is not None:
            path.write_text(log, encoding="utf-8")
        return subprocess.run([sys.executable, str(PROGRAM), str(path)], input=printed, capture_output=True, text=True,
                              check=True).stdout


def skipped_case(name, *reason):
    return [f"[ RUN      ] {name}", "../../a_test.cc:38: Skipped", *reason, f"[  SKIPPED ] {name} (0 ms)"]


class Skipped(unittest.TestCase):
    maxDiff = None

    def expect(self, log, *lines):
        at = PROGRESS + "\n"
        self.assertEqual(run(log), at + "".join(f"{line}\n" for line in ("skipped:", *lines, "")) + SUMMARY[1:])

    def test_a_test_that_ends_with_77_is_listed_with_its_reason(self):
        self.expect(BUF, "  buf_test: buf is not installed")

    def test_the_reason_may_follow_what_was_done(self):
        self.expect(block("buf_test", "9 files are well; skipped: no engine runs"), "  buf_test: no engine runs")

    def test_a_test_that_does_not_say_why_is_listed_all_the_same(self):
        self.expect(block("buf_test", "done"), "  buf_test: it does not say why")

    def test_a_test_that_passed_may_print_the_word(self):
        self.expect(BUF + IMPORT, "  buf_test: buf is not installed")

    def test_cases_of_googletest_are_listed_by_reason(self):
        log = block("journal_test", *skipped_case("Journal.A", "no disk"), *skipped_case("Journal.B", "no file"),
                    "[ RUN      ] Journal.C", "[       OK ] Journal.C (0 ms)", *skipped_case("Journal.D", "no disk"),
                    "[  SKIPPED ] 3 tests, listed below:", "[  SKIPPED ] Journal.A", "[  SKIPPED ] Journal.B",
                    "[  SKIPPED ] Journal.D")
        self.expect(log, "  journal_test, 2 of its cases: no disk", "  journal_test, 1 of its cases: no file")

    def test_a_case_without_a_reason_is_listed_all_the_same(self):
        self.expect(block("journal_test", *skipped_case("Journal.A")),
                    "  journal_test, 1 of its cases: it does not say why")

    def test_where_nothing_was_skipped_nothing_is_added(self):
        printed = PROGRESS.replace("***Skipped   0.02", "   Passed    0.02") + SUMMARY
        self.assertEqual(run(IMPORT, printed), printed)

    def test_without_a_log_nothing_is_added(self):
        self.assertEqual(run(None), PROGRESS + SUMMARY)

    def test_where_ctest_ends_without_a_summary_all_of_it_is_handed_on(self):
        self.assertEqual(run(None, "No tests were found!!!\n"), "No tests were found!!!\n")


if __name__ == "__main__":
    unittest.main()
