"""Whose trouble an error of PostgreSQL or of its connection is."""

from typing import Literal

import asyncpg

Trouble = Literal["own", "lost", "full", "stale", "refused"]
"""The command's own; what it did is not known; no room; a connection to the wrong server; the database does not now."""

_LOST = ("08", "57P", "25P03", "40003")
_REFUSED = ("25", "28", "3D", "40", "42", "53", "55", "57", "58", "F0", "XX", "0A", "54")


def trouble_of(error: Exception) -> Trouble:
    """Say whose trouble an error is. What is not known to have failed is taken for unknown."""
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        if code.startswith(_LOST):
            return "lost"
        if code == "53100":
            return "full"
        if code == "25006":
            return "stale"
        return "refused" if code.startswith(_REFUSED) else "own"
    if isinstance(error, ValueError):  # a value that the database cannot hold
        return "own"
    return "lost" if isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError) else "own"


def reason_of(error: BaseException) -> str:
    """Return what an error says in one line, without the values that PostgreSQL puts into the others."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    text = str(error.args[0] if isinstance(error, asyncpg.PostgresError) and error.args else error)
    return text.splitlines()[0] if text else type(error).__name__
