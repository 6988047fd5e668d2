"""The permits of one process, kept in memory."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from math import inf

from policies.permits import Budget, Permit, Usage, Wait
from policies.slots import Slots

MAX_KEYS = 10_000
"""How many budgets are told apart at a time: a partitioned limit has one for each value it meets."""

TRANSIT = 5.0
"""How long, in seconds, what a process that was killed has sent may still be on its way."""


class LocalPermits:
    """Slots in memory. `now` is a clock in seconds that never goes back.

    A process does not know what the one before it sent. So after `open` nothing is let through for one T and `TRANSIT`,
    where T is at most `cold` seconds; longer windows belong into a store that outlives the process.
    """

    def __init__(self, now: Callable[[], float], *, cold: float = 0.0) -> None:
        self._now = now
        self._cold = cold
        self._opened = -inf
        self._slots: OrderedDict[str, Slots] = OrderedDict()
        self._numbers = count(1)

    async def open(self) -> None:
        """Begin the cold windows."""
        self._opened = self._now()

    async def close(self) -> None:
        """Do nothing: what is in memory goes with the process."""

    async def take(self, budgets: Sequence[tuple[Budget, int]], hold: float) -> Permit | Wait:
        """Take slots of every budget, or of none."""
        now = self._now()
        longest = 0.0, ""
        found: list[Slots] = []
        for budget, cost in budgets:
            slots, wait = self._looked_up(budget, cost, now)
            found.append(slots)
            if wait > longest[0]:
                longest = wait, budget.key
        if longest[0] > 0:
            return Wait(*longest)
        number = str(next(self._numbers))
        granted: list[tuple[Budget, int]] = []
        for slots, (budget, cost) in zip(found, budgets, strict=True):
            # Again: one looked up later may have taken the place of one that was idle.
            self._slots[budget.key] = slots
            granted.append((slots.take(number, budget, cost, now + hold), cost))
        return Permit(number, tuple(granted))

    async def give_back(self, permit: Permit, sent: bool, linger: float = 0.0) -> None:
        """Let the permit's slots rest, or free them at once where nothing was sent."""
        now = self._now()
        for budget, _ in permit.budgets:
            slots = self._slots.get(budget.key)
            if slots is not None:
                slots.give_back(permit.id, now + budget.seconds + linger if sent else None)

    async def block(self, key: str, seconds: float, beyond: int = 0) -> None:
        """Let nothing beyond that many slots of the key through for that long."""
        if seconds > 0:
            self._slots.setdefault(key, Slots()).block(self._now() + seconds, beyond)

    async def usage(self, keys: Sequence[str]) -> Mapping[str, Usage]:
        """Return how budgets stand."""
        now = self._now()
        return {key: self._slots[key].usage(now) for key in keys if key in self._slots}

    def _looked_up(self, budget: Budget, cost: int, now: float) -> tuple[Slots, float]:
        """Return the slots of a budget and how long there is no room in them."""
        cold = self._opened + budget.seconds + TRANSIT - now if 0.0 < budget.seconds <= self._cold else 0.0
        slots = self._slots.get(budget.key)
        if slots is None:
            slots, full = Slots(), self._make_room(now)
            if full > 0:
                return slots, max(cold, full)
            self._slots[budget.key] = slots
        self._slots.move_to_end(budget.key)
        return slots, max(cold, slots.wait(budget, cost, now))

    def _make_room(self, now: float) -> float:
        """Forget keys used longest ago that remember nothing that counts; return how long there is no room."""
        # Two for each one that comes: the table shrinks again after a rush.
        for _ in range(2):
            if not self._slots:
                return 0.0
            key, oldest = next(iter(self._slots.items()))
            if oldest.idle_in(now) > 0:
                break
            del self._slots[key]
        return next(iter(self._slots.values())).idle_in(now) if len(self._slots) >= MAX_KEYS else 0.0
