"""The schema of a journal in PostgreSQL: numbered files of SQL, each run once, in order, by one instance."""

import asyncio
from pathlib import Path

import asyncpg

from gateway.stores.postgres_connection import Connection
from policies.journal import JournalRefused

LOCK = 0x4F726447
"""The advisory lock of whoever changes the schema: "OrdG"."""
WAIT = "60s"
"""How long one instance waits for another's changes, and how long one change may take."""
_FOLDER = Path(__file__).with_name("migrations") / "postgres"
_CREATED = "CREATE TABLE gw.migration (number integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp())"
# From the catalogue's tables: to_regclass() in a transaction may go on saying what it said before waiting for a lock.
_TABLES = "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'gw'"
_SCHEMA = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'gw')"


def migrations() -> dict[int, str]:
    """Return the scripts by their numbers, in order."""
    return {
        int(path.name.split("_")[0]): path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("[0-9]*_*.sql"))
    }


async def migrate(connection: Connection, place: str) -> None:
    """Bring the schema `gw` to the newest version, all or nothing. Raises JournalRefused for what must not be used."""
    scripts = await asyncio.to_thread(migrations)
    if await _version(connection) == max(scripts):
        return
    async with connection.transaction():
        await connection.execute(f"SET LOCAL statement_timeout = '{WAIT}'; SET LOCAL lock_timeout = '{WAIT}'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        version = await _version(connection)
        if version > max(scripts):
            raise JournalRefused(_newer(place, version, max(scripts)))
        if version == 0:
            await _create(connection, place)
        for number in range(version + 1, max(scripts) + 1):
            await connection.execute(scripts[number])
            await connection.execute("INSERT INTO gw.migration (number) VALUES ($1)", number)


async def require_known(connection: Connection, place: str) -> tuple[int, int]:
    """Return the version of the schema and this release's. Raises JournalRefused for one that is newer."""
    newest = max(await asyncio.to_thread(migrations))
    version = await _version(connection)
    if version > newest:
        raise JournalRefused(_newer(place, version, newest))
    return version, newest


async def require_newest(connection: Connection, place: str) -> None:
    """Raise JournalRefused unless the schema is this release's."""
    version, newest = await require_known(connection, place)
    if version < newest:
        raise JournalRefused(f"{place} has schema {version} of {newest}. Start the gateway: it brings it up to date.")


def _newer(place: str, version: int, newest: int) -> str:
    return (
        f"{place} has schema {version}, and this release knows schemas up to {newest}: a newer release wrote it."
        " Run that release, or restore a backup from before and start with --restored."
    )


async def _version(connection: Connection) -> int:
    """Return the number of the last migration, 0 for none."""
    if "migration" not in [row["tablename"] for row in await connection.fetch(_TABLES)]:
        return 0
    return int(await connection.fetchval("SELECT coalesce(max(number), 0) FROM gw.migration"))


async def require_ours(connection: Connection, place: str) -> None:
    """Raise JournalRefused for a schema `gw` that is not ours, where there is no version of ours in it."""
    if await connection.fetch(_TABLES):
        raise JournalRefused(f"{place} has a schema gw of something else. Name another database.")


async def _create(connection: Connection, place: str) -> None:
    await require_ours(connection, place)
    try:
        # Not IF NOT EXISTS: that asks for the right to create also where somebody with more rights made the schema.
        if not await connection.fetchval(_SCHEMA):
            await connection.execute("CREATE SCHEMA gw")
        await connection.execute(_CREATED)
    except asyncpg.InsufficientPrivilegeError as error:
        raise JournalRefused(
            f"the role may not make the journal's schema in {place}. As an administrator of that database run:"
            " CREATE SCHEMA gw AUTHORIZATION <the role>"
        ) from error
