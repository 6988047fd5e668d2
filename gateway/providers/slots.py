"""Slots: never more than N requests in T seconds, wherever the provider's windows begin.

Each limit of N requests per T seconds has N slots. A request holds one from before it is sent until T after its
answer was seen:

    slot 1  |--- request ---answer|====== T ======|--- request ---…
    slot 2     |--- request ----answer|====== T ======|…

If N+1 requests reached the provider within T, two of them used the same slot; but the second of those left T after
the first was answered, so after it had arrived. Hence a burst of N is free, and no window of T ever sees more than N,
wherever the provider's windows begin and however long requests travel. A leaky bucket cannot promise that: it lets a
burst through and refills behind it. So aiolimiter does not count here. It spaces what the slots of a short window let
through (T/N apart, for T up to a second), for providers that look at less than a whole window.

A clock that runs slower at the provider is allowed for by one percent; a request that got no answer may still be on
its way, so its slot rests a little longer.
"""

import asyncio
from heapq import heappop, heappush, nsmallest

from aiolimiter import AsyncLimiter

MAX_WAITING = 1000
"""How many requests may queue at one limit."""

_CLOCK_DRIFT = 1.01


class PacingRefused(Exception):
    """The request would have to wait longer than it may. Nothing was sent. `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"no room within the provider's documented rate for another {retry_after:.1f} s")
        self.retry_after = retry_after


class Slots:
    """The slots of one limit: `requests` in `seconds`. Belongs to one event loop."""

    __slots__ = (
        "_capacity",
        "_changed",
        "_gate",
        "_held_until",
        "_in_flight",
        "_resting",
        "_spacing",
        "_waiting",
        "_window",
    )

    def __init__(self, requests: int, seconds: float) -> None:
        self._capacity = requests
        self._window = seconds * _CLOCK_DRIFT
        self._spacing = AsyncLimiter(1, seconds / requests) if 0 < seconds <= 1 else None
        self._in_flight = 0
        self._resting: list[float] = []
        self._held_until = 0.0
        self._waiting = 0
        # First come, first served: the lock is fair, and whoever has it waits alone for the next slot.
        self._gate = asyncio.Lock()
        self._changed = asyncio.Event()

    async def take(self, deadline: float) -> None:
        """Take a slot. Raises PacingRefused when there will be none before `deadline` (the loop's time)."""
        wait = self.wait(self._waiting)
        if _now() + wait > deadline:
            raise PacingRefused(wait)
        if self._waiting >= MAX_WAITING:
            raise PacingRefused(max(wait, 1.0))
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline), self._gate:
                await self._until_free(deadline)
                self._in_flight += 1
                await self._spaced()
        except TimeoutError:
            raise PacingRefused(self.wait()) from None
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        """Give a slot back that was not used: nothing left."""
        self._in_flight -= 1
        self._changed.set()

    def rest(self, longer: float) -> None:
        """Let a used slot rest for the window and `longer`."""
        self._in_flight -= 1
        heappush(self._resting, _now() + self._window + longer)
        self._changed.set()

    def hold(self, seconds: float) -> None:
        """Let nothing through for `seconds`."""
        self._held_until = max(self._held_until, _now() + seconds)
        self._changed.set()

    def idle_in(self) -> float:
        """Return in how many seconds these slots remember nothing that still counts, as far as is known now."""
        now = _now()
        if self._in_flight or self._waiting:
            return self._window
        return max(0.0, self._held_until - now, max(self._resting, default=now) - now)

    def wait(self, ahead: int = 0) -> float:
        """Return in how many seconds there is a slot for one with `ahead` before it, as far as is known now."""
        now = _now()
        while self._resting and self._resting[0] <= now:
            heappop(self._resting)
        start = max(now, self._held_until)
        behind = ahead - (self._capacity - self._in_flight - len(self._resting))
        if behind < 0:
            return start - now
        if behind < len(self._resting):
            return max(start, nsmallest(behind + 1, self._resting)[-1]) - now
        # A slot in use is free a window after its answer, so not before a window from now.
        return max(start, now + self._window) - now

    async def _until_free(self, deadline: float) -> None:
        loop = asyncio.get_running_loop()
        while wait := self.wait():
            if loop.time() + wait > deadline:
                raise PacingRefused(wait)
            self._changed.clear()
            timer = loop.call_later(wait, self._changed.set)
            try:
                await self._changed.wait()
            finally:
                timer.cancel()

    async def _spaced(self) -> None:
        if self._spacing is None:
            return
        try:
            await self._spacing.acquire()
        except BaseException:
            self.give_back()
            raise


def _now() -> float:
    return asyncio.get_running_loop().time()
