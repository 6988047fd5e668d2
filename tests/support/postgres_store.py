"""A journal in PostgreSQL for the suite of all journals: one server for the run, emptied for each test."""

from collections.abc import Sequence

import asyncpg
import pytest

from gateway.stores.postgres import PostgresJournal
from gateway.stores.sealing import Sealing
from policies.journal import Journal
from support.postgres import NoPostgres, SharedPostgres, required

SERVER = SharedPostgres()
"""The server of this run, started when it is first asked for; whoever imports this stops it at the end."""
# What hangs on an operation goes with it.
_EMPTY = """
DELETE FROM gw.operation; DELETE FROM gw.event; DELETE FROM gw.sealing_key; UPDATE gw.numbering SET base = 0
"""
_TABLES = ("operation", "replaced", "content", "answer", "step", "evidence", "event", "sealing_key")


def server_url(database: str = "ordergate_suite") -> str:
    """Return the URL of a database of the run's server. Skips the test where there is none, or fails it if required."""
    try:
        return SERVER.database(database)
    except NoPostgres as missing:
        if required():
            pytest.fail(f"PostgreSQL is required: {missing}")
        pytest.skip(str(missing))


class PostgresStore:
    """A journal in a database that all tests share, one after the other."""

    durable = True
    leases_end = False

    def __init__(self) -> None:
        self.url = server_url()
        self._emptied = False

    async def open(self, keys: Sequence[bytes] = ()) -> Journal:
        if not self._emptied:
            self._emptied = True
            await self._empty()
        journal = PostgresJournal(self.url, sealing=Sealing(keys))
        await journal.open()
        return journal

    async def crash(self, journal: Journal) -> Journal:
        """Cut its connections, and go on with another."""
        assert isinstance(journal, PostgresJournal)
        journal._pool._pool.terminate()
        return await self.open()

    async def stored_bytes(self) -> bytes:
        connection = await asyncpg.connect(self.url)
        try:
            rows = [row for table in _TABLES for row in await connection.fetch(f"SELECT * FROM gw.{table}")]
        finally:
            await connection.close()
        return b"\n".join(value for row in rows for value in row.values() if isinstance(value, bytes))

    async def remove(self) -> None:
        return

    async def _empty(self) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            if await connection.fetchval("SELECT to_regclass('gw.operation') IS NOT NULL"):
                await connection.execute(_EMPTY)
        finally:
            await connection.close()
