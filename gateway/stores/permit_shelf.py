"""A shelf of leased permits: those of one set of budgets that lie ready, and those who wait for one.

A permit counts from its lease on, wherever it lies. One that nobody wanted for `SHELF_SECONDS` goes back unused.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from policies.permits import Budget, Permit, PermitsUnavailable, Wait

SHELF_SECONDS = 0.25
"""How long a permit lies unused: no longer, for others may wait for it, and another process's block is not heard of."""
AHEAD_OF_TEN = 2
"""As many as were taken in that time are leased ahead of need, but at most so many of every ten slots of a budget."""
BATCH = 64
"""The most permits of one lease."""
PAUSE_SECONDS = 0.02
"""The least wait that is told: what becomes free meanwhile is leased in one go, and many processes do not crowd it."""
CLOSE_SECONDS = 3.0

Wanted = tuple[tuple[Budget, int], ...]


class Source(Protocol):
    """Where permits come from and go back to."""

    async def lease(self, wanted: Wanted, hold: float, count: int) -> list[Permit] | Wait:
        """Take up to `count` permits, to be held for so long. Raises PermitsUnavailable."""
        ...

    def returned(self, permits: Sequence[Permit], *, sent: bool, linger: float = 0.0) -> None:
        """Take permits back, soon."""
        ...

    def forget(self, wanted: Wanted) -> None:
        """Let go of a shelf that is empty and that nobody comes to any more."""
        ...


class Shelf:
    """Permits of the same budgets: those that lie ready, and those who wait for one."""

    def __init__(self, source: Source, wanted: Wanted) -> None:
        self._source = source
        self._wanted = wanted
        self._ready: deque[tuple[Permit, float]] = deque()
        self._waiting: deque[asyncio.Future[Permit | Wait]] = deque()
        most = min(budget.requests // 10 * AHEAD_OF_TEN // cost for budget, cost in wanted)
        self._lately: deque[float] = deque(maxlen=most)
        self._pause = min(PAUSE_SECONDS, *(budget.seconds / 50 for budget, _ in wanted))
        # The longest that anybody wanted: what is leased here suits all.
        self._hold = 0.0
        # How often it was cleared: what was leased before that is not put here.
        self._cleared = 0
        self._leasing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, hold: float) -> Permit | Wait:
        """Take what lies ready, or wait for what is leased next."""
        if hold > self._hold:
            self._hold = hold
            self.clear()
        self._return_stale()
        if self._ready:
            permit, _ = self._ready.popleft()
            self._lately.append(_now())
            if len(self._ready) * 2 < self._ahead():
                self._lease()
            return permit
        future: asyncio.Future[Permit | Wait] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._lease()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                taken = future.result()
                if isinstance(taken, Permit):
                    self._source.returned([taken], sent=False)
            raise

    def clear(self) -> None:
        """Give back what lies unused, and what is being leased once it is there."""
        self._cleared += 1
        self._source.returned([permit for permit, _ in self._ready], sent=False)
        self._ready.clear()

    async def close(self) -> None:
        """Give all back, and serve nobody any more."""
        self.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._leasing is not None:
            await ended(self._leasing)
            self.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _return_stale(self) -> None:
        present = _now()
        while self._ready and self._ready[0][1] <= present:
            self._source.returned([self._ready.popleft()[0]], sent=False)

    def _look_again(self) -> None:
        """Look after what lies here, until nobody comes any more."""
        self._timer = None
        self._return_stale()
        if self._ready or self._waiting or self._leasing is not None or self._ahead():
            self._arm()
        else:
            self._source.forget(self._wanted)

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SHELF_SECONDS, self._look_again)

    def _ahead(self) -> int:
        """Return how many are worth having ready: as many as were lately taken in a short time."""
        since = _now() - SHELF_SECONDS
        while self._lately and self._lately[0] < since:
            self._lately.popleft()
        return len(self._lately)

    def _lease(self) -> None:
        if self._leasing is None:
            self._leasing = asyncio.get_running_loop().create_task(self._lease_what_is_wanted())

    async def _lease_what_is_wanted(self) -> None:
        """Lease for those who wait, and some more, until nobody waits; where there are none, all are told so."""
        error = PermitsUnavailable("permits cannot be taken")
        try:
            await self._lease_for_all()
        except PermitsUnavailable as unavailable:
            error = unavailable
        finally:
            self._leasing = None
            self._arm()
            for future in self._take_waiting():
                future.set_exception(PermitsUnavailable(str(error)))

    async def _lease_for_all(self) -> None:
        while True:
            cleared, until = self._cleared, _now() + SHELF_SECONDS
            count = max(1, min(BATCH, len(self._waiting) + self._ahead() - len(self._ready)))
            leased = await self._source.lease(self._wanted, self._hold + SHELF_SECONDS, count)
            if isinstance(leased, Wait):
                wait = Wait(max(leased.seconds, self._pause), leased.key)
                for future in self._take_waiting():
                    future.set_result(wait)
            elif cleared != self._cleared:
                self._source.returned(leased, sent=False)
            else:
                self._ready.extend((permit, until) for permit in leased)
                self._serve()
            if not any(not future.done() for future in self._waiting):
                return

    def _serve(self) -> None:
        while self._waiting and self._ready:
            future = self._waiting.popleft()
            if not future.done():
                self._lately.append(_now())
                future.set_result(self._ready.popleft()[0])

    def _take_waiting(self) -> list[asyncio.Future[Permit | Wait]]:
        """Return those who wait, and have nobody wait any more."""
        waiting = [future for future in self._waiting if not future.done()]
        self._waiting.clear()
        return waiting


async def ended(task: asyncio.Task[None]) -> None:
    """Wait for a task within seconds, and end it then."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await asyncio.shield(task)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _now() -> float:
    return asyncio.get_running_loop().time()
