import asyncio
import itertools
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract.traits import RateLimit
from gateway.providers import slots
from gateway.providers.evidence import SendFailed
from gateway.providers.pacing import Pacer, PacingRefused
from support.pacing import EVERY_MINUTE, ORDERS, now, soon, use
from support.virtual_time import run

EVERY_SECOND = RateLimit("*", "*", 4, 1.0, "test")


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


def test_the_clock_never_runs_ahead_of_a_slot() -> None:
    """Over ten windows under full load exactly N leave for each T and one percent, not one more."""

    async def main() -> list[float]:
        pacer = Pacer([EVERY_MINUTE])
        return await asyncio.gather(*(use(pacer, ORDERS, timeout=1e6) for _ in range(30)))

    times = run(main())
    assert times == soon(list(itertools.chain.from_iterable([60.6 * n] * 3 for n in range(10))))
