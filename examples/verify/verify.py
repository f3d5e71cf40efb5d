#!/usr/bin/env python3
"""Checks a twinseal register, or an evidence pack, without twinseal.

    verify.py prod.db [SEQ:LEAF ...]
    verify.py pack.zip [SEQ:LEAF ...]

A pack is a folder, or a zip of stored files, which a file is if it begins as one; anything else is read as a register.
The first line says which.

SEQ:LEAF is the number of an entry and its leaf hash, as you noted them before: 0 and the fingerprint of the register,
or the head that an earlier run printed. Without one, nothing outside the file shows that its end was not cut off.

A finding is one line: the entry, the rule in brackets, and what is wrong. The rules are those of docs/format.md;
docs/verify-without-twinseal.md says which of them are judged here. Exit codes: 0 proven, 3 broken, 2 usage.

Besides Python it needs only the package "cryptography", for Ed25519.
"""

import os
import pathlib
import re
import sqlite3
import sys

sys.dont_write_bytecode = True

from form import DIGEST, NUMBER, Fault
from log import Log
from pack import check_pack

ENTRY = """CREATE TABLE entry (
    seq  INTEGER PRIMARY KEY CHECK (seq >= 0),
    blob BLOB NOT NULL,  -- body, blank line, signature line: SHA-256 of 0x00 and these bytes is the leaf hash
    text BLOB,           -- the free text; the body holds its SHA-256
    data BLOB            -- bulk content that rules need, permanent; the body holds its SHA-256
) STRICT"""


def allow(action, table, _column, _database, view):
    """Entries are read, and nothing on behalf of a view."""
    read = action == sqlite3.SQLITE_SELECT or action == sqlite3.SQLITE_READ and table == "entry"
    return sqlite3.SQLITE_OK if read and view is None else sqlite3.SQLITE_DENY


def rows(path):
    """The rows of the table of entries. The file is opened for reading only, and its schema is not trusted."""
    database = sqlite3.connect(f"{pathlib.Path(path).absolute().as_uri()}?mode=ro", uri=True)
    database.execute("PRAGMA trusted_schema = OFF")
    # A view, a virtual table or an index called so could show other rows than twinseal reads.
    tables = database.execute("SELECT type, name, rootpage > 0, sql FROM sqlite_schema WHERE name = 'entry' COLLATE "
                              "NOCASE OR tbl_name = 'entry' COLLATE NOCASE AND type <> 'trigger'").fetchall()
    if tables != [("table", "entry", 1, ENTRY)] or database.execute("PRAGMA index_list(entry)").fetchall():
        raise sqlite3.DatabaseError("it does not have the table entry that twinseal creates")
    database.set_authorizer(allow)
    yield from database.execute("SELECT seq, CAST(blob AS BLOB), CAST(text AS BLOB), CAST(data AS BLOB) "
                                "FROM entry ORDER BY seq")


def check_register(path):
    log = Log(whole=True)
    try:
        for at, (seq, blob, text, data) in enumerate(rows(path)):
            if seq != at:
                log.find(at, Fault("seq", f"the next row has the number {seq}"))
                break
            log.check(seq, blob or b"", text, data)
    except sqlite3.DatabaseError as error:
        if log.count == 0:
            sys.exit(usage(f"{path} is no register: {error}"))
        log.find(log.count, Fault("file", f"the file cannot be read to its end: {error}"))
    if log.count == 0:
        log.find(0, Fault("founding", "the log is empty"))
    log.check_texts()
    return log


def check_remembered(log, remembered):
    for seq, leaf in remembered:
        if seq not in log.leaves:
            log.find(seq, Fault("truncated", "there is no entry that you remember"))
        elif log.leaves[seq] != leaf:
            rule = "fingerprint" if seq == 0 else "replaced"
            log.find(seq, Fault(rule, "this is another entry than the one you remember"))


def say(line, to=sys.stdout):
    """Prints one line. Whatever in it comes from a file or from its name can neither begin another nor be a command to
    the terminal."""
    print("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), file=to)


def usage(words):
    say(words, sys.stderr)
    print("\nusage: verify.py REGISTER|PACK [SEQ:LEAF ...]", file=sys.stderr)
    return 2


def is_pack(path):
    """Whether this is a folder or a zip. The end of a file says nothing: a zip could have been added to a register."""
    if os.path.isdir(path):
        return True
    with open(path, "rb") as file:
        return file.read(4) in (b"PK\3\4", b"PK\5\6")


def counted(count, one, more):
    return f"{count} {one if count == 1 else more}"


def main(arguments):
    remembered = []
    for argument in arguments[1:]:
        match = re.fullmatch(f"({NUMBER}):({DIGEST})", argument)
        if not match:
            return usage(f"{argument} is not the number of an entry, a colon and its leaf hash")
        remembered.append((int(match[1]), match[2]))
    if not arguments:
        return usage("name a register or a pack")
    path = arguments[0]
    try:
        packed = is_pack(path)
    except OSError as error:
        return usage(f"{path} cannot be read: {error.strerror}")
    log = check_pack(path) if packed else check_register(path)
    check_remembered(log, remembered)
    say(f"checking the {'pack' if packed else 'register'} {path}")
    for start in log.starts:
        say(start)
    for _, finding in sorted(log.findings, key=lambda it: it[0]):
        say(finding)
    entries = counted(log.count, "entry", "entries")
    if log.findings:
        say(f"broken: {counted(len(log.findings), 'finding', 'findings')} in {entries}")
        return 3
    sealed = "" if log.rules.sealed else ", which is not sealed"
    say(f"proven: {entries}; head {log.seq}:{log.newest} of {log.id}{sealed}")
    if packed:
        say(f"complete about {', '.join(log.subjects)} up to entry {log.recorded}, under a checkpoint of {log.size}")
    elif not remembered:
        say("nothing outside the file shows that its end was not cut off: compare the head with one noted elsewhere")
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
