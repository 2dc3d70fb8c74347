#!/usr/bin/env python3
"""Verifies the hash chain of a journal kept in SQLite, after the recipe in common/journal/README.md and with none of
the project's own code: what an auditor would write.

Usage: tests/verify_journal.py FILE.sqlite    Exit status 0: intact. 1: broken, with the first event that does not fit.
"""
import hashlib
import sqlite3
import sys


def main(path):
    journal = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    before, count = "", 0
    for row in journal.execute("SELECT sequence, record_time, actor, subject, type, payload, request_id, hash"
                               " FROM journal_event ORDER BY sequence"):
        fields = [before, *(str(field) for field in row[:7])]
        text = b"".join(b"%d:%s," % (len(field), field) for field in (f.encode() for f in fields))
        count += 1
        if row[0] != count or hashlib.sha256(text).hexdigest() != row[7]:
            print(f"broken at event {row[0]}")
            return 1
        before = row[7]
    print(f"intact: {count} events, head {before}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
