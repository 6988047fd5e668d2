import asyncio
import itertools
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest, json_body
from gateway.providers import pacing, slots
from gateway.providers.evidence import SendFailed
from gateway.providers.pacing import Pacer, PacingRefused
from support.virtual_time import run

ORDERS = HttpRequest("GET", "/orders")
ORDER = HttpRequest("GET", "/orders/{order_id}", {"order_id": "1"})

EVERY_MINUTE = RateLimit("GET", "/orders", 3, 60.0, "test")
EVERY_SECOND = RateLimit("*", "*", 4, 1.0, "test")
PER_CUSTOMER = RateLimit("POST", "/checkout", 5, 3600.0, "test", partition="/customer/email")


def checkout(email: Any) -> HttpRequest:
    return HttpRequest("POST", "/checkout", body=json_body({"customer": {"email": email}}))


def soon(expected: Any) -> Any:
    """Return an expectation to the microsecond: work takes some nanoseconds."""
    return pytest.approx(expected, abs=1e-6)


def now() -> float:
    return asyncio.get_running_loop().time()


async def use(pacer: Pacer, request: HttpRequest, timeout: float = 1000.0, takes: float = 0.0) -> float:  # noqa: ASYNC109
    """Send one request that is answered after `takes` seconds; return when it was let through."""
    async with pacer.admitted(request, timeout):
        admitted = now()
        await asyncio.sleep(takes)
    return admitted


def test_a_burst_as_large_as_the_limit_waits_for_nothing() -> None:
    """Three in sixty seconds are three at once; the fourth goes a minute (and one percent) after the first answer."""

    async def main() -> None:
        pacer = Pacer([EVERY_MINUTE])
        times = await asyncio.gather(*(use(pacer, ORDERS, takes=2.0) for _ in range(4)))
        assert times[:3] == soon([0.0] * 3)
        assert times[3] == soon(2.0 + 60.6)

    run(main())


def test_short_windows_are_spaced_as_well() -> None:
    """Four a second go a quarter of a second apart, for a provider that looks at less than a whole second."""

    async def main() -> None:
        pacer = Pacer([EVERY_SECOND])
        times = await asyncio.gather(*(use(pacer, ORDERS) for _ in range(4)))
        assert times == soon([0.0, 0.25, 0.5, 0.75])

    run(main())


@given(
    requests=st.integers(1, 5),
    window=st.sampled_from([0.5, 1.0, 3.0]),
    calls=st.lists(st.tuples(st.floats(0, 3), st.floats(0, 2), st.floats(0, 2), st.booleans()), max_size=40),
)
def test_no_window_ever_sees_more_than_the_limit(
    requests: int, window: float, calls: Sequence[tuple[float, float, float, bool]]
) -> None:
    """Whatever the load and however long requests travel, no window of T begins in which more than N arrive."""
    arrivals: list[float] = []

    async def call(pacer: Pacer, after: float, there: float, back: float, lost: bool) -> None:
        await asyncio.sleep(after)
        try:
            async with pacer.admitted(ORDERS, 20.0):
                await asyncio.sleep(there)
                arrivals.append(now())
                await asyncio.sleep(back)
                if lost:
                    raise SendFailed("sent", "closed")
        except (PacingRefused, SendFailed):
            return

    async def main() -> None:
        pacer = Pacer([RateLimit("*", "*", requests, window, "test")])
        await asyncio.gather(*(call(pacer, *one) for one in calls))

    run(main())
    arrivals.sort()
    for index, start in enumerate(arrivals):
        assert bisect_left(arrivals, start + window) - index <= requests


def test_first_come_first_served() -> None:
    """Requests leave in the order in which they asked, over several windows."""

    async def main() -> None:
        pacer = Pacer([EVERY_MINUTE])
        order: list[int] = []

        async def one(number: int) -> None:
            async with pacer.admitted(ORDERS, 1000.0):
                order.append(number)

        await asyncio.gather(*(one(number) for number in range(12)))
        assert order == list(range(12))

    run(main())


def test_nobody_overtakes_those_who_wait() -> None:
    """A slot that comes free goes to the one waiting, not to a newcomer of the same moment."""

    async def main() -> None:
        pacer = Pacer([RateLimit("*", "*", 1, 60.0, "test")])
        order: list[str] = []

        async def one(name: str) -> None:
            async with pacer.admitted(ORDERS, 1000.0):
                order.append(name)

        with suppress(SendFailed):
            async with pacer.admitted(ORDERS, 1.0):
                waiting = asyncio.create_task(one("waiting"))
                await asyncio.sleep(1.0)
                raise SendFailed("not-sent", "connect")
        await one("newcomer")
        await waiting
        assert order == ["waiting", "newcomer"]

    run(main())


