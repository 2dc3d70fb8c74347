#!/usr/bin/env python3
"""Verifies the hash chain of a journal, after the recipe in common/journal/README.md and with none of the project's own
code: what an auditor would write.

Usage: tests/verify_journal.py FILE    A file of SQLite, or one of the CSV below; `-`: such CSV on standard input.
Exit status 0: intact. 1: broken, with the first event that does not fit. 2: nothing was verified.

From PostgreSQL:
    psql --csv -c 'SELECT sequence, record_time, actor, subject, type, payload, request_id, hash
                   FROM journal_event ORDER BY sequence' DATABASE | tests/verify_journal.py -
"""
import csv
import hashlib
import sqlite3
import sys

COLUMNS = ["sequence", "record_time", "actor", "subject", "type", "payload", "request_id", "hash"]


def read_events(path):
    if path != "-":
        with open(path, "rb") as file:
            is_sqlite = file.read(16) == b"SQLite format 3\0"
        if is_sqlite:
            journal = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            return journal.execute(f"SELECT {', '.join(COLUMNS)} FROM journal_event ORDER BY sequence")
    csv.field_size_limit(sys.maxsize)
    rows = csv.reader(open(0 if path == "-" else path, encoding="utf-8", newline=""), strict=True)
    if next(rows, None) != COLUMNS:
        raise ValueError(f"neither a file of SQLite nor CSV with the columns {', '.join(COLUMNS)}")
    return rows


def main(path):
    before, count = "", 0
    for row in read_events(path):
        *fields, said = (str(field) for field in row)
        text = b"".join(b"%d:%s," % (len(field), field) for field in (f.encode() for f in [before, *fields]))
        count += 1
        if fields[0] != str(count) or hashlib.sha256(text).hexdigest() != said:
            print(f"broken at event {fields[0]}")
            return 1
        before = said
    print(f"intact: {count} events, head {before}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(main(sys.argv[1]))
    except (OSError, ValueError, csv.Error, sqlite3.Error) as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        sys.exit(2)
