"""What is concluded from a provider's refusal: how long nothing goes, and how many go for a while after that.

slots  N ──┐429                        ┌── N
           │                        ┌──┘
           │                     ┌──┘     a tenth more in each window
           └─────────────────────┘
             a fifth less for ten windows
"""

from collections.abc import Iterator
from math import floor, isnan

from policies.permits import Budget

LONGEST_BLOCK = 600.0
"""How long, in seconds, a provider can stop an account at most, or its window where that is longer."""

_CUT = 0.8
_STEPS = 10
_WINDOWS = 10


def pause(asked: float | None, seconds: float) -> float:
    """Return for how long nothing goes after a refusal: what the provider asks for, within bounds.

    A provider that asks for nothing gets a window of `seconds`, a minute at most.
    """
    if asked is None or isnan(asked):
        return min(seconds, 60.0)
    return min(max(0.0, asked), max(LONGEST_BLOCK, seconds))


def cuts(granted: Budget, configured: int) -> Iterator[tuple[int, float]]:
    """Yield what to let through after a refusal, each with for how many seconds: fewer at first, then more and more.

    `granted` is the budget as it was in force when the refused request got its permit: requests that were refused
    together conclude the same.
    """
    beyond = max(1, floor(granted.requests * _CUT))
    windows = _WINDOWS
    while beyond < configured:
        yield beyond, windows * granted.seconds
        beyond += max(1, configured // _STEPS)
        windows += 1
