"""A journal that is watched: how long its durable changes take, what ends, and what is still open."""

import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from gateway.telemetry.catalogue import ENDED, JOURNAL_DURATION, OLDEST, OPERATIONS
from gateway.telemetry.instruments import Instrument
from gateway.telemetry.metrics import Labels, Metrics
from policies.journal import (
    Change,
    Evidence,
    Journal,
    JournalFull,
    Operation,
)
from policies.operation import ENDED as ENDS
from policies.operation import OPEN

if TYPE_CHECKING:
    from gateway.telemetry.traces import Tracing

T = TypeVar("T")


class WatchedJournal:
    """Does what `journal` does, and measures its durable changes. `accounts` are all that are configured."""

    def __init__(self, journal: Journal, metrics: Metrics, tracing: "Tracing | None", accounts: Sequence[str]) -> None:
        self._journal = journal
        self._metrics = metrics
        self._tracing = tracing
        self._accounts = accounts
        self.open, self.close = journal.open, journal.close
        self.get, self.steps, self.find, self.twins = journal.get, journal.steps, journal.find, journal.twins
        self.search, self.events, self.still_open = journal.search, journal.events, journal.still_open
        metrics.watch_together("operations", self._open)

    async def claim(self, operation: Operation) -> Operation:
        return await self._timed("claim", self._journal.claim(operation))

    async def update(self, operation: Operation, change: Change) -> bool:
        stored = await self._timed("update", self._journal.update(operation, change))
        told_before = change.evidence[-1:] and change.evidence[-1].kind == "look-up"
        if stored and (operation.state in ENDS or operation.state == "parked") and not told_before:
            self._metrics.add(ENDED, operation.account, operation.state)
        return stored

    async def append(self, operation_id: str, evidence: Sequence[Evidence]) -> None:
        await self._timed("append", self._journal.append(operation_id, evidence))

    async def adopt(self, operation_id: str, name: str) -> str | None:
        return await self._timed("adopt", self._journal.adopt(operation_id, name))

    async def take_due(self, worker: str, lease_seconds: float, accounts: Sequence[str], limit: int) -> list[Operation]:
        return await self._timed("take-due", self._journal.take_due(worker, lease_seconds, accounts, limit))

    async def purge(self, now: datetime, limit: int = 1000) -> int:
        return await self._timed("purge", self._journal.purge(now, limit))

    async def _timed(self, command: str, work: Awaitable[T]) -> T:
        traced = None
        if self._tracing is not None:
            traced = self._tracing.child(f"journal {command}", "internal", {})
        started = time.perf_counter()
        outcome = "failed"
        try:
            result = await work
            outcome = "done" if result is not False else "refused"
            return result
        except JournalFull:
            outcome = "refused"
            raise
        finally:
            self._metrics.observe(JOURNAL_DURATION, time.perf_counter() - started, command, outcome)
            if traced is not None:
                traced.end({"ordergate.outcome": outcome}, failed=outcome == "failed")

    async def _open(self) -> list[tuple[Instrument, Labels, float]]:
        now = datetime.now(UTC)
        counts = dict.fromkeys(((account, state) for account in self._accounts for state in sorted(OPEN)), 0)
        ages = dict.fromkeys(self._accounts, 0.0)
        for one in await self._journal.still_open():
            counts[one.account, one.state] = one.count
            ages[one.account] = max(ages.get(one.account, 0.0), (now - one.oldest).total_seconds())
        counted = [(OPERATIONS, labels, float(count)) for labels, count in counts.items()]
        return [*counted, *((OLDEST, (account,), age) for account, age in ages.items())]
