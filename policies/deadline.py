"""The end of the time that a request has: one object, asked by every hop on the way.

How long a caller waits and how long an order is wanted are other clocks: this one is the request's own, from its
arrival until its last byte may come from the provider.
"""

from collections.abc import Callable
from typing import NamedTuple


class Deadline(NamedTuple):
    """A moment on the clock `now` (monotonic, seconds) after which nothing is begun any more."""

    at: float
    now: Callable[[], float]

    def left(self) -> float:
        """Return the seconds until then, 0.0 when it is over."""
        return max(0.0, self.at - self.now())

    def share(self, own: float) -> float:
        """Return the seconds a hop may take: its own bound, or what is left of the whole."""
        return min(own, self.left())

    def allows(self, seconds: float) -> bool:
        """Tell whether something that takes this long can be done before."""
        return self.now() + seconds <= self.at
