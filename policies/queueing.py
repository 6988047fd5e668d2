"""Who goes next of those who wait for the same budget: by class, then by weight between callers, then first come.

0 resolve   what became of a commit, and taking one back  ┐
1 commit    what changes something                        │ strictly one before the other
2 status    how something that was changed stands         ┘
3 browse    what somebody looks at                        ┐ four to one; together one in twenty while the others
4 bulk      what nobody waits for                         ┘ keep coming
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, NamedTuple, Protocol, TypeVar


class Priority(IntEnum):
    """The class of a request."""

    RESOLVE = 0
    COMMIT = 1
    STATUS = 2
    BROWSE = 3
    BULK = 4


FLOOR = 20
"""One turn in so many is for classes 3 and 4 while more urgent ones keep coming."""

_URGENT = (Priority.RESOLVE, Priority.COMMIT, Priority.STATUS)
_WEIGHTS = {Priority.BROWSE: 4.0, Priority.BULK: 1.0}


class Standing(NamedTuple):
    """On whose behalf a request waits, and how much that counts: a caller of weight 2 gets twice as many turns."""

    priority: Priority = Priority.STATUS
    caller: str = ""
    weight: float = 1.0

    @property
    def is_urgent(self) -> bool:
        """Tell whether slots are kept free for such a request."""
        return self.priority in _URGENT


NOBODY = Standing()
"""Nobody in particular: what the gateway asks for itself."""


class Waiting(Protocol):
    """One that waits. `number` is in the order of arrival; it stays when one waits for another budget later on."""

    @property
    def standing(self) -> Standing:
        """Return on whose behalf."""
        ...

    @property
    def number(self) -> int:
        """Return its place in the order of arrival."""
        ...


W = TypeVar("W", bound=Waiting)


@dataclass(slots=True)
class _Turns(Generic[W]):
    """Those of one class: each caller's in the order of arrival, and how far each caller's turns have got."""

    of: dict[str, list[W]] = field(default_factory=dict)
    passed: dict[str, float] = field(default_factory=dict)
    now: float = 0.0

    def add(self, waiting: W) -> None:
        caller = waiting.standing.caller
        if caller not in self.of:
            self.of[caller] = []
            # Who comes back has no turns saved up, and has not forgotten those that were had.
            self.passed[caller] = max(self.now, self.passed.get(caller, 0.0))
        insort(self.of[caller], waiting, key=_number)

    def remove(self, waiting: W) -> None:
        caller = waiting.standing.caller
        self.of[caller].remove(waiting)
        if not self.of[caller]:
            del self.of[caller]
            self.passed = {name: turns for name, turns in self.passed.items() if name in self.of or turns > self.now}

    def first(self) -> W:
        caller = min(self.of, key=lambda name: (self.passed[name], self.of[name][0].number))
        return self.of[caller][0]

    def served(self, standing: Standing, cost: int) -> None:
        self.now = self.passed[standing.caller]
        self.passed[standing.caller] += cost / standing.weight


class Line(Generic[W]):
    """Those who wait for one budget."""

    def __init__(self) -> None:
        self._classes: dict[Priority, _Turns[W]] = {priority: _Turns() for priority in Priority}
        self._background = dict.fromkeys(_WEIGHTS, 0.0)
        self._background_now = 0.0
        self._urgent_turns = 0
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[W]:
        for turns in self._classes.values():
            for several in turns.of.values():
                yield from several

    def add(self, waiting: W) -> None:
        """Let one more wait."""
        priority = waiting.standing.priority
        if priority in _WEIGHTS and not self._classes[priority].of:
            self._background[priority] = max(self._background[priority], self._background_now)
        self._classes[priority].add(waiting)
        self._length += 1

    def remove(self, waiting: W) -> None:
        """Let one go without a turn."""
        self._classes[waiting.standing.priority].remove(waiting)
        self._length -= 1

    def serve(self, waiting: W, cost: int) -> None:
        """Let one go that had its turn."""
        priority = waiting.standing.priority
        self._classes[priority].served(waiting.standing, cost)
        if priority in _WEIGHTS:
            self._urgent_turns = 0
            self._background_now = self._background[priority]
            self._background[priority] += cost / _WEIGHTS[priority]
        elif any(self._classes[one].of for one in _WEIGHTS):
            self._urgent_turns += 1
        self.remove(waiting)

    def first(self) -> W | None:
        """Return who is next, or None."""
        if not self._length:
            return None
        urgent = next((self._classes[one] for one in _URGENT if self._classes[one].of), None)
        waiting = [one for one in _WEIGHTS if self._classes[one].of]
        if waiting and (urgent is None or self.is_floor):
            return self._classes[min(waiting, key=lambda one: self._background[one])].first()
        return None if urgent is None else urgent.first()

    @property
    def is_floor(self) -> bool:
        """Tell whether this is the turn that is kept for those who are not urgent."""
        return self._urgent_turns >= FLOOR - 1

    def ahead(self, priority: Priority) -> int:
        """Return how many wait that go before, or may go before, a newcomer of this class."""
        return sum(len(several) for one in Priority if one <= priority for several in self._classes[one].of.values())

    def of(self, caller: str) -> int:
        """Return how many of one caller's wait."""
        return sum(len(turns.of.get(caller, ())) for turns in self._classes.values())


def _number(waiting: Waiting) -> int:
    return waiting.number
