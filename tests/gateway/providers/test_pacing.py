import asyncio
import itertools
from bisect import bisect_left
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract.traits import RateLimit
from gateway.providers.evidence import WirePhase
from gateway.providers.pacing import Pacer
from policies.errors import CapacityExceeded
from support.pacing import EVERY_MINUTE, ORDERS, now, pacer_of, soon, use
from support.virtual_time import run

EVERY_SECOND = RateLimit("*", "*", 4, 1.0, "test")
SPACED = RateLimit("*", "*", 4, 1.0, "test", spacing=0.25)


def test_a_burst_as_large_as_the_limit_waits_for_nothing() -> None:
    """Three in sixty seconds are three at once; the fourth goes a minute (and one percent) after the first answer."""

    async def main() -> None:
        pacer = pacer_of(EVERY_MINUTE)
        times = await asyncio.gather(*(use(pacer, ORDERS, takes=2.0) for _ in range(4)))
        assert times[:3] == soon([0.0] * 3)
        assert times[3] == soon(2.0 + 60.6)

    run(main())


def test_a_provider_that_wants_no_bursts_gets_none() -> None:
    """Four a second with a quarter of a second between them, and a percent for the provider's clock."""

    async def main() -> None:
        pacer = pacer_of(SPACED)
        times = await asyncio.gather(*(use(pacer, ORDERS) for _ in range(4)))
        assert times == soon([0.0, 0.2525, 0.505, 0.7575])

    run(main())


def test_without_spacing_a_burst_is_free() -> None:
    """Four a second are four at once: a provider that counts in windows sees no difference."""

    async def main() -> None:
        pacer = pacer_of(EVERY_SECOND)
        assert await asyncio.gather(*(use(pacer, ORDERS) for _ in range(4))) == soon([0.0] * 4)

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
            async with pacer.admitted(ORDERS, 20.0) as admission:
                admission.leaving()
                await asyncio.sleep(there)
                arrivals.append(now())
                await asyncio.sleep(back)
                if lost:
                    admission.failed("sent")
                else:
                    admission.answered()
        except CapacityExceeded:
            return

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", requests, window, "test"))
        await asyncio.gather(*(call(pacer, *one) for one in calls))

    run(main())
    arrivals.sort()
    for index, start in enumerate(arrivals):
        assert bisect_left(arrivals, start + window) - index <= requests


def test_first_come_first_served() -> None:
    """Requests leave in the order in which they asked, over several windows."""

    async def main() -> None:
        pacer = pacer_of(EVERY_MINUTE)
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
        pacer = pacer_of(RateLimit("*", "*", 1, 60.0, "test"))
        order: list[str] = []

        async def one(name: str) -> None:
            async with pacer.admitted(ORDERS, 1000.0):
                order.append(name)

        async with pacer.admitted(ORDERS, 1.0):
            waiting = asyncio.create_task(one("waiting"))
            await asyncio.sleep(1.0)
        await one("newcomer")
        await waiting
        assert order == ["waiting", "newcomer"]

    run(main())


def test_a_refusal_takes_nothing() -> None:
    """A request that one limit refuses has used nothing of another that had room."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 1, 10.0, "test"), RateLimit("GET", "/orders", 2, 600.0, "test"))
        await use(pacer, ORDERS)
        for _ in range(3):
            with pytest.raises(CapacityExceeded):
                await use(pacer, ORDERS, timeout=1.0)
        assert await use(pacer, ORDERS) == soon(10.1)

    run(main())


def test_a_wait_that_is_known_to_be_too_long_is_refused_at_once() -> None:
    """The refusal comes without waiting and says how long the wait would have been."""

    async def main() -> None:
        pacer = pacer_of(EVERY_MINUTE)
        for _ in range(3):
            await use(pacer, ORDERS)
        with pytest.raises(CapacityExceeded) as refused:
            await use(pacer, ORDERS, timeout=60.0)
        assert now() == soon(0.0)
        assert refused.value.retry_after == soon(60.6)
        assert await use(pacer, ORDERS, timeout=61.0) == soon(60.6)

    run(main())


def test_those_who_wait_already_are_counted() -> None:
    """With three waiting for the next three slots, a fourth has to wait for the window after, and is told so."""

    async def main() -> None:
        pacer = pacer_of(EVERY_MINUTE)
        for _ in range(3):
            await use(pacer, ORDERS)
        waiting = [asyncio.create_task(use(pacer, ORDERS)) for _ in range(3)]
        await asyncio.sleep(1.0)
        with pytest.raises(CapacityExceeded):
            await use(pacer, ORDERS, timeout=60.0)
        assert now() == soon(1.0)
        assert await asyncio.gather(*waiting) == soon([60.6] * 3)

    run(main())


def test_a_request_with_no_time_left_goes_if_there_is_room() -> None:
    """A timeout of nothing waits for nothing, and is refused only where there is something to wait for."""

    async def main() -> None:
        pacer = pacer_of(EVERY_MINUTE)
        for _ in range(3):
            await use(pacer, ORDERS, timeout=0.0)
        with pytest.raises(CapacityExceeded):
            await use(pacer, ORDERS, timeout=0.0)

    run(main())


@pytest.mark.parametrize(
    ("phase", "next_at"),
    [("not-sent", 0.0), ("partly-sent", 65.6), ("sent", 65.6), ("answered-partly", 60.6)],
)
def test_what_was_not_sent_is_not_counted_and_what_may_still_arrive_counts_longer(
    phase: WirePhase, next_at: float
) -> None:
    """A slot rests a window after the answer; five seconds more when there was none; not at all if nothing left."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 1, 60.0, "test"))
        async with pacer.admitted(ORDERS, 1.0) as admission:
            admission.leaving()
            admission.failed(phase)
        assert await use(pacer, ORDERS) == soon(next_at)

    run(main())


@pytest.mark.parametrize(("left", "next_at"), [(False, 0.0), (True, 65.6)], ids=["before", "after"])
def test_who_is_stopped_counts_from_when_bytes_could_leave(left: bool, next_at: float) -> None:
    """Stopped while it was recorded: nothing left. Stopped while it was sent: all of it may have."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 1, 60.0, "test"))

        async def stopped() -> None:
            async with pacer.admitted(ORDERS, 1.0) as admission:
                if left:
                    admission.leaving()
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await stopped()
        assert await use(pacer, ORDERS) == soon(next_at)

    run(main())


def test_the_clock_never_runs_ahead_of_a_slot() -> None:
    """Over ten windows under full load exactly N leave for each T and one percent, not one more."""

    async def main() -> list[float]:
        pacer = pacer_of(EVERY_MINUTE)
        return await asyncio.gather(*(use(pacer, ORDERS, timeout=1e6) for _ in range(30)))

    times = run(main())
    assert times == soon(list(itertools.chain.from_iterable([60.6 * n] * 3 for n in range(10))))