def test_a_refusal_takes_nothing() -> None:
    """A request that one limit refuses has used nothing of another that had room."""

    async def main() -> None:
        pacer = Pacer([RateLimit("*", "*", 1, 10.0, "test"), RateLimit("GET", "/orders", 2, 600.0, "test")])
        await use(pacer, ORDERS)
        for _ in range(3):
            with pytest.raises(PacingRefused):
                await use(pacer, ORDERS, timeout=1.0)
        assert await use(pacer, ORDERS) == soon(10.1)

    run(main())


def test_a_wait_that_is_known_to_be_too_long_is_refused_at_once() -> None:
    """The refusal comes without waiting and says how long the wait would have been."""

    async def main() -> None:
        pacer = Pacer([EVERY_MINUTE])
        for _ in range(3):
            await use(pacer, ORDERS)
        with pytest.raises(PacingRefused) as refused:
            await use(pacer, ORDERS, timeout=60.0)
        assert now() == soon(0.0)
        assert refused.value.retry_after == soon(60.6)
        assert await use(pacer, ORDERS, timeout=61.0) == soon(60.6)

    run(main())


def test_those_who_wait_already_are_counted() -> None:
    """With three waiting for the next three slots, a fourth has to wait for the window after, and is told so."""

    async def main() -> None:
        pacer = Pacer([EVERY_MINUTE])
        for _ in range(3):
            await use(pacer, ORDERS)
        waiting = [asyncio.create_task(use(pacer, ORDERS)) for _ in range(3)]
        await asyncio.sleep(1.0)
        with pytest.raises(PacingRefused):
            await use(pacer, ORDERS, timeout=60.0)
        assert now() == soon(1.0)
        assert await asyncio.gather(*waiting) == soon([60.6] * 3)

    run(main())


def test_a_request_with_no_time_left_goes_if_there_is_room() -> None:
    """A timeout of nothing waits for nothing, and is refused only where there is something to wait for."""

    async def main() -> None:
        pacer = Pacer([EVERY_MINUTE])
        for _ in range(3):
            await use(pacer, ORDERS, timeout=0.0)
        with pytest.raises(PacingRefused):
            await use(pacer, ORDERS, timeout=0.0)

    run(main())


