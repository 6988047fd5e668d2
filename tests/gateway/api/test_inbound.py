"""What callers may ask for at once, and what is let go when the gateway itself is late."""

import asyncio
import time
from contextlib import ExitStack

import pytest

from gateway.api.body import ApiError
from gateway.api.inbound import IN_FLIGHT, Inbound
from support import virtual_time


def test_a_caller_has_two_hundred_requests_under_way_and_no_more() -> None:
    """429 beyond that; other callers are not touched, and room comes back with each answer."""
    inbound = Inbound()
    with ExitStack() as under_way:
        for _ in range(IN_FLIGHT):
            under_way.enter_context(inbound.admitted("shop", catalog=False))
        with pytest.raises(ApiError) as refused, inbound.admitted("shop", catalog=False):
            raise AssertionError
        assert (refused.value.problem.name, refused.value.problem.status) == ("rate-limited", 429)
        with inbound.admitted("other", catalog=True):
            pass
    with inbound.admitted("shop", catalog=False):
        pass
    assert not inbound._under_way


def test_what_fails_is_under_way_no_more() -> None:
    """However a request ends."""
    inbound = Inbound()
    with pytest.raises(KeyError), inbound.admitted("shop", catalog=False):
        raise KeyError
    assert not inbound._under_way


@pytest.mark.parametrize(("late", "shed"), [(0.24, False), (0.26, True)])
def test_catalog_reads_are_let_go_when_the_loop_is_late_and_orders_are_not(late: float, shed: bool) -> None:
    """More than a quarter of a second: 503 with a time to come back."""
    inbound = Inbound()
    inbound.lag = late
    with inbound.admitted("shop", catalog=False):
        pass
    if not shed:
        with inbound.admitted("shop", catalog=True):
            return
    with pytest.raises(ApiError) as refused, inbound.admitted("shop", catalog=True):
        raise AssertionError
    assert (refused.value.problem.name, refused.value.problem.retry_after) == ("overloaded", 1)


@pytest.mark.blocking_allowed(reason="a loop that is held up is what is measured")
async def test_a_loop_that_is_held_up_is_seen_and_forgotten() -> None:
    """Right after it was held up it is late, and some moments later not any more."""
    inbound = Inbound()
    inbound.start()
    await asyncio.sleep(0)
    time.sleep(0.4)  # noqa: ASYNC251 - holds the loop up on purpose
    await asyncio.sleep(0.01)
    assert inbound.lag > 0.25
    inbound.stop()


def test_a_loop_that_keeps_up_is_never_late() -> None:
    """In virtual time nothing is."""

    async def main() -> float:
        inbound = Inbound()
        inbound.lag = 10.0
        inbound.start()
        await asyncio.sleep(3.0)
        inbound.stop()
        return inbound.lag

    assert virtual_time.run(main()) < 0.01
