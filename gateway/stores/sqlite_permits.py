"""Permits of one instance: counted in its memory, and written down beside its journal for the next process.

Windows longer than a minute are on the disk before a request leaves, and when it has ended: nothing of them is
forgotten. Of a shorter window is written down that it is used, when that begins, and how it stands, at an orderly end.
So after a crash its key stays closed for a window, and otherwise no more than its slots rest that were used.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from gateway.stores.sqlite_lane import Lane, Work
from gateway.stores.sqlite_times import to_micros
from policies.journal import JournalUnavailable
from policies.permits import SHORT_SECONDS, Budget, Permit, Permits, PermitsUnavailable, Usage, Wait

LASTING = 3600.0
"""How long, in seconds, a key counts as used after that was written down; it is written again after half of it."""
WRONG_BY = 600.0
"""A row is waited for no longer than its window and this: the clock may have been wrong when it was written."""

_SECOND = 1_000_000
_FORGET = ("DELETE FROM permit WHERE free_at <= ?", "DELETE FROM permit_block WHERE until <= ?")
_END = "UPDATE permit_block SET until = min(until, CAST(?1 + seconds * 1000000 AS INTEGER)) WHERE used"
_TAKE = "INSERT INTO permit (permit, key, seconds, slots, free_at) VALUES (?, ?, ?, ?, ?)"
_REST = "UPDATE permit SET free_at = ? WHERE permit = ? AND key = ?"
_FREE = "DELETE FROM permit WHERE permit = ? AND key = ?"
_BLOCK = """
INSERT INTO permit_block (key, beyond, used, seconds, until) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (key, beyond, used) DO UPDATE SET seconds = excluded.seconds, until = max(until, excluded.until)
"""

T = TypeVar("T")
log = structlog.get_logger("ordergate.stores")


def _now() -> datetime:
    return datetime.now(UTC)


class SqlitePermits:
    """Permits that `counted` counts, remembered in the file that `lane` writes.

    Without `cold` nothing is remembered of short windows: the providers begin anew with us.
    """

    def __init__(
        self,
        lane: Lane,
        counted: Permits,
        *,
        cold: bool = True,
        clock: Callable[[], datetime] = _now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lane = lane
        self._counted = counted
        self._cold = cold
        self._clock = clock
        self._monotonic = monotonic
        self._began = (0, 0.0)
        # The short budgets whose use is written down, and when that was.
        self._noted: dict[str, tuple[Budget, int]] = {}
        self._undoing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Open, after the journal; learn what the process before has left. Raises PermitsUnavailable."""
        await self._counted.open()
        self._began = (to_micros(self._clock()), self._monotonic())
        now = self._now()
        slots, blocks = await self._run(lambda connection: _left(connection, now))
        for key, seconds, cost, free_at in slots:
            permit = await self._counted.take([(Budget(key, 1 << 30, seconds), cost)], 0.0)
            if isinstance(permit, Permit):
                longest = min((free_at - now) / _SECOND, seconds + WRONG_BY)
                await self._counted.give_back(permit, sent=True, linger=longest - seconds)
        for key, beyond, seconds, until in blocks:
            await self._counted.block(key, min(seconds, (until - now) / _SECOND), beyond)

    async def close(self) -> None:
        """Write down how short windows stand. Close before the journal."""
        if self._undoing:
            await asyncio.wait(self._undoing)
        usages = await self._counted.usage(list(self._noted))
        now = self._now()
        # What the process before had left may still hold too; the limit in force says so.
        left = [
            (key, max(0, usage.limit - usage.used), 1, budget.seconds, now + round(budget.seconds * _SECOND))
            for key, (budget, _) in self._noted.items()
            if (usage := usages.get(key)) is not None and (usage.used or usage.limit < budget.requests)
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM permit_block WHERE used AND key = ?", [(key,) for key in self._noted])
            connection.executemany(_BLOCK, left)

        try:
            await self._run(write)
        except PermitsUnavailable as error:
            log.warning("rates not written down: used ones rest for a window", reason=str(error))
        await self._counted.close()

    async def take(self, budgets: Sequence[tuple[Budget, int]], hold: float) -> Permit | Wait:
        await self._note([budget for budget, _ in budgets if budget.seconds <= SHORT_SECONDS])
        taken = await self._counted.take(budgets, hold)
        if isinstance(taken, Wait) or not _long(taken):
            return taken
        writing = asyncio.ensure_future(self._write(taken, hold))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # It is written all the same; an hour would pass before what nobody gives back is free again.
            undoing = asyncio.ensure_future(self._undo(writing, taken))
            self._undoing.add(undoing)
            undoing.add_done_callback(self._undoing.discard)
            raise
        return taken

    async def give_back(self, permit: Permit, sent: bool, linger: float = 0.0) -> None:
        await self._counted.give_back(permit, sent, linger)
        if not _long(permit):
            return
        name, now = self._name(permit), self._now()

        def write(connection: sqlite3.Connection) -> None:
            for budget, _ in _long(permit):
                if sent:
                    until = now + round((budget.seconds + linger) * _SECOND)
                    connection.execute(_REST, (until, name, budget.key))
                else:
                    connection.execute(_FREE, (name, budget.key))

        await self._run(write)

    async def block(self, key: str, seconds: float, beyond: int = 0) -> None:
        await self._counted.block(key, seconds, beyond)
        row = (key, beyond, 0, seconds, self._now() + round(seconds * _SECOND))
        await self._run(lambda connection: connection.execute(_BLOCK, row))

    async def usage(self, keys: Sequence[str]) -> Mapping[str, Usage]:
        return await self._counted.usage(keys)

    async def _write(self, taken: Permit, hold: float) -> None:
        """Put what was taken of long windows on the disk, or give it back."""
        name, now = self._name(taken), self._now()
        rows = [
            (name, budget.key, budget.seconds, cost, now + round((hold + budget.seconds) * _SECOND))
            for budget, cost in _long(taken)
        ]

        def write(connection: sqlite3.Connection) -> None:
            for statement in _FORGET:
                connection.execute(statement, (now,))
            connection.executemany(_TAKE, rows)

        try:
            await self._run(write, new=True)
        except PermitsUnavailable:
            await self._counted.give_back(taken, sent=False)
            raise

    async def _undo(self, writing: "asyncio.Future[None]", taken: Permit) -> None:
        with suppress(PermitsUnavailable):
            await writing
            await self.give_back(taken, sent=False)

    async def _note(self, short: Sequence[Budget]) -> None:
        """Write down that budgets are used, before they are."""
        now = self._now()
        again = now - round(LASTING / 2 * _SECOND)
        new = [budget for budget in short if budget.key not in self._noted or self._noted[budget.key][1] < again]
        if not new or not self._cold:
            return
        rows = [(budget.key, 0, 1, budget.seconds, now + round(LASTING * _SECOND)) for budget in new]
        await self._run(lambda connection: connection.executemany(_BLOCK, rows), new=True)
        self._noted = {key: noted for key, noted in self._noted.items() if noted[1] > now - LASTING * _SECOND}
        self._noted.update((budget.key, (budget, now)) for budget in new)

    async def _run(self, work: Work[T], *, new: bool = False) -> T:
        try:
            return await self._lane.run(work, new=new)
        except JournalUnavailable as error:
            raise PermitsUnavailable(str(error)) from error

    def _name(self, permit: Permit) -> str:
        """Return a permit's name, which no other process gives."""
        return f"{self._began[0]}/{permit.id}"

    def _now(self) -> int:
        """Return the time in microseconds: the wall's at the start, and from there on one that is never set."""
        wall, began = self._began
        return wall + round((self._monotonic() - began) * _SECOND)


def _left(
    connection: sqlite3.Connection, now: int
) -> tuple[list[tuple[str, float, int, int]], list[tuple[str, int, float, int]]]:
    """Return the slots and the blocks that are not over."""
    # The process before is over: what it used counts no longer than a window from now.
    connection.execute(_END, (now,))
    for statement in _FORGET:
        connection.execute(statement, (now,))
    slots = connection.execute("SELECT key, seconds, slots, free_at FROM permit").fetchall()
    return slots, connection.execute("SELECT key, beyond, seconds, until FROM permit_block").fetchall()


def _long(permit: Permit) -> list[tuple[Budget, int]]:
    return [one for one in permit.budgets if one[0].seconds > SHORT_SECONDS]
