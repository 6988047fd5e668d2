import asyncio
from typing import Any

import pytest

from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest, json_body
from gateway.providers import needs
from gateway.providers.heeding import Refused
from policies import local_permits
from policies.errors import CapacityExceeded
from policies.local_permits import LocalPermits
from support.pacing import EVERY_MINUTE, ORDER, ORDERS, now, pacer_of, refuse, soon, use
from support.virtual_time import run

EVERY_SECOND = RateLimit("*", "*", 4, 1.0, "test")
PER_CUSTOMER = RateLimit("POST", "/checkout", 5, 3600.0, "test", partition="/customer/email")


def checkout(email: Any) -> HttpRequest:
    return HttpRequest("POST", "/checkout", body=json_body({"customer": {"email": email}}))


def test_every_matching_limit_counts() -> None:
    """An account-wide limit and one for the route hold together."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 4, 10.0, "test"), RateLimit("GET", "/orders", 2, 60.0, "test"))
        for _ in range(2):
            await use(pacer, ORDERS)
        with pytest.raises(CapacityExceeded):
            await use(pacer, ORDERS, timeout=30.0)
        for _ in range(2):
            assert await use(pacer, ORDER, timeout=0.0) == soon(0.0)
        assert await use(pacer, ORDER) == soon(10.1)

    run(main())


def test_a_request_without_a_limit_is_let_through() -> None:
    """Where a provider documents nothing, nothing is paced."""

    async def main() -> None:
        pacer = pacer_of(EVERY_MINUTE)
        assert await asyncio.gather(*(use(pacer, ORDER, timeout=0.0) for _ in range(100))) == soon([0.0] * 100)

    run(main())


def test_a_provider_that_asks_for_a_pause_gets_it() -> None:
    """After a 429 everything that the limit counts waits, those already in the queue included."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("GET", "/orders", 100, 1.0, "test"))
        await refuse(pacer, ORDERS, 30.0)
        waiting = asyncio.create_task(use(pacer, ORDERS))
        await asyncio.sleep(10.0)
        await pacer.heed(ORDERS, pacer.admitted(ORDERS, 1.0).needs, None, (), Refused(90.0))
        await pacer.heed(ORDERS, pacer.admitted(ORDERS, 1.0).needs, None, (), Refused(1.0))
        assert await use(pacer, ORDER) == soon(10.0)
        assert await waiting == soon(100.0)

    run(main())


@pytest.mark.parametrize(
    ("asked", "given_"),
    [(1e9, 600.0), (float("inf"), 600.0), (float("nan"), 1.0), (None, 1.0), (-5.0, 0.0), (0.5, 0.5)],
)
def test_a_pause_has_bounds(asked: float | None, given_: float) -> None:
    """No provider can stop an account for longer than ten minutes; one that asks for nothing gets a window."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("GET", "/orders", 100, 1.0, "test"))
        await refuse(pacer, ORDERS, asked)
        assert await use(pacer, ORDERS) == soon(given_)

    run(main())


def test_those_who_share_a_limit_do_not_all_come_back_at_once() -> None:
    """By chance a pause is up to a tenth longer, and never shorter than asked for."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("GET", "/orders", 100, 1.0, "test"), chance=lambda: 0.5)
        await refuse(pacer, ORDERS, 10.0)
        assert await use(pacer, ORDERS) == soon(10.5)

    run(main())


def test_a_pause_without_a_documented_limit_is_the_routes_own() -> None:
    """A 429 where no limit is documented holds up this method and route, and nothing is paced afterwards."""

    async def main() -> None:
        pacer = pacer_of()
        await refuse(pacer, ORDERS, 7.0)
        assert await use(pacer, ORDER) == soon(0.0)
        with pytest.raises(CapacityExceeded) as refused:
            await use(pacer, ORDERS, timeout=1.0)
        assert refused.value.retry_after == soon(7.0)
        assert await asyncio.gather(*(use(pacer, ORDERS) for _ in range(50))) == soon([7.0] * 50)

    run(main())


