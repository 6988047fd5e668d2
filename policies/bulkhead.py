"""A bulkhead: so many at once and no more, so that what is slow in one place sinks nothing elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from policies.errors import Overloaded

WAITING_FOR_EACH = 8
"""How many may wait for each place there is; more are refused at once."""


class Bulkhead:
    """`places` for work of one kind; whoever finds none waits its turn. Belongs to one event loop."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._most_waiting = places * WAITING_FOR_EACH
        self._waiting = 0

    @asynccontextmanager
    async def place(self, seconds: float) -> AsyncIterator[None]:
        """Hold a place while inside. Raises Overloaded where there is none within `seconds`."""
        await self._take(seconds)
        try:
            yield
        finally:
            self._places.release()

    async def _take(self, seconds: float) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        if self._waiting >= self._most_waiting:
            raise Overloaded(1.0)
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Overloaded(1.0) from None
        finally:
            self._waiting -= 1
