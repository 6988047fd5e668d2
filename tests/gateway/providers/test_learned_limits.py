"""What a provider tells or publishes about its limits is kept to, where it is lower."""

import asyncio
from typing import Any

import pytest

from adapters.bol import limits as bol
from adapters.contract.limits import ToldLimit, told_limits
from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpResponse
from gateway.providers.pacing import Pacer
from policies.budget import Limits, Rule
from support.pacing import ORDERS, pacer_of, pacer_with, soon, use
from support.virtual_time import run

DATE = {"date": "Sun, 22 Nov 2026 06:00:00 GMT"}
EPOCH = 1_795_327_200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        # bol, API Conventions, Table 3: milliseconds since the epoch; seen: seconds from now, seconds since the epoch
        ({"x-ratelimit-limit": "25", "x-ratelimit-remaining": "7", "x-ratelimit-reset": str((EPOCH + 9) * 1000)}, 9.0),
        ({"x-ratelimit-limit": "25", "x-ratelimit-remaining": "7", "x-ratelimit-reset": str(EPOCH + 9)}, 9.0),
        ({"x-ratelimit-limit": "25", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "9"}, 9.0),
        ({"x-ratelimit-limit": "25", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "soon"}, None),
    ],
)
def test_a_reset_is_read_by_its_magnitude(headers: dict[str, str], expected: float | None) -> None:
    """Three readings of one header have been seen; none of them needs our clock."""
    assert told_limits(HttpResponse(200, {**DATE, **headers})) == (ToldLimit(25, 7, expected),)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ratelimit-policy": '"a";q=100;w=60', "ratelimit": '"a";r=5;t=30'}, (ToldLimit(100, 5, 30, 60),)),
        ({"ratelimit-policy": '"a";q=100;w=60, "b";q=5;w=1'}, (ToldLimit(100, window=60), ToldLimit(5, window=1))),
        ({"ratelimit": '"a";r=-1;t=x'}, ()),
        ({"ratelimit": "broken;;"}, ()),
        ({"x-ratelimit-limit": "9" * 40}, ()),
        ({}, ()),
    ],
)
def test_fields_of_the_draft_are_read_and_junk_tells_nothing(headers: dict[str, str], expected: Any) -> None:
    """RateLimit and RateLimit-Policy are structured fields (draft-ietf-httpapi-ratelimit-headers)."""
    assert told_limits(HttpResponse(200, headers)) == expected


async def answered(pacer: Pacer, *told: ToldLimit) -> None:
    """Send one request whose answer tells a limit."""
    async with pacer.admitted(ORDERS, 1.0) as admission:
        admission.leaving()
        admission.answered(told)


def test_a_lower_limit_counts_from_the_next_request_and_goes_when_it_is_taken_back() -> None:
    """Ten in a minute are three when the provider says so, and ten again when it says that."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 10, 60.0, "test"))
        await answered(pacer, ToldLimit(3))
        times = await asyncio.gather(*(use(pacer, ORDERS) for _ in range(3)))
        assert times == soon([0.0, 0.0, 60.6])
        await answered(pacer, ToldLimit(100))
        assert await asyncio.gather(*(use(pacer, ORDERS) for _ in range(8))) == soon([60.6] * 8)

    run(main())


def test_a_ceiling_lets_the_provider_raise_a_limit_so_far() -> None:
    """Two in a minute may become four, and never the hundred that the provider claims."""

    async def main() -> None:
        pacer = pacer_with(Limits([Rule("all", "*", "*", 2, 60.0, ceiling=4)]))
        await answered(pacer, ToldLimit(100))
        times = await asyncio.gather(*(use(pacer, ORDERS) for _ in range(4)))
        assert times == soon([0.0] * 3 + [60.6])

    run(main())


def test_what_others_have_used_up_is_not_used_again() -> None:
    """Of ten one is used by us; the provider says that two remain for half a minute: two go, the third waits."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 10, 60.0, "test"))
        await answered(pacer, ToldLimit(10, 2, 30.0))
        assert await asyncio.gather(*(use(pacer, ORDERS) for _ in range(3))) == soon([0.0, 0.0, 30.0])

    run(main())


def test_a_share_leaves_the_rest_to_others() -> None:
    """Four fifths of ten are eight."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 10, 60.0, "test"), share=0.8)
        assert await asyncio.gather(*(use(pacer, ORDERS) for _ in range(9))) == soon([0.0] * 8 + [60.6])

    run(main())


def test_the_list_that_bol_publishes_lowers_and_adds_windows() -> None:
    """Entries as seen, numbers as text; a higher number changes nothing, another window counts besides."""
    raw = [
        {"path": "/a", "methods": "GET, HEAD", "maxCapacity": "20", "timeToLive": "1", "timeUnit": "MINUTES"},
        {"path": "/b/*", "methods": "GET", "maxCapacity": "99", "timeToLive": "1", "timeUnit": "MINUTES"},
        {"path": "/c", "methods": "GET", "maxCapacity": "2", "timeToLive": "1", "timeUnit": "SECONDS"},
        {"path": "/c", "methods": "GET", "maxCapacity": "none", "timeToLive": "1", "timeUnit": "YEARS"},
        "junk",
    ]
    told = [
        Rule(str(index), one.method, one.route, one.requests, one.seconds)
        for index, one in enumerate(bol.published(raw))
    ]
    known = Limits(
        [Rule("a", "GET", "/a", 25, 60.0), Rule("b", "GET", "/b/{id}", 25, 60.0), Rule("c", "GET", "/c", 50, 60.0)],
        "most_specific",
    )
    learned = {rule.id: (rule.requests, rule.seconds) for rule in known.learned(told).rules}
    assert learned == {"a": (20, 60.0), "b": (25, 60.0), "c": (50, 60.0), "c-1s": (2, 1.0)}
