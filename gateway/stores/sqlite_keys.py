"""Which keys seal bodies in a database: remembered, so that a missing one is told at the start and not at a body."""

import sqlite3

from gateway.stores.sealing import SEALED, Sealing, missing_key
from policies.journal import JournalRefused

_USED = """
SELECT EXISTS (SELECT 1 FROM content WHERE substr(body, 1, :length) = :head)
  OR EXISTS (SELECT 1 FROM answer WHERE substr(body, 1, :length) = :head)
  OR EXISTS (SELECT 1 FROM step WHERE substr(request, 1, :length) = :head OR substr(answer, 1, :length) = :head)
"""


def remember_keys(connection: sqlite3.Connection, sealing: Sealing) -> None:
    """Remember the key that seals now. Raises JournalRefused when a body is sealed with one that is not configured.

    A key that sealed nothing that is still kept is forgotten.
    """
    known = set(sealing.key_ids)
    for (name,) in connection.execute("SELECT id FROM sealing_key").fetchall():
        if name in known:
            continue
        head = SEALED + name
        (used,) = connection.execute(_USED, {"head": head, "length": len(head)}).fetchone()
        if used:
            raise JournalRefused(missing_key(name))
        connection.execute("DELETE FROM sealing_key WHERE id = ?", (name,))
    for name in sealing.key_ids[:1]:
        connection.execute("INSERT INTO sealing_key (id) VALUES (?) ON CONFLICT DO NOTHING", (name,))
