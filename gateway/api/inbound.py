"""How much callers may ask for at once, and what is let go first when the gateway itself cannot keep up."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.api.body import refuse

IN_FLIGHT = 200
"""Requests of one caller under way at once; more are refused with 429."""
LAG_SECONDS = 0.25
"""When the loop is later than this, nobody is served in time any more, orders included: catalog reads are let go."""
TICK = 0.1


class Inbound:
    """Counts what is under way for each caller, and measures how late the loop is."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self.lag = 0.0

    def start(self) -> None:
        """Begin to measure the running loop."""
        loop = asyncio.get_running_loop()
        self._tick(loop, loop.time())

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()

    @contextmanager
    def admitted(self, caller: str, *, catalog: bool) -> Iterator[None]:
        """Count a request while it is under way. Raises ApiError where there is no room for it; never an order's."""
        if self._under_way[caller] >= IN_FLIGHT:
            refuse("rate-limited", f"At most {IN_FLIGHT} requests of a caller are under way at once.", retry_after=1)
        if catalog and self.lag > LAG_SECONDS:
            refuse("overloaded", retry_after=1)
        self._under_way[caller] += 1
        try:
            yield
        finally:
            self._under_way[caller] -= 1
            if not self._under_way[caller]:
                del self._under_way[caller]

    def _tick(self, loop: asyncio.AbstractEventLoop, expected: float) -> None:
        # The worst of the last seconds fades, so that one hiccup does not let go for long.
        self.lag = max(loop.time() - expected, self.lag * 0.7)
        due = loop.time() + TICK
        self._timer = loop.call_at(due, self._tick, loop, due)
