"""One line of waiting requests: who waits in it for which slots, and when there may be room for its first."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aiolimiter import AsyncLimiter

from policies.permits import Budget, Permit
from policies.queueing import Line, Standing
from policies.reserve import Reserve

MIN_SERVICE = 0.05
"""Who has waited and has less than so many seconds left is not sent any more: no answer would come in time."""
TRANSIT = 5.0
"""How long, in seconds, a request without an answer may still be on its way to the provider."""


class Demand(NamedTuple):
    """What a request needs: slots of each of its budgets, and room at the pacers in front of some.

    With `lasting` the slots are held until the answer; without, they count from the departure. `reserves` has, for each
    budget, what is to be left to more urgent requests; it is empty for those.
    """

    slots: Sequence[tuple[Budget, int]]
    lasting: bool = True
    spacing: tuple[AsyncLimiter, ...] = ()
    reserves: Sequence[Reserve] = ()

    def hold(self, seconds: float) -> float:
        """Return for how long slots are held at most, for a request that has so many."""
        return max(0.0, seconds) + TRANSIT if self.lasting else 0.0

    def asked(self, now: float) -> Sequence[tuple[Budget, int]]:
        """Return the slots to ask for now, with what is to be left to others (`slots` has nothing of that)."""
        if not self.reserves:
            return self.slots
        return [
            (budget._replace(reserve=reserve.left(budget.requests, now)), cost)
            for (budget, cost), reserve in zip(self.slots, self.reserves, strict=True)
        ]


@dataclass(eq=False, slots=True)
class Waiter:
    """One request that waits for a permit until `deadline` (the loop's time)."""

    standing: Standing
    number: int
    demand: Demand
    deadline: float
    line: "WaitingLine | None" = None
    outcome: asyncio.Future[Permit] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def rank(self) -> tuple[int, int]:
        """Return its class and its place in the order of arrival, to be compared."""
        return self.standing.priority, self.number

    @property
    def has_permit(self) -> bool:
        """Tell whether a permit was handed over."""
        return self.outcome.done() and not self.outcome.cancelled() and self.outcome.exception() is None


class WaitingLine:
    """The line of one budget. `task` serves it now; `next_at` is when there may be room (the loop's time)."""

    __slots__ = ("_timer", "again", "key", "line", "next_at", "task")

    def __init__(self, key: str) -> None:
        self.key = key
        self.line: Line[Waiter] = Line()
        self.next_at = 0.0
        self.task: asyncio.Task[None] | None = None
        self.again = False
        self._timer: asyncio.TimerHandle | None = None

    def add(self, waiter: Waiter) -> None:
        """Let one more wait."""
        waiter.line = self
        self.line.add(waiter)

    def remove(self, waiter: Waiter) -> None:
        """Let one go without a turn."""
        waiter.line = None
        self.line.remove(waiter)

    def serve(self, waiter: Waiter) -> None:
        """Let one go that had its turn."""
        waiter.line = None
        self.line.serve(waiter, max(cost for _, cost in waiter.demand.slots))

    def estimate(self, waiter: Waiter, now: float) -> float:
        """Return how long a newcomer waits at least; 0.0 for one that would be the first."""
        ahead = self.line.ahead(waiter.standing.priority)
        if not ahead:
            return 0.0
        budget = next((budget for budget, _ in waiter.demand.slots if budget.key == self.key), None)
        rounds = 0.0 if budget is None else ahead // budget.requests * budget.seconds
        return max(0.0, self.next_at - now) + rounds

    def start(self, seconds: float, wake: "Callable[[WaitingLine], None]") -> None:
        """Have `wake` called when there may be room."""
        loop = asyncio.get_running_loop()
        self.next_at = loop.time() + seconds
        self._timer = loop.call_at(self.next_at, wake, self)

    def stop(self) -> None:
        """Have it called no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
