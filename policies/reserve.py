"""How many slots of a budget the less urgent leave to the more urgent: a fifth, or what these lately used at once.

    slots   |<-- the less urgent may use -->|<-- in use by the more urgent -->|<-- left to them -->|
                                            |<------------ the most they lately used ------------->|

A fifth alone is not enough: slots that are taken together come back together, a window later. Orders at half of a limit
would soon have used their fifth, and wait for the rest of the window behind catalog reads that came before them.
"""

from heapq import heappop, heappush
from math import ceil, floor

TINY = 5
"""A limit of so few requests keeps none of them back."""
SHARE = 0.2
STEPS = 20
"""What is left is counted in so many steps of a limit; one of them is never kept from the less urgent."""
FORGETTING = 0.95
"""What a window leaves of the most that was used at once: half of it is forgotten in thirteen of them."""


def reserve(requests: int) -> int:
    """Return how many of so many slots are left to the more urgent, however few these use."""
    return 0 if requests <= TINY else max(1, floor(requests * SHARE))


class Reserve:
    """What the more urgent of one process use of one budget; while nobody urgent ever came, nothing is kept.

    `window` is how long a slot rests after an answer. Moments are seconds of a clock that never goes back.
    """

    __slots__ = ("_at", "_held", "_most", "_rested", "_resting", "_wanted", "_window")

    def __init__(self, window: float) -> None:
        self._window = window
        self._wanted = False
        self._held = 0
        self._resting: list[tuple[float, int]] = []
        self._rested = 0
        self._most = 0.0
        self._at = 0.0

    def taken(self, cost: int, now: float) -> None:
        """Count slots that somebody urgent took."""
        self._wanted = True
        self._held += cost
        self._most, self._at = max(self._faded(now), self._used(now)), now

    def given_back(self, cost: int, until: float | None) -> None:
        """Count slots that rest `until` then, or are free at once."""
        self._held -= cost
        if until is not None:
            heappush(self._resting, (until, cost))
            self._rested += cost

    def left(self, requests: int, now: float) -> int:
        """Return how many slots of a limit of so many `requests` the less urgent have to leave now.

        In steps: permits that are leased ahead of need are good for whoever has to leave as many.
        """
        kept = reserve(requests)
        if not kept or not self._wanted:
            return 0
        step = max(1, requests // STEPS)
        most = min(ceil(self._faded(now)), requests - step)
        return ceil(max(kept, most - self._used(now)) / step) * step

    def _used(self, now: float) -> int:
        while self._resting and self._resting[0][0] <= now:
            self._rested -= heappop(self._resting)[1]
        return self._held + self._rested

    def _faded(self, now: float) -> float:
        if self._window <= 0:
            return 0.0
        return float(self._most * FORGETTING ** ((now - self._at) / self._window))
