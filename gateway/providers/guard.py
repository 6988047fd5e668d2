"""What keeps one account, and those who use it, from harm: its circuit, its bulkheads, the budget of its retries."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

from adapters.contract.errors import ProviderError, RateLimited
from adapters.contract.flow import Answer
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest
from gateway.config.resilience import Resilience
from gateway.errors import rule
from gateway.providers.circuit import Circuit
from gateway.providers.trip import Trip
from policies.breaker import Breaker, BreakerSettings
from policies.bulkhead import Bulkhead, Place
from policies.retry import Backoff, RetryBudget

LOOK_UPS = 4
"""Look-ups of operations in doubt at once: places of their own, for they must go on while reads hang."""
ANSWER_SECONDS = 0.2
"""The least that a read needs to be answered: what has less left is not tried again."""


class Guard:
    """Guards one account. `traits` are those of its writes by step; `ask` makes one read, see `Circuit`."""

    def __init__(
        self, name: str, traits: Mapping[str, Trait], settings: Resilience, ask: Callable[[], Awaitable[bool]]
    ) -> None:
        # Its own generator: the one that all share is others' to seed.
        chance = random.Random()  # noqa: S311 - spreads tries, hides nothing
        self.chance = chance.random
        breaker = BreakerSettings(failures=settings.breaker_failures, pause=settings.breaker_pause)
        self.circuit = Circuit(name, Breaker(breaker, self.chance), ask)
        self.budget = RetryBudget()
        self.writes = Backoff(base=1.0, cap=60.0, most=settings.order_retries)
        self._reads = Backoff(base=0.1, cap=5.0, most=settings.read_retries)
        self._traits = traits
        self._places = {
            "order": Bulkhead(settings.orders_at_once),
            "blind": Bulkhead(settings.blind_orders_at_once),
            "read": Bulkhead(settings.reads_at_once),
            "look-up": Bulkhead(LOOK_UPS),
        }

    def admit(self, trip: Trip) -> None:
        """Count a request that is asked for. Raises CircuitOpen."""
        self.circuit.admit(trip.purpose)
        if trip.purpose == "call":
            self.budget.request(_now())

    def place(self, request: HttpRequest, trip: Trip, own: float) -> Place:
        """Return a context that holds a place among the requests of the same kind. Raises CircuitOpen.

        Entering raises Overloaded. Nothing was sent then.
        """
        if trip.purpose == "call":
            # It may have opened while this one waited for its turn.
            self.circuit.admit(trip.purpose)
        return self._places[self._kind(request, trip)].place(trip.standing, trip.left(own))

    def pause(self, request: HttpRequest, step: int, answer: Answer, tries: int, trip: Trip) -> float | None:
        """Return the pause before a read is tried again after `tries` more than one, or None where it is not.

        Writes are tried again where their journal is kept, and look-ups by whoever finds out; but a look-up that is in
        a later `step` of its flow goes on from there: to begin anew would be to read all pages before it again.
        """
        goes_on = trip.purpose == "find-out" and step > 0
        if request.effect == "commit" or (trip.purpose != "call" and not goes_on) or tries >= self._reads.most:
            return None
        if not isinstance(answer, ProviderError) or rule(answer).repeat != "soon":
            return None
        pause = self._reads.pause(tries, self.chance)
        if answer.retry_after is not None or isinstance(answer, RateLimited):
            pause = max(pause, answer.retry_after or 1.0)
        if not trip.deadline.allows(pause + ANSWER_SECONDS):
            return None
        return pause if goes_on or self.budget.take(_now()) else None

    def seen(self, answer: Answer, trip: Trip, generation: int) -> Answer:
        """Learn from what came of a request that was sent in the circuit's `generation`; return it."""
        self.circuit.seen(answer, trip.purpose, generation)
        return answer

    def takes_retry(self) -> bool:
        """Take a try of a write out of the budget of retries; tell whether there was one."""
        return self.budget.take(_now())

    def _kind(self, request: HttpRequest, trip: Trip) -> str:
        """Return what kind of request it is; `blind` are commits whose fate nothing would tell."""
        if request.effect == "commit":
            trait = self._traits.get(request.step)
            return "blind" if trait is None or trait.kind == "none" else "order"
        return "read" if trip.purpose == "call" else "look-up"


def _now() -> float:
    return asyncio.get_running_loop().time()