def test_a_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One goes, two wait, and more than that are refused at once and told to come later."""
    monkeypatch.setattr(slots, "MAX_WAITING", 2)

    async def main() -> None:
        pacer = Pacer([RateLimit("*", "*", 1, 5.0, "test")])
        tasks = [asyncio.create_task(use(pacer, ORDERS)) for _ in range(5)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [float] * 3 + [PacingRefused] * 2
        assert all(result.retry_after >= 1 for result in results if isinstance(result, PacingRefused))

    run(main())


@pytest.mark.parametrize("limit", [EVERY_MINUTE, RateLimit("*", "*", 1, 1.0, "test")], ids=["waiting", "spacing"])
def test_a_cancelled_wait_costs_nothing(limit: RateLimit) -> None:
    """A waiter that is cancelled takes no slot, and those behind it move up."""

    async def main() -> None:
        pacer = Pacer([limit])
        for _ in range(limit.requests):
            await use(pacer, ORDERS)
        cancelled = [asyncio.create_task(use(pacer, ORDERS)) for _ in range(5)]
        last = asyncio.create_task(use(pacer, ORDERS))
        await asyncio.sleep(0.5)
        for task in cancelled:
            task.cancel()
        await asyncio.gather(*cancelled, return_exceptions=True)
        assert await last == soon(limit.seconds * 1.01)

    run(main())


def test_a_wait_that_is_cancelled_while_spaced_gives_its_slot_back() -> None:
    """Two slots with half a second between: the one cancelled in between leaves its slot to the next."""

    async def main() -> None:
        pacer = Pacer([RateLimit("*", "*", 2, 1.0, "test")])
        await use(pacer, ORDERS)
        spaced = asyncio.create_task(use(pacer, ORDERS))
        await asyncio.sleep(0.25)
        spaced.cancel()
        await asyncio.gather(spaced, return_exceptions=True)
        assert await use(pacer, ORDERS) == soon(0.5)

    run(main())


@pytest.mark.parametrize(
    ("failure", "next_at"),
    [
        (SendFailed("not-sent", "connect"), 0.0),
        (SendFailed("partly-sent", "closed"), 65.6),
        (SendFailed("sent", "timeout"), 65.6),
        (SendFailed("answered-partly", "closed"), 60.6),
        (asyncio.CancelledError(), 65.6),
    ],
    ids=str,
)
def test_what_was_not_sent_is_not_counted_and_what_may_still_arrive_counts_longer(
    failure: BaseException, next_at: float
) -> None:
    """A slot rests a window after the answer; five seconds more when there was none; not at all if nothing left."""

    async def main() -> None:
        pacer = Pacer([RateLimit("*", "*", 1, 60.0, "test")])
        with pytest.raises(type(failure)):
            async with pacer.admitted(ORDERS, 1.0):
                raise failure
        assert await use(pacer, ORDERS) == soon(next_at)

    run(main())


def test_every_matching_limit_counts() -> None:
    """An account-wide limit and one for the route hold together."""

    async def main() -> None:
        pacer = Pacer([RateLimit("*", "*", 4, 10.0, "test"), RateLimit("GET", "/orders", 2, 60.0, "test")])
        for _ in range(2):
            await use(pacer, ORDERS)
        with pytest.raises(PacingRefused):
            await use(pacer, ORDERS, timeout=30.0)
        for _ in range(2):
            assert await use(pacer, ORDER, timeout=0.0) == soon(0.0)
        assert await use(pacer, ORDER) == soon(10.1)

    run(main())


def test_a_request_without_a_limit_is_let_through() -> None:
    """Where a provider documents nothing, nothing is paced."""

    async def main() -> None:
        pacer = Pacer([EVERY_MINUTE])
        assert await asyncio.gather(*(use(pacer, ORDER, timeout=0.0) for _ in range(100))) == soon([0.0] * 100)

    run(main())


@pytest.mark.parametrize(
    ("limit", "request_", "counts"),
    [
        (("*", "*"), ("POST", "/a/b/c"), True),
        (("GET", "*"), ("POST", "/a"), False),
        (("GET", "/orders"), ("GET", "/orders"), True),
        (("GET", "/orders"), ("GET", "/orders/{order_id}"), False),
        (("GET", "/orders/*"), ("GET", "/orders/{order_id}"), True),
        (("GET", "/orders/*"), ("GET", "/orders/{order_id}/lines"), False),
        (("GET", "/orders/{order_id}"), ("GET", "/orders/{order_id}"), True),
        (("GET", "/*/{order_id}"), ("GET", "/orders/{order_id}"), True),
        (("*", "/admin/**"), ("PUT", "/admin/a/b"), True),
        (("*", "/admin/**"), ("PUT", "/public/a/b"), False),
    ],
)
def test_limits_match_by_method_and_route(limit: tuple[str, str], request_: tuple[str, str], counts: bool) -> None:
    """`*` is any method, any route or any one segment; a last `**` is the rest."""
    assert pacing.matches(RateLimit(*limit, 1, 1.0, "test"), *request_) is counts


def test_a_provider_that_asks_for_a_pause_gets_it() -> None:
    """After a 429 everything that the limit counts waits, those already in the queue included."""

    async def main() -> None:
        pacer = Pacer([EVERY_MINUTE])
        pacer.hold(ORDERS, 30.0)
        waiting = asyncio.create_task(use(pacer, ORDERS))
        await asyncio.sleep(10.0)
        pacer.hold(ORDERS, 90.0)
        pacer.hold(ORDERS, 1.0)
        assert await use(pacer, ORDER) == soon(10.0)
        assert await waiting == soon(100.0)

    run(main())


@pytest.mark.parametrize(
    ("asked", "given_"), [(1e9, 600.0), (float("inf"), 600.0), (float("nan"), 0.0), (-5.0, 0.0), (0.5, 0.5)]
)
def test_a_pause_has_bounds(asked: float, given_: float) -> None:
    """No provider can stop an account for longer than ten minutes, by malice or by a clock that is wrong."""

    async def main() -> None:
        pacer = Pacer([EVERY_MINUTE])
        pacer.hold(ORDERS, asked)
        assert await use(pacer, ORDERS) == soon(given_)

    run(main())


def test_a_pause_without_a_documented_limit_is_the_routes_own() -> None:
    """A 429 where no limit is documented holds up this method and route, and nothing is paced afterwards."""

    async def main() -> None:
        pacer = Pacer([])
        pacer.hold(ORDERS, 7.0)
        assert await use(pacer, ORDER) == soon(0.0)
        with pytest.raises(PacingRefused) as refused:
            await use(pacer, ORDERS, timeout=1.0)
        assert refused.value.retry_after == soon(7.0)
        assert await asyncio.gather(*(use(pacer, ORDERS) for _ in range(50))) == soon([7.0] * 50)

    run(main())


def test_each_customer_has_a_budget_of_their_own() -> None:
    """Five an hour for each e-mail address, as Reusely has it; the sixth is refused and told when."""

    async def main() -> None:
        pacer = Pacer([PER_CUSTOMER])
        for _ in range(5):
            await use(pacer, checkout("a@example.org"), timeout=10.0)
        with pytest.raises(PacingRefused) as refused:
            await use(pacer, checkout(" A@Example.org"), timeout=10.0)
        assert refused.value.retry_after == soon(3636.0)
        assert await use(pacer, checkout("b@example.org"), timeout=10.0) == soon(0.0)
        await asyncio.sleep(3636.0)
        await use(pacer, checkout("a@example.org"), timeout=0.0)

    run(main())


def test_a_pause_of_one_customer_is_nobody_elses() -> None:
    """A 429 for one e-mail address does not block the account."""

    async def main() -> None:
        pacer = Pacer([PER_CUSTOMER, EVERY_SECOND])
        pacer.hold(checkout("a@example.org"), 60.0)
        assert await use(pacer, checkout("b@example.org")) == soon(0.0)
        assert await use(pacer, checkout("a@example.org")) == soon(60.0)

    run(main())


@pytest.mark.parametrize("body", [None, b"", b"{", b"[]", b'{"customer":{}}', b'{"customer":{"email":null}}'])
def test_requests_that_name_no_customer_share_one_budget(body: bytes | None) -> None:
    """What cannot be told apart is counted together, so that the limit holds either way."""

    async def main() -> None:
        pacer = Pacer([PER_CUSTOMER])
        for _ in range(5):
            await use(pacer, HttpRequest("POST", "/checkout", body=body), timeout=10.0)
        with pytest.raises(PacingRefused):
            await use(pacer, HttpRequest("POST", "/checkout", body=body), timeout=10.0)

    run(main())


def test_addresses_are_not_kept() -> None:
    """What tells customers apart is a keyed hash, different in each process."""

    async def main() -> None:
        names = []
        for _ in range(2):
            pacer = Pacer([PER_CUSTOMER])
            await use(pacer, checkout("a@example.org"))
            names += list(pacer._rules[0]._partitions)
        assert len(set(names)) == 2
        assert not any(b"example" in name for name in names)

    run(main())


def test_customers_are_forgotten_when_they_no_longer_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is bounded: a newcomer takes an idle one's place, or is refused while all of them count."""
    monkeypatch.setattr(pacing, "MAX_PARTITIONS", 3)

    async def main() -> None:
        pacer = Pacer([PER_CUSTOMER])
        for name in "abc":
            await use(pacer, checkout(name))
            await asyncio.sleep(60.0)
        with pytest.raises(PacingRefused) as refused:
            await use(pacer, checkout("d"))
        assert refused.value.retry_after == soon(3636.0 - 180.0)
        await asyncio.sleep(refused.value.retry_after)
        await use(pacer, checkout("d"))
        assert len(pacer._rules[0]._partitions) == 3
        await asyncio.sleep(3 * 3636.0)
        for name in "efg":
            await use(pacer, checkout(name))
            assert len(pacer._rules[0]._partitions) <= 3

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
    assert pacing.member(body, pointer) == value


@pytest.mark.parametrize(("requests", "seconds"), [(0, 60.0), (-1, 60.0), (5, 0.0), (5, -1.0)])
def test_a_limit_that_allows_nothing_is_refused(requests: int, seconds: float) -> None:
    """A limit that nothing could ever pass is a mistake, found when it is declared."""
    with pytest.raises(ValueError, match="allows nothing"):
        Pacer([RateLimit("*", "*", requests, seconds, "test")])


def test_the_clock_never_runs_ahead_of_a_slot() -> None:
    """Over ten windows under full load exactly N leave for each T and one percent, not one more."""

    async def main() -> list[float]:
        pacer = Pacer([EVERY_MINUTE])
        return await asyncio.gather(*(use(pacer, ORDERS, timeout=1e6) for _ in range(30)))

    times = run(main())
    assert times == soon(list(itertools.chain.from_iterable([60.6 * n] * 3 for n in range(10))))
