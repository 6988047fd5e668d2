"""How long an answer may be told again: decided from its age, its lifetimes and what the caller asks for.

    age 0 ─────────── fresh ─────── fresh + stale_while_revalidate ─── fresh + stale_if_error ───► ask
          tell                tell, and renew                       ask; tell where asking failed

The two stale times both begin where `fresh` ends, as in RFC 5861; either may be the longer one.
"""

import math
from dataclasses import dataclass
from typing import Literal

Decision = Literal["tell", "tell-and-renew", "ask", "give-up"]
"""`give-up`: nothing that is kept will do, and the caller wants nothing else."""

PAUSE_SECONDS = 5.0
"""For how long after a failure nobody is made to wait for the next one while something usable is kept."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long an answer is told again, in seconds from the moment it was asked for.

    `fresh`: without asking. `stale_while_revalidate`: that much longer while it is renewed behind the caller's back.
    `stale_if_error`: that much longer than `fresh` where renewing it failed.
    """

    fresh: float
    stale_while_revalidate: float = 0.0
    stale_if_error: float = 0.0

    @property
    def longest(self) -> float:
        """Return the age up to which the answer is of any use."""
        return self.fresh + max(self.stale_while_revalidate, self.stale_if_error)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller asks of kept answers: none older than `max_age` (below 0: none), none but kept ones, none kept."""

    max_age: float = math.inf
    only_if_cached: bool = False
    no_store: bool = False


ANY = Wish()


def decide(age: float | None, lifetime: Lifetime, wish: Wish = ANY, since_failure: float = math.inf) -> Decision:
    """Return what to do with a kept answer of this age (None: there is none).

    `since_failure` is how many seconds ago the last try to renew it failed.
    """
    otherwise: Decision = "give-up" if wish.only_if_cached else "ask"
    if age is None or wish.no_store or age > wish.max_age:
        return otherwise
    if age <= lifetime.fresh:
        return "tell"
    rests = since_failure < PAUSE_SECONDS
    if age <= lifetime.fresh + lifetime.stale_while_revalidate:
        return "tell" if rests or wish.only_if_cached else "tell-and-renew"
    return "tell" if rests and tells_after_failure(age, lifetime, wish) else otherwise


def tells_after_failure(age: float, lifetime: Lifetime, wish: Wish = ANY) -> bool:
    """Tell whether an answer of this age stands in for one that could not be had."""
    return not wish.no_store and age <= wish.max_age and age <= lifetime.longest
