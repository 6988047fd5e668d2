"""Whose trouble an error of SQLite is."""

import sqlite3
from typing import Literal

Trouble = Literal["own", "full", "busy", "broken"]
"""The command's own; no space; somebody else's lock; a connection that must not be used any more."""

_OF_ALL: dict[int, Trouble] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_PROTOCOL: "busy",
    sqlite3.SQLITE_NOMEM: "broken",
    sqlite3.SQLITE_IOERR: "broken",
    sqlite3.SQLITE_CORRUPT: "broken",
    sqlite3.SQLITE_NOTADB: "broken",
    sqlite3.SQLITE_CANTOPEN: "broken",
    sqlite3.SQLITE_READONLY: "broken",
}


def trouble_of(error: sqlite3.Error) -> Trouble:
    """Say whose trouble an error is: the command's own, or everybody's, and of which kind."""
    return _OF_ALL.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "own")


def is_corrupt(error: sqlite3.Error) -> bool:
    """Tell whether it is the file itself that is wrong."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
