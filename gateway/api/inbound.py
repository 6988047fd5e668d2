"""How much callers may ask for at once, and what is let go first when the gateway itself cannot keep up."""

import asyncio

from gateway.api.body import refuse
from gateway.api.callers import Caller

TICK = 0.1
"""How often the loop's lateness is measured, in seconds."""


class Inbound:
    """Counts what is under way for each caller, and sees whether the loop is late all the time.

    `lag` is how late, in seconds, the loop may be; when it has been later for `sustained` seconds on end, orders
    would not be served in time either, and catalog reads are let go. It is the least lateness of that time that counts,
    no mean: after one long hiccup a mean is high while the loop keeps up again. 0.0: nothing is let go.
    """

    def __init__(self, lag: float, sustained: float) -> None:
        self._lag = lag
        self._sustained = sustained
        self._under_way: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._late_since: float | None = None
        self.is_late = False

    def start(self) -> None:
        """Begin to measure the running loop."""
        loop = asyncio.get_running_loop()
        if self._lag > 0:
            self._tick(loop, loop.time())

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()

    def enter(self, caller: Caller, *, catalog: bool) -> None:
        """Count a request until it leaves. Raises ApiError where there is no room for it; late, never for an order."""
        under_way = self._under_way.get(caller.name, 0)
        if under_way >= caller.requests_at_once:
            refuse(
                "rate-limited",
                f"At most {caller.requests_at_once} requests of this caller are under way at once.",
                retry_after=1,
            )
        if catalog and self.is_late:
            refuse("overloaded", retry_after=1)
        self._under_way[caller.name] = under_way + 1

    def leave(self, caller: Caller) -> None:
        """Count a request that entered no more."""
        left = self._under_way[caller.name] - 1
        if left:
            self._under_way[caller.name] = left
        else:
            del self._under_way[caller.name]

    def _tick(self, loop: asyncio.AbstractEventLoop, expected: float) -> None:
        now = loop.time()
        if now - expected <= self._lag:
            self._late_since = None
        elif self._late_since is None:
            # From now, not from when the tick was due: a single hiccup is over however long it was.
            self._late_since = now
        self.is_late = self._late_since is not None and now - self._late_since >= self._sustained
        due = now + TICK
        self._timer = loop.call_at(due, self._tick, loop, due)