def test_each_customer_has_a_budget_of_their_own() -> None:
    """Five an hour for each e-mail address, as Reusely has it; the sixth is refused and told when."""

    async def main() -> None:
        pacer = pacer_of(PER_CUSTOMER)
        for _ in range(5):
            await use(pacer, checkout("a@example.org"), timeout=10.0)
        with pytest.raises(CapacityExceeded) as refused:
            await use(pacer, checkout(" A@Example.org"), timeout=10.0)
        assert refused.value.retry_after == soon(3636.0)
        assert await use(pacer, checkout("b@example.org"), timeout=10.0) == soon(0.0)
        await asyncio.sleep(3636.0)
        await use(pacer, checkout("a@example.org"), timeout=0.0)

    run(main())


def test_a_pause_of_one_customer_is_nobody_elses() -> None:
    """A 429 for one e-mail address does not block the account."""

    async def main() -> None:
        pacer = pacer_of(PER_CUSTOMER, EVERY_SECOND)
        await refuse(pacer, checkout("a@example.org"), 60.0)
        assert await use(pacer, checkout("b@example.org")) == soon(0.0)
        assert await use(pacer, checkout("a@example.org")) == soon(60.0)

    run(main())


@pytest.mark.parametrize("body", [None, b"", b"{", b"[]", b'{"customer":{}}', b'{"customer":{"email":null}}'])
def test_requests_that_name_no_customer_share_one_budget(body: bytes | None) -> None:
    """What cannot be told apart is counted together, so that the limit holds either way."""

    async def main() -> None:
        pacer = pacer_of(PER_CUSTOMER)
        for _ in range(5):
            await use(pacer, HttpRequest("POST", "/checkout", body=body), timeout=10.0)
        with pytest.raises(CapacityExceeded):
            await use(pacer, HttpRequest("POST", "/checkout", body=body), timeout=10.0)

    run(main())


def test_customers_are_forgotten_when_they_no_longer_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is bounded: a newcomer takes an idle one's place, or is refused while all of them count."""
    monkeypatch.setattr(local_permits, "MAX_KEYS", 3)

    async def main() -> None:
        permits = LocalPermits(now)
        pacer = pacer_of(PER_CUSTOMER, permits=permits)
        for name in "abc":
            await use(pacer, checkout(name))
            await asyncio.sleep(60.0)
        with pytest.raises(CapacityExceeded) as refused:
            await use(pacer, checkout("d"))
        assert refused.value.retry_after == soon(3636.0 - 180.0)
        await asyncio.sleep(refused.value.retry_after)
        await use(pacer, checkout("d"))
        assert len(permits._slots) == 3
        await asyncio.sleep(3 * 3636.0)
        for name in "efg":
            await use(pacer, checkout(name))
            assert len(permits._slots) <= 3

    run(main())


@pytest.mark.parametrize(
    ("body", "pointer", "value"),
    [
        (b'{"a":{"b":"x"}}', "/a/b", "x"),
        (b'{"a":[{"b":7}]}', "/a/0/b", 7),
        (b'{"a/b":{"c~d":"x"}}', "/a~1b/c~0d", "x"),
        (b'{"a":[]}', "/a/0", None),
        (b'{"a":[1]}', "/a/-", None),
        (b'{"a":{"b":{}}}', "/a/b", None),
        (b'"text"', "/a", None),
    ],
)
def test_pointers_are_those_of_rfc_6901(body: bytes, pointer: str, value: object) -> None:
    """Members by name, elements by index, `~1` for a slash and `~0` for a tilde (RFC 6901, sections 3 to 5)."""
    assert needs.member(body, pointer) == value


@pytest.mark.parametrize(("requests", "seconds"), [(0, 60.0), (-1, 60.0), (5, 0.0), (5, -1.0)])
def test_a_limit_that_allows_nothing_is_refused(requests: int, seconds: float) -> None:
    """A limit that nothing could ever pass is a mistake, found when it is declared."""
    with pytest.raises(ValueError, match="allows nothing"):
        pacer_of(RateLimit("*", "*", requests, seconds, "test"))
