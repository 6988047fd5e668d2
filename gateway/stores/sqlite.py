"""The journal in SQLite: durable in a file for one instance, or in memory.

    changes ──► writing lane ──► one connection, group commit, synchronous=FULL
    reads   ──► reading lane ──► one connection, read-only: it goes on when nothing can be written

One connection alone writes and makes checkpoints, because SQLite before 3.51.3 can lose a database to two that do. So
one process alone opens the file. In memory both lanes are one.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.stores.ballast import Ballast
from gateway.stores.rows import Rows
from gateway.stores.sealing import Sealing
from gateway.stores.sqlite_changes import Changes
from gateway.stores.sqlite_file import Memory, Reading, Writing
from gateway.stores.sqlite_keys import remember_keys
from gateway.stores.sqlite_lane import Lane
from gateway.stores.sqlite_purge import purge
from gateway.stores.sqlite_reads import Reads
from gateway.stores.sqlite_times import from_micros, to_micros
from policies.journal import Change, Event, Evidence, Open, Operation, Step
from policies.operation import State

MEMORY_BYTES = 1 << 30
"""How large a journal in memory may become."""


_END_LEASES = """
UPDATE operation SET owner = NULL, lease_until = NULL WHERE owner IS NOT NULL OR lease_until IS NOT NULL
"""


def _now() -> datetime:
    return datetime.now(UTC)


class SqliteJournal:
    """A journal in the file `path`, or in memory without one. With `only_reads` changes are refused."""

    def __init__(
        self,
        path: Path | None,
        *,
        ephemeral: bool = False,
        sealing: Sealing | None = None,
        clock: Callable[[], datetime] = _now,
        memory_bytes: int = MEMORY_BYTES,
        only_reads: bool = False,
    ) -> None:
        self._sealing = sealing or Sealing()
        self._clock = clock
        rows = Rows(self._sealing, to_micros, from_micros)
        self._reads = Reads(rows)
        self._changes = Changes(rows, self._reads)
        if path is None:
            memory = Memory(self._prepare, most_bytes=memory_bytes)
            self._writing = self._reading = Lane("journal", memory, writes=True)
        elif only_reads:
            # Beside the process that has it open, or after that process died: nothing is locked and nothing changed.
            self._writing = self._reading = Lane("journal reader", Reading(path.absolute()), writes=False)
        else:
            place = path.absolute()
            file = Writing(place, self._prepare, ephemeral=ephemeral)
            ballast = Ballast(place.with_name(f"{place.name}.ballast"))
            self._writing = Lane("journal writer", file, writes=True, room=ballast)
            self._reading = Lane("journal reader", Reading(place), writes=False)

    @property
    def lane(self) -> Lane:
        """Return the lane that writes, for what is kept in the same file."""
        return self._writing

    async def open(self) -> None:
        await self._writing.open()
        if self._reading is not self._writing:
            try:
                await self._reading.open()
            except BaseException:
                await self._writing.close()
                raise

    async def close(self) -> None:
        # The one that writes is the last: only it can bring the log back into the file.
        if self._reading is not self._writing:
            await self._reading.close()
        await self._writing.close()

    async def claim(self, operation: Operation) -> Operation:
        return await self._writing.run(lambda connection: self._changes.claim(connection, operation), new=True)

    async def update(self, operation: Operation, change: Change) -> bool:
        return await self._writing.run(lambda connection: self._changes.update(connection, operation, change))

    async def append(self, operation_id: str, evidence: Sequence[Evidence]) -> None:
        await self._writing.run(lambda connection: self._changes.append(connection, operation_id, evidence))

    async def adopt(self, operation_id: str, name: str) -> str | None:
        return await self._writing.run(lambda connection: self._changes.adopt(connection, operation_id, name))

    async def take_due(self, worker: str, lease_seconds: float, accounts: Sequence[str], limit: int) -> list[Operation]:
        lease = timedelta(seconds=lease_seconds)
        return await self._writing.run(
            lambda connection: self._changes.take_due(connection, worker, self._clock(), lease, accounts, limit)
        )

    async def get(self, operation_id: str) -> Operation | None:
        return await self._reading.run(lambda connection: self._reads.by_id(connection, operation_id))

    async def steps(self, operation_id: str) -> list[Step]:
        return await self._reading.run(lambda connection: self._reads.steps(connection, operation_id))

    async def find(self, caller: str, key: str) -> Operation | None:
        return await self._reading.run(lambda connection: self._reads.by_key(connection, caller, key))

    async def twins(self, account: str, twin: str, since: datetime) -> list[Operation]:
        return await self._reading.run(lambda connection: self._reads.twins(connection, account, twin, since))

    async def search(
        self,
        caller: str | None,
        *,
        state: State | None = None,
        account: str | None = None,
        reference: str | None = None,
        subject: str | None = None,
        key: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Operation]:
        named = {"caller": caller, "account": account, "reference": reference, "subject": subject, "key": key}
        named["state"] = state
        wanted = {name: value for name, value in named.items() if value is not None}
        return await self._reading.run(lambda connection: self._reads.search(connection, wanted, before, limit))

    async def events(self, after: int, limit: int) -> list[Event]:
        return await self._reading.run(lambda connection: self._reads.events(connection, after, limit))

    async def still_open(self) -> list[Open]:
        return await self._reading.run(self._reads.still_open)

    async def purge(self, now: datetime, limit: int = 1000) -> int:
        return await self._writing.run(lambda connection: purge(connection, now, limit))

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """End the leases of processes that are gone, and see that every sealed body can be opened."""
        connection.execute(_END_LEASES)
        remember_keys(connection, self._sealing)
