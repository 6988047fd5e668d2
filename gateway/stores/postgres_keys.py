"""Which keys seal bodies in a database: remembered, so that a missing one is told at the start and not at a body."""

from gateway.stores.postgres_connection import Connection
from gateway.stores.sealing import SEALED, Sealing, missing_key
from policies.journal import JournalRefused

LONG = "60s"
"""How long looking for bodies that are sealed with a key may take."""
_USED = """
SELECT EXISTS (SELECT 1 FROM gw.content WHERE substr(body, 1, $2) = $1::bytea)
  OR EXISTS (SELECT 1 FROM gw.answer WHERE substr(body, 1, $2) = $1::bytea)
  OR EXISTS (SELECT 1 FROM gw.step WHERE substr(request, 1, $2) = $1::bytea OR substr(answer, 1, $2) = $1::bytea)
"""


async def remember_keys(connection: Connection, sealing: Sealing) -> None:
    """Remember the key that seals now. Raises JournalRefused when a body is sealed with one that is not configured.

    A key that sealed nothing that is still kept is forgotten.
    """
    async with connection.transaction():
        await connection.execute(f"SET LOCAL statement_timeout = '{LONG}'")
        await _remember(connection, sealing)


async def _remember(connection: Connection, sealing: Sealing) -> None:
    known = set(sealing.key_ids)
    for row in await connection.fetch("SELECT id FROM gw.sealing_key"):
        name = bytes(row["id"])
        if name in known:
            continue
        head = SEALED + name
        if await connection.fetchval(_USED, head, len(head)):
            raise JournalRefused(missing_key(name))
        await connection.execute("DELETE FROM gw.sealing_key WHERE id = $1", name)
    for name in sealing.key_ids[:1]:
        await connection.execute("INSERT INTO gw.sealing_key (id) VALUES ($1) ON CONFLICT DO NOTHING", name)
