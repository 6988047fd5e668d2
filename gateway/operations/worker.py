"""Takes what is left open in the journal, at the start and from then on, and hands it to the resolver.

An operation is left open by a restart, by an answer that never came, by a process that takes its time. Each is claimed
from the journal by one worker, so several instances never work on the same one. What retention lets go, it lets go.
"""

import asyncio
import random
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from gateway.operations.engine import LEASE_SECONDS, Engine
from gateway.operations.resolver import Resolver
from gateway.points import reach
from policies.errors import LeaseLost
from policies.journal import JournalUnavailable, Operation

if TYPE_CHECKING:
    from gateway.telemetry.traces import Tracing

INTERVAL = 0.5
"""Seconds between looks at the journal; with jitter, so that several instances do not look at once."""
BATCH = 20
PURGE_INTERVAL = 600.0
"""Seconds between looks for what retention lets go, with jitter."""
PURGE_BATCH = 100
"""Of how many operations something is let go at once: orders wait no longer than for such a batch."""
PURGE_PAUSE = 0.5
"""Seconds between two batches."""
TOLD_SECONDS = 60.0
"""Seconds between two lines of the log about a journal that stays away."""

log = structlog.get_logger("ordergate.worker")


class Worker:
    """Looks for due operations until stopped. `scanned` is set after the first look."""

    def __init__(
        self, engine: Engine, resolver: Resolver, *, interval: float = INTERVAL, tracing: "Tracing | None" = None
    ) -> None:
        self._engine = engine
        self._resolver = resolver
        self._interval = interval
        self._tracing = tracing
        self._tasks: list[asyncio.Task[None]] = []
        # Its own generator: the one that all share is others' to seed.
        self._chance = random.Random()  # noqa: S311 - spreads looks, hides nothing
        self.scanned = asyncio.Event()
        self._away: float | None = None
        self._told = 0.0

    def start(self) -> None:
        """Begin to look."""
        self._tasks = [
            asyncio.create_task(self._forever(), name="journal worker"),
            asyncio.create_task(self._let_go(), name="journal purge"),
        ]

    async def stop(self) -> None:
        """Look no more. What is under way goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def look(self) -> int:
        """Take what is due and start working on it; return how much it was."""
        if self._engine.room < BATCH:
            return 0
        accounts = list(self._engine.providers)
        reach("scan")
        taken = await self._engine.journal.take_due(self._engine.worker, LEASE_SECONDS, accounts, BATCH)
        if taken:
            reach("taken")
        for operation in taken:
            self._engine.start(operation.id, self._resolve(operation))
        return len(taken)

    async def _resolve(self, operation: Operation) -> None:
        try:
            with nullcontext() if self._tracing is None else self._tracing.within("resolve operation"):
                await self._resolver.resolve(operation)
        except LeaseLost:
            log.warning("operation is somebody else's now", operation=operation.id)
        except JournalUnavailable as error:
            log.warning("journal unavailable", operation=operation.id, reason=str(error))
        except Exception:
            log.exception("resolving failed", operation=operation.id)

    async def _forever(self) -> None:
        while True:
            try:
                taken = await self.look()
                self.scanned.set()
                self._note_there()
            except JournalUnavailable as error:
                self._note_away(str(error))
                taken = 0
            if taken < BATCH:
                await self._pause(self._interval)

    def _note_away(self, reason: str) -> None:
        """Log that the journal is away: when it goes, and once a minute while it stays away."""
        now = asyncio.get_running_loop().time()
        if self._away is None or now - self._told >= TOLD_SECONDS:
            log.warning("journal unavailable", reason=reason)
            self._told = now
        self._away = now if self._away is None else self._away

    def _note_there(self) -> None:
        """Log that the journal is back, and after how long."""
        if self._away is not None:
            log.info("journal available again", seconds=round(asyncio.get_running_loop().time() - self._away, 1))
            self._away = None

    async def _let_go(self) -> None:
        """Let go what retention says, a batch at a time."""
        seconds = PURGE_PAUSE
        while True:
            await self._pause(seconds)
            try:
                count = await self._engine.journal.purge(datetime.now(UTC), PURGE_BATCH)
            except JournalUnavailable as error:
                log.warning("journal unavailable", reason=str(error))
                count = 0
            if count:
                log.info("retention let go", operations=count)
            seconds = PURGE_PAUSE if count else PURGE_INTERVAL

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds * self._chance.uniform(0.8, 1.2)):
                await asyncio.Event().wait()
        except TimeoutError:
            return
