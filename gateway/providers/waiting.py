"""Lets requests wait for permits: each in the line of the budget that holds it up most, until its time is over.

    take ──permit──────────────────────────────────────────────► go
      │                                    ▲
      └─wait, "orders-60s"──► line of "orders-60s" ── its first, when there may be room ── take ──┐
                                           ▲                                                      │
                                           └───────── wait, another budget: into its line ────────┘

So whoever waits for an exhausted partition stands in nobody else's way.
"""

import asyncio
from itertools import count

from gateway.providers.lines import MIN_SERVICE, Demand, Waiter, WaitingLine
from policies.errors import CapacityExceeded, ShareExceeded
from policies.permits import Permit, Permits, PermitsUnavailable
from policies.queueing import Standing

MAX_WAITING = 2000
"""How many requests may wait in one line, all callers together."""


class WaitingRoom:
    """All the lines of one account. Belongs to one event loop."""

    def __init__(self, permits: Permits, max_waiting: int) -> None:
        self._permits = permits
        self._max_waiting = max_waiting
        self._lines: dict[str, WaitingLine] = {}
        self._numbers = count()

    async def permit(self, standing: Standing, demand: Demand, seconds: float) -> Permit:
        """Return a permit for what is demanded, at once or when there is room, within `seconds`.

        Raises CapacityExceeded, ShareExceeded (the caller has too many waiting), PermitsUnavailable; nothing is taken
        then.
        """
        now, number = asyncio.get_running_loop().time(), next(self._numbers)
        line = self._line_before(demand) if self._lines else None
        if line is None and not demand.spacing:
            outcome = await self._permits.take(demand.asked(now), demand.hold(seconds))
            if isinstance(outcome, Permit):
                return outcome
            if outcome.seconds > seconds:
                raise CapacityExceeded(outcome.seconds)
            line = self._line(outcome.key)
        line = line or self._line(demand.slots[0][0].key)
        waiter = Waiter(standing, number, demand, now + seconds)
        self._admit(waiter, line, now)
        return await self._awaited(waiter, seconds)

    def freed(self, permit: Permit) -> None:
        """Say that slots came free before their time."""
        for budget, _ in permit.budgets if self._lines else ():
            if (line := self._lines.get(budget.key)) is not None:
                self._wake(line)

    def waiting(self, key: str) -> int:
        """Return how many wait in the line of a budget."""
        line = self._lines.get(key)
        return 0 if line is None else len(line.line)

    def _line_before(self, demand: Demand) -> WaitingLine | None:
        """Return the line that a newcomer has to join: of those at its budgets the one that moves last."""
        lines = [line for budget, _ in demand.slots if (line := self._lines.get(budget.key)) is not None]
        return max(lines, key=lambda one: one.next_at, default=None)

    def _line(self, key: str) -> WaitingLine:
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = WaitingLine(key)
        return line

    def _admit(self, waiter: Waiter, line: WaitingLine, now: float) -> None:
        """Let a newcomer into a line, or refuse it at once. Raises CapacityExceeded, ShareExceeded."""
        estimate = line.estimate(waiter, now)
        if now + estimate > waiter.deadline:
            raise CapacityExceeded(estimate)
        if line.line.of(waiter.standing.caller) >= self._max_waiting:
            raise ShareExceeded(max(estimate, 1.0))
        if len(line.line) >= MAX_WAITING:
            raise CapacityExceeded(max(estimate, 1.0))
        line.add(waiter)
        if line.line.first() is waiter:
            self._wake(line)

    async def _awaited(self, waiter: Waiter, seconds: float) -> Permit:
        """Return the permit that a waiter is given; whoever stops waiting is gone at once and keeps nothing."""
        try:
            async with asyncio.timeout_at(waiter.deadline - min(MIN_SERVICE, seconds / 2)):
                return await waiter.outcome
        except BaseException as error:
            line = waiter.line
            if line is not None:
                self._leave(waiter, line)
            if waiter.has_permit:
                await self._unused(waiter.outcome.result())
            if not isinstance(error, TimeoutError):
                raise
            later = 0.0 if line is None else line.next_at - asyncio.get_running_loop().time()
            raise CapacityExceeded(max(0.0, later)) from None

    def _leave(self, waiter: Waiter, line: WaitingLine) -> None:
        line.remove(waiter)
        self._wake(line)

    def _wake(self, line: WaitingLine) -> None:
        """Look now whether there is room for the first of a line."""
        line.stop()
        if not line.line and line.task is None:
            self._lines.pop(line.key, None)
        elif line.task is None:
            line.task = asyncio.create_task(self._serve(line), name="line of a budget")
        else:
            line.again = True

    async def _serve(self, line: WaitingLine) -> None:
        """Serve a line until its first has to wait. Each turn takes one out of the line, so that there is an end."""
        try:
            while (waiter := line.line.first()) is not None:
                line.again = False
                wait = await self._served(waiter, line)
                if wait > 0 and not line.again:
                    line.start(wait, self._wake)
                    return
        finally:
            line.task = None
            if not line.line:
                self._lines.pop(line.key, None)

    async def _served(self, waiter: Waiter, line: WaitingLine) -> float:
        """Give the first of a line its permit, or send it where it has to wait; return how long the line waits."""
        other = self._line_ahead(waiter, line)
        if other is not None:
            self._move(waiter, line, other)
            return 0.0
        now, demand = asyncio.get_running_loop().time(), waiter.demand
        slots = demand.slots if line.line.is_floor else demand.asked(now)
        try:
            outcome = await self._permits.take(slots, demand.hold(waiter.deadline - now))
        except PermitsUnavailable as error:
            self._fail(waiter, error)
            return 0.0
        if not isinstance(outcome, Permit):
            return self._held_up(waiter, line, outcome.key, outcome.seconds)
        for pacer in demand.spacing:
            await pacer.acquire()
        if waiter.outcome.done():
            self._gone(waiter)
            await self._unused(outcome)
            return 0.0
        line.serve(waiter)
        waiter.outcome.set_result(outcome)
        return 0.0

    def _held_up(self, waiter: Waiter, line: WaitingLine, key: str, seconds: float) -> float:
        if waiter.outcome.done():
            self._gone(waiter)
            return 0.0
        if asyncio.get_running_loop().time() + seconds > waiter.deadline:
            self._fail(waiter, CapacityExceeded(seconds))
            return 0.0
        if key == line.key:
            return seconds
        self._move(waiter, line, self._line(key))
        return 0.0

    def _line_ahead(self, waiter: Waiter, line: WaitingLine) -> WaitingLine | None:
        """Return the line of another of its budgets in which somebody goes before, or None."""
        for budget, _ in waiter.demand.slots if len(self._lines) > 1 else ():
            other = self._lines.get(budget.key)
            first = None if other is None or other is line else other.line.first()
            if first is not None and first.rank < waiter.rank:
                return other
        return None

    def _move(self, waiter: Waiter, line: WaitingLine, other: WaitingLine) -> None:
        line.remove(waiter)
        other.add(waiter)
        if other.line.first() is waiter:
            self._wake(other)

    def _gone(self, waiter: Waiter) -> None:
        """Take one out that waits no more, and whose task has not come to say so itself."""
        if waiter.line is not None:
            waiter.line.remove(waiter)

    def _fail(self, waiter: Waiter, error: Exception) -> None:
        self._gone(waiter)
        if not waiter.outcome.done():
            waiter.outcome.set_exception(error)

    async def _unused(self, permit: Permit) -> None:
        await self._permits.give_back(permit, False)
        self.freed(permit)
