"""A bulkhead: so many at once and no more, so that what is slow in one place sinks nothing elsewhere."""

import asyncio
from types import TracebackType

from policies.errors import Overloaded

WAITING_FOR_EACH = 8
"""How many may wait for each place there is; more are refused at once."""


class Bulkhead:
    """`places` for work of one kind; whoever finds none waits its turn. Belongs to one event loop."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._most_waiting = places * WAITING_FOR_EACH
        self._waiting = 0

    def place(self, seconds: float) -> "Place":
        """Return a context that holds a place. Entering raises Overloaded where there is none within `seconds`."""
        return Place(self, seconds)

    async def take(self, seconds: float) -> None:
        """Take a place, which is to be left. Raises Overloaded where there is none within `seconds`."""
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

    def leave(self) -> None:
        """Leave a place that was taken."""
        self._places.release()


class Place:
    """One place of a bulkhead, held while inside."""

    __slots__ = ("_bulkhead", "_seconds")

    def __init__(self, bulkhead: Bulkhead, seconds: float) -> None:
        self._bulkhead = bulkhead
        self._seconds = seconds

    async def __aenter__(self) -> None:
        await self._bulkhead.take(self._seconds)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bulkhead.leave()
