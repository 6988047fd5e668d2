"""Reads, seldom, what providers publish about their own limits, and has their pacers keep to it."""

import asyncio
import random
from collections.abc import Iterable

import structlog

from adapters.contract.errors import AdapterError
from gateway.errors import AdapterFault
from gateway.providers.limits import rules_of
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within
from policies.errors import PolicyError
from policies.queueing import Priority, Standing

FIRST_SECONDS = 60.0
"""How long after the start it is read first, at most doubled by chance: others start too."""
INTERVAL = 86_400.0
"""Seconds between two reads."""
_PATIENCE = 60.0

log = structlog.get_logger("ordergate.provider")


async def learn(provider: Provider) -> bool:
    """Have one provider's pacer keep to what it publishes; tell whether it could be read."""
    trip = Trip(within(_PATIENCE), "published-limits", standing=Standing(Priority.BULK))
    try:
        limits = await provider.run(provider.adapter.published_limits(), trip)
    except (AdapterError, PolicyError, AdapterFault) as error:
        log.warning("published limits cannot be read", provider=provider.name, error=type(error).__name__)
        return False
    provider.pacer.learn(rules_of(limits))
    return True


class PublishedLimits:
    """Asks every provider that publishes its limits, until stopped."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self, providers: Iterable[Provider]) -> None:
        """Begin."""
        asked = [provider for provider in providers if provider.adapter.has("published_limits")]
        if asked:
            self._task = asyncio.create_task(self._ask(asked), name="published limits")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self, providers: list[Provider]) -> None:
        await asyncio.sleep(FIRST_SECONDS * random.uniform(1, 2))  # noqa: S311 - spreads load, hides nothing
        while True:
            for provider in providers:
                await learn(provider)
            await asyncio.sleep(INTERVAL)
