"""The stores that the one suite of permits runs against, each with a clock that tests put forward."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from gateway.stores.postgres_permits import PostgresPermits
from gateway.stores.sqlite import SqliteJournal
from gateway.stores.sqlite_permits import SqlitePermits
from policies.local_permits import LocalPermits
from policies.permits import Budget, Permit, Permits, Wait
from support.journals import SqliteStore
from support.postgres_store import server_url

HOLD = 10.0


class PermitStore(Protocol):
    """A place for permits, empty at first."""

    durable: bool
    """Whether what a process took is known to the next."""

    async def open(self) -> Permits:
        """Open it; what was opened before was closed, unless several may have it open."""
        ...

    async def pass_time(self, seconds: float) -> None:
        """Put the store's clock forward, once it knows all that was told to it."""
        ...

    async def crash(self) -> Permits:
        """End the one process as if it were killed, and start another at once."""
        ...

    async def remove(self) -> None:
        """Leave nothing behind."""
        ...


class LocalStore:
    """Permits of one process."""

    durable = False

    def __init__(self) -> None:
        self.now = 1000.0

    async def open(self) -> Permits:
        permits = LocalPermits(lambda: self.now)
        await permits.open()
        return permits

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds

    async def crash(self) -> Permits:
        return await self.open()

    async def remove(self) -> None:
        return


class SqlitePermitStore:
    """Permits beside a journal in a file."""

    durable = True

    def __init__(self, folder: Path) -> None:
        self._store = SqliteStore(folder)
        self._journal: SqliteJournal | None = None
        self._permits: SqlitePermits | None = None
        self.now = 1000.0
        self.wall = datetime(2026, 11, 22, tzinfo=UTC)

    async def open(self) -> Permits:
        if self._journal is not None:
            await self._journal.close()
        return await self._begin(await self._store.open())

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.wall += timedelta(seconds=seconds)

    async def crash(self) -> Permits:
        assert self._journal is not None
        return await self._begin(await self._store.crash(self._journal))

    async def remove(self) -> None:
        if self._journal is not None:
            await self._journal.close()

    async def _begin(self, journal: Any) -> Permits:
        self._journal = journal
        short = LocalPermits(lambda: self.now)
        permits = SqlitePermits(journal.lane, short, clock=lambda: self.wall, monotonic=lambda: self.now)
        await permits.open()
        self._permits = permits
        return permits


class PostgresPermitStore:
    """Permits in a database; its rows are put back where others put the clock forward."""

    durable = True

    def __init__(self) -> None:
        self.url = server_url()
        self._opened: list[PostgresPermits] = []

    async def open(self) -> Permits:
        first = not self._opened
        permits = PostgresPermits(self.url)
        await permits.open()
        self._opened.append(permits)
        if first:
            await self.run(
                "DELETE FROM gw.permit WHERE key <> ''; DELETE FROM gw.permit_key; DELETE FROM gw.permit_block"
            )
        return permits

    async def pass_time(self, seconds: float) -> None:
        for permits in self._opened:
            if permits._returner is not None:
                await permits._returner
        for table, moment in (("permit", "free_at"), ("permit_key", "until"), ("permit_block", "until")):
            await self.run(f"UPDATE gw.{table} SET {moment} = {moment} - interval '{seconds} seconds'")

    async def crash(self) -> Permits:
        """Cut the connections of the one that was opened last."""
        self._opened[-1]._store._pool._pool.terminate()
        return await self.open()

    async def remove(self) -> None:
        for permits in self._opened:
            await permits.close()

    async def run(self, statement: str) -> None:
        """Run a statement as an administrator."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


PERMIT_STORES = ("local", "sqlite", "postgres")
"""What the suite runs against, by name."""


def permit_store_of(name: str, folder: Path) -> PermitStore:
    """Return an empty store. Skips the test where there is no PostgreSQL, or fails it where that is required."""
    stores: dict[str, Callable[[], PermitStore]] = {
        "local": LocalStore,
        "sqlite": lambda: SqlitePermitStore(folder),
        "postgres": PostgresPermitStore,
    }
    return stores[name]()


async def taken(permits: Permits, *budgets: Budget, hold: float = HOLD, cost: int = 1) -> Permit:
    """Take a permit that there is."""
    permit = await permits.take([(budget, cost) for budget in budgets], hold)
    assert isinstance(permit, Permit), permit
    return permit


async def refused(permits: Permits, *budgets: Budget, hold: float = HOLD, cost: int = 1) -> Wait:
    """Be told to wait."""
    wait = await permits.take([(budget, cost) for budget in budgets], hold)
    assert isinstance(wait, Wait), wait
    return wait
