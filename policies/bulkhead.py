"""A bulkhead: so many at once and no more, so that what is slow in one place sinks nothing elsewhere."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType

from policies.errors import Overloaded
from policies.queueing import Line, Standing

WAITING_FOR_EACH = 8
"""How many may wait for each place there is; more are refused at once."""


@dataclass(eq=False, slots=True)
class _Waiter:
    """One that waits for a place; `turn` is done when it has one."""

    standing: Standing
    number: int
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Bulkhead:
    """`places` for work of one kind; whoever finds none waits its turn. Belongs to one event loop.

    Turns go by class, then by weight between callers: whoever sends many requests waits behind its own, not before
    others'. However full the line is, a caller of which nobody waits is let in.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._most_waiting = places * WAITING_FOR_EACH
        self._line: Line[_Waiter] = Line()
        self._numbers = count()

    def place(self, standing: Standing, seconds: float) -> "Place":
        """Return a context that holds a place. Entering raises Overloaded where there is none within `seconds`."""
        return Place(self, standing, seconds)

    async def take(self, standing: Standing, seconds: float) -> None:
        """Take a place, which is to be left. Raises Overloaded where there is none within `seconds`."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(standing, seconds)

    async def _wait(self, standing: Standing, seconds: float) -> None:
        if len(self._line) >= self._most_waiting and self._line.of(standing.caller):
            raise Overloaded(1.0)
        waiter = _Waiter(standing, next(self._numbers))
        self._line.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                # Shielded: who gives up while a place is handed to it has that place, and hands it on.
                await asyncio.shield(waiter.turn)
        except BaseException as error:
            if waiter.turn.done():
                self.leave()
            else:
                self._line.remove(waiter)
            if isinstance(error, TimeoutError):
                raise Overloaded(1.0) from None
            raise

    def leave(self) -> None:
        """Hand a place to whoever is next, or keep it free."""
        waiter = self._line.first()
        if waiter is None:
            self._free += 1
            return
        self._line.serve(waiter, 1)
        waiter.turn.set_result(None)


class Place:
    """One place of a bulkhead, held while inside."""

    __slots__ = ("_bulkhead", "_seconds", "_standing")

    def __init__(self, bulkhead: Bulkhead, standing: Standing, seconds: float) -> None:
        self._bulkhead = bulkhead
        self._standing = standing
        self._seconds = seconds

    async def __aenter__(self) -> None:
        await self._bulkhead.take(self._standing, self._seconds)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bulkhead.leave()
