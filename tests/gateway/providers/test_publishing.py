"""What a provider publishes about its limits is read each day and kept to: bol's resource, in virtual time."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from typing_extensions import override

from adapters.bol.limits import PUBLISHED, published
from adapters.contract.flow import Flow
from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest, HttpResponse, json_body
from gateway.providers import publishing
from gateway.providers.provider import Provider
from gateway.providers.publishing import FIRST_SECONDS, INTERVAL, PublishedLimits
from policies.errors import CapacityExceeded
from support.pacing import use
from support.scripted_provider import Network, ScriptedAdapter, provider_of, reply
from support.virtual_time import run

ORDERS = HttpRequest("GET", "/retailer/orders")


@pytest.fixture(autouse=True)
def asked_as_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests put the first read off."""
    monkeypatch.setattr(publishing, "FIRST_SECONDS", FIRST_SECONDS)


class Publishing(ScriptedAdapter):
    """Publishes its limits as bol does; ten a minute are configured."""

    @override
    def published_limits(self) -> Flow[tuple[RateLimit, ...]]:
        response: HttpResponse = yield HttpRequest("GET", PUBLISHED, step="limits")
        return published(response.json())


def told(capacity: int) -> HttpResponse:
    """Return bol's resource, as far as it is about orders (API Conventions, rate limits)."""
    entry: Mapping[str, Any] = {"path": "/retailer/orders", "methods": "GET", "maxCapacity": str(capacity)}
    return HttpResponse(200, {}, json_body([{**entry, "timeToLive": "1", "timeUnit": "MINUTES"}]))


def account(network: Network) -> Provider:
    return provider_of(network, Publishing(limits=[RateLimit("GET", "/retailer/orders", 10, 60.0, "test")]))


async def at_once(provider: Provider) -> int:
    """Return how many requests are let through at once; in a minute none of them counts any more."""
    for number in range(30):
        try:
            await use(provider.pacer, ORDERS, timeout=0.0)
        except CapacityExceeded:
            await asyncio.sleep(120.0)
            return number
    raise AssertionError


def test_what_is_published_counts_from_its_first_read_and_is_read_again_each_day() -> None:
    """The lower of what is configured and what is published: ten, four of four, ten of a hundred, six of six."""

    async def main() -> list[int]:
        provider, polling = account(network), PublishedLimits()
        polling.start([provider])
        seen = [await at_once(provider)]
        await asyncio.sleep(2 * FIRST_SECONDS - 120.0)
        for _ in range(3):
            seen.append(await at_once(provider))
            await asyncio.sleep(INTERVAL - 120.0)
        await polling.stop()
        provider.close()
        return seen

    network = Network(told(4), told(100), told(6))
    assert run(main()) == [10, 4, 10, 6]
    assert [request.route for request in network.requests] == [PUBLISHED] * len(network.requests)
    assert FIRST_SECONDS <= network.times[0] <= 2 * FIRST_SECONDS
    assert abs(network.times[1] - network.times[0] - INTERVAL) < 1


def test_a_read_that_fails_changes_nothing() -> None:
    """What was read the day before holds; the next day it is asked again."""

    async def main() -> list[int]:
        provider, polling = account(network), PublishedLimits()
        polling.start([provider])
        seen = []
        await asyncio.sleep(2 * FIRST_SECONDS)
        for _ in range(3):
            seen.append(await at_once(provider))
            await asyncio.sleep(INTERVAL - 120.0)
        await polling.stop()
        provider.close()
        return seen

    network = Network(told(4), reply(500), told(6))
    assert run(main()) == [4, 4, 6]
