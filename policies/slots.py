"""The slots of one budget: which are taken, which rest until when, and when there is room again."""

from heapq import heappop, heappush, nsmallest

from policies.permits import Budget, Usage

_MAX_BLOCKS = 32


class Slots:
    """The slots of one key. Moments are seconds of a clock that never goes back."""

    __slots__ = ("_blocks", "_in_use", "_limit", "_resting", "_taken", "_window")

    def __init__(self) -> None:
        self._limit = 0
        self._window = 0.0
        self._taken: dict[str, tuple[int, float]] = {}
        self._in_use = 0
        self._resting: list[float] = []
        self._blocks: list[tuple[float, int]] = []

    def wait(self, budget: Budget, cost: int, now: float) -> float:
        """Return in how many seconds there may be `cost` slots, at the earliest; 0.0: there are now."""
        self._limit, self._window = budget.requests, budget.seconds
        self._pass(now)
        if not self._blocks:
            missing = self._in_use + len(self._resting) + cost - _room(budget, budget.requests, cost)
            if missing <= 0:
                return 0.0
            self._expire(now)
            if missing <= len(self._resting):
                return nsmallest(missing, self._resting)[-1] - now
            return budget.seconds
        return self._wait_behind_blocks(budget, cost, now)

    def take(self, permit: str, budget: Budget, cost: int, until: float) -> Budget:
        """Take slots that there are, until they are given back or `until`; return the budget as it is in force."""
        self._taken[permit] = (cost, until)
        self._in_use += cost
        limit = self.limit(budget.requests)
        return budget if limit == budget.requests else Budget(budget.key, limit, budget.seconds, budget.reserve)

    def give_back(self, permit: str, until: float | None) -> None:
        """Let the slots of a permit rest `until` then, or free them; nothing happens when they are back already."""
        cost, _ = self._taken.pop(permit, (0, 0.0))
        self._in_use -= cost
        if until is not None:
            for _ in range(cost):
                heappush(self._resting, until)

    def block(self, until: float, beyond: int) -> None:
        """Let nothing beyond that many slots through until then."""
        if any(end >= until and room <= beyond for end, room in self._blocks):
            return
        kept = [(end, room) for end, room in self._blocks if end > until or room < beyond]
        # The loosest goes where there are too many: it is the one that is felt least.
        self._blocks = sorted([*kept, (until, beyond)], key=lambda one: one[1])[:_MAX_BLOCKS]

    def limit(self, requests: int) -> int:
        """Return how many slots there are in all, of so many that are configured."""
        return min([requests, *(room for _, room in self._blocks)])

    def idle_in(self, now: float) -> float:
        """Return in how many seconds these slots remember nothing that still counts, as far as is known now."""
        self._pass(now)
        self._expire(now)
        if self._taken:
            return self._window
        return max([0.0, *(end - now for end, _ in self._blocks), *(end - now for end in self._resting)])

    def usage(self, now: float) -> Usage:
        """Return how the slots stand."""
        self._pass(now)
        self._expire(now)
        stopped = max([0.0, *(end - now for end, room in self._blocks if room == 0)])
        free_in = self.wait(Budget("", self._limit, self._window), 1, now) if self._limit else stopped
        return Usage(self._in_use + len(self._resting), self.limit(self._limit), free_in, stopped)

    def _pass(self, now: float) -> None:
        """Forget what is over."""
        while self._resting and self._resting[0] <= now:
            heappop(self._resting)
        if self._blocks:
            self._blocks = [one for one in self._blocks if one[0] > now]

    def _expire(self, now: float) -> None:
        """Let the slots rest that were not given back in time: whoever had them is gone."""
        for permit in [permit for permit, (_, until) in self._taken.items() if until <= now]:
            self.give_back(permit, self._taken[permit][1] + self._window)
        self._pass(now)

    def _wait_behind_blocks(self, budget: Budget, cost: int, now: float) -> float:
        """Return the wait where limits change on the way: the first moment at which there is room."""
        self._expire(now)
        answered = now + budget.seconds
        events = [*self._resting, *(end for end, _ in self._blocks), answered]
        for moment in (now, *sorted(events)):
            used = sum(end > moment for end in self._resting) + (self._in_use if moment < answered else 0)
            limit = min([budget.requests, *(room for end, room in self._blocks if end > moment)])
            if used + cost <= _room(budget, limit, cost):
                return moment - now
        return budget.seconds


def _room(budget: Budget, limit: int, cost: int) -> int:
    """Return how many slots may be used; a reserve never keeps everything, nor out whoever needs more than the rest."""
    return max(limit - budget.reserve, min(cost, limit))
