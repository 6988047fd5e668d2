"""Hours that pass at once, and only when they are told to: for modules that ask for the time, and for a database."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import asyncpg
import pytest
from typing_extensions import override

from policies.journal import Journal
from support.postgres_store import PostgresStore, server_url

BEGINNING = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
DATABASE = "ordergate_moved"
# Names are looked up in this schema before PostgreSQL's own.
_MOVED_CLOCK = f"""
CREATE SCHEMA IF NOT EXISTS moved;
CREATE TABLE IF NOT EXISTS moved.clock (now timestamptz NOT NULL);
DELETE FROM moved.clock;
INSERT INTO moved.clock VALUES ('{BEGINNING.isoformat()}');
CREATE OR REPLACE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
  AS 'SELECT now FROM moved.clock';
ALTER DATABASE {DATABASE} SET search_path = moved, pg_catalog, public;
"""
# Rows that are deleted stay in the files until somebody vacuums.
_EMPTY = "TRUNCATE gw.operation, gw.event, gw.sealing_key CASCADE; UPDATE gw.numbering SET base = 0"


class MovedClock:
    """Stands in for `datetime` in modules that ask for the time: it stands still until it is moved."""

    def __init__(self) -> None:
        self.present = BEGINNING

    def __getattr__(self, name: str) -> Any:
        return getattr(datetime, name)

    def now(self, zone: tzinfo | None = None) -> datetime:
        """Return our time."""
        return self.present.astimezone(zone)

    def begin_again(self) -> None:
        """Go back to the beginning."""
        self.present = BEGINNING

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.present += timedelta(seconds=seconds)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Have the engine and the journal in SQLite ask this clock."""
        with pytest.MonkeyPatch.context() as patch:
            for name, module in list(sys.modules.items()):
                ours = name.startswith("gateway.operations") or name == "gateway.stores.sqlite"
                if ours and getattr(module, "datetime", None) is datetime:
                    patch.setattr(module, "datetime", self)
            yield


class MovedPostgres(PostgresStore):
    """Journals in a database whose clock the test moves, emptied as often as wanted: they are used again."""

    def __init__(self) -> None:
        super().__init__()
        self.url = server_url(DATABASE)
        self._connection: Any = None
        self._spare: list[Journal] = []

    async def empty(self) -> None:
        """Forget everything, and set the clock to the beginning."""
        if self._connection is None:
            self._connection = await asyncpg.connect(self.url)
            await self._connection.execute(_MOVED_CLOCK)
            await self.spare(await self.open())
        await self._connection.execute(_EMPTY)
        await self.move(BEGINNING)

    async def move(self, present: datetime) -> None:
        """Set the clock."""
        await self._connection.execute("UPDATE moved.clock SET now = $1", present)

    @override
    async def open(self, keys: Sequence[bytes] = ()) -> Journal:
        return self._spare.pop() if self._spare else await super().open(keys)

    async def spare(self, journal: Journal) -> None:
        """Keep a journal that is not used any more for whoever opens the next."""
        self._spare.append(journal)

    @override
    async def remove(self) -> None:
        for journal in self._spare:
            await journal.close()
        if self._connection is not None:
            await self._connection.close()
