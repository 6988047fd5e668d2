"""Callers are told how the providers' budgets stand that their request has met."""

from typing import Any

import pytest

from adapters.contract.flow import Flow
from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest
from gateway.api.budget_fields import budget_fields
from gateway.api.views import limits_view
from gateway.providers.trip import Trip, within
from policies.errors import CapacityExceeded
from support import virtual_time
from support.scripted_provider import READ, Network, ScriptedAdapter, provider_of

LIMIT = RateLimit("GET", "/orders", 2, 60.0, "a test")
PER_CUSTOMER = RateLimit("POST", "/checkout", 5, 3600.0, "a test", partition="/email")


def trip() -> Trip:
    """Return a call with half a minute."""
    return Trip(within(30.0), "request-1")


def sending(request: HttpRequest) -> Flow[Any]:
    """Make one request."""
    return (yield request)


def test_an_answer_tells_what_is_left_and_a_refusal_when_there_will_be_more() -> None:
    """RateLimit-Policy and RateLimit are structured fields (draft-ietf-httpapi-ratelimit-headers)."""
    provider = provider_of(Network(), ScriptedAdapter(limits=[LIMIT]))

    async def main() -> list[dict[str, str]]:
        told = []
        for _ in range(2):
            taken = trip()
            await provider.run(sending(READ), taken)
            told.append(await budget_fields([taken], {"shop": provider}))
        refused = trip()
        with pytest.raises(CapacityExceeded):
            await provider.run(sending(READ), refused)
        return [*told, await budget_fields([refused], {"shop": provider})]

    first, second, third = virtual_time.run(main())
    assert first == {
        "RateLimit-Policy": '"shop/get-orders-60s";q=2;w=60',
        "RateLimit": '"shop/get-orders-60s";r=1;t=60',
    }
    assert second["RateLimit"] == third["RateLimit"] == '"shop/get-orders-60s";r=0;t=61'


def test_a_partition_is_told_as_a_hash() -> None:
    """Never as the address that it is."""
    provider = provider_of(Network(), ScriptedAdapter(limits=[PER_CUSTOMER]))

    async def main() -> dict[str, str]:
        taken = trip()
        await provider.run(sending(HttpRequest("POST", "/checkout", body=b'{"email":"a@example.org"}')), taken)
        return await budget_fields([taken], {"shop": provider})

    told = virtual_time.run(main())
    assert told["RateLimit-Policy"].startswith('"shop/post-checkout-3600s";q=5;w=3600;pk=:')
    assert "example" not in str(told)


def test_the_list_of_limits_shows_how_each_stands() -> None:
    """What is used, when there is room again, and from when a request counts."""
    provider = provider_of(Network(), ScriptedAdapter(limits=[LIMIT]))

    async def main() -> tuple[int, int | None, str]:
        for _ in range(2):
            await provider.run(sending(READ), trip())
        (limit,) = (await limits_view(provider)).limits
        return limit.used, limit.free_in, limit.mode

    assert virtual_time.run(main()) == (2, 61, "strict")
