"""Hours that pass at once: for modules that ask for the time, and for a database that is asked by them."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import asyncpg
from typing_extensions import override

from policies.journal import Journal
from support.postgres_store import PostgresStore, server_url

DATABASE = "ordergate_moved"
# Names are looked up in this schema before PostgreSQL's own.
_MOVED_CLOCK = f"""
CREATE SCHEMA IF NOT EXISTS moved;
CREATE TABLE IF NOT EXISTS moved.clock (ahead interval NOT NULL);
DELETE FROM moved.clock;
INSERT INTO moved.clock VALUES ('0');
CREATE OR REPLACE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
  AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM moved.clock';
ALTER DATABASE {DATABASE} SET search_path = moved, pg_catalog, public;
"""


class MovedClock:
    """Stands in for `datetime` in modules that ask for the time."""

    ahead = timedelta(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(datetime, name)

    def now(self, zone: tzinfo | None = None) -> datetime:
        """Return our time."""
        return datetime.now(zone) + self.ahead


class MovedPostgres(PostgresStore):
    """A journal in a database whose clock the test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.url = server_url(DATABASE)
        self._connection: Any = None

    @override
    async def open(self, keys: Sequence[bytes] = ()) -> Journal:
        if self._connection is None:
            self._connection = await asyncpg.connect(self.url)
            await self._connection.execute(_MOVED_CLOCK)
        return await super().open(keys)

    async def move(self, ahead: timedelta) -> None:
        await self._connection.execute("UPDATE moved.clock SET ahead = $1", ahead)

    @override
    async def remove(self) -> None:
        await self._connection.close()
