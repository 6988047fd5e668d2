"""A provider behind the catalog cache, with a clock of its own."""

import asyncio

from adapters.contract.errors import ProviderError
from gateway.cache import Cache, Content, Question, Told
from gateway.providers.trip import Trip, within
from gateway.telemetry.metrics import Metrics
from policies.freshness import ANY, Lifetime, Wish

LIFETIME = Lifetime(fresh=60.0, stale_while_revalidate=30.0, stale_if_error=600.0)


class Shop:
    """A provider with a clock: answers what it is told to, counts how often it was asked, waits while it is closed."""

    def __init__(
        self, max_bytes: int = 1024 * 1024, lifetime: Lifetime = LIFETIME, metrics: Metrics | None = None
    ) -> None:
        self.now = 1000.0
        self.cache = Cache(max_bytes, {}, lambda: self.now, metrics)
        self.lifetime = lifetime
        self.asked = 0
        self.answer: bytes | ProviderError | Exception = b'"old"'
        self.open = asyncio.Event()
        self.open.set()

    async def ask(self, trip: Trip) -> Content:
        """Answer as a provider does."""
        self.asked += 1
        await self.open.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return Content(self.answer)

    async def tell(self, key: str = "1", wish: Wish = ANY, left: float = 5.0) -> Told:
        """Ask as a caller does."""
        trip = Trip(within(left), "request")
        return await self.cache.tell(Question(("shop", "get_product", key), self.lifetime, self.ask), trip, wish)

    async def landed(self) -> None:
        """Wait until nothing is under way."""
        while flights := [flight.task for flight in self.cache._flights.values()]:
            await asyncio.wait(flights, timeout=5.0)
