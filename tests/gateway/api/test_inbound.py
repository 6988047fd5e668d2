"""What callers may ask for at once, and what is let go when the gateway itself is late."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from gateway.api.body import ApiError
from gateway.api.callers import LOCAL, Caller
from gateway.api.inbound import Inbound
from support.virtual_time import VirtualLoop, run

SHOP = Caller("shop", frozenset(), requests_at_once=3)
OTHER = Caller("other", frozenset())


@contextmanager
def under_way(inbound: Inbound, caller: Caller, *, catalog: bool) -> Iterator[None]:
    """Have a request enter, and leave however it ends."""
    inbound.enter(caller, catalog=catalog)
    try:
        yield
    finally:
        inbound.leave(caller)


def test_a_caller_has_so_many_requests_under_way_and_no_more() -> None:
    """429 beyond that; other callers are not touched, and room comes back with each answer."""
    inbound = Inbound(0.25, 1.0)
    with ExitStack() as entered:
        for _ in range(3):
            entered.enter_context(under_way(inbound, SHOP, catalog=False))
        with pytest.raises(ApiError) as refused, under_way(inbound, SHOP, catalog=False):
            raise AssertionError
        assert (refused.value.problem.name, refused.value.problem.status) == ("rate-limited", 429)
        with under_way(inbound, OTHER, catalog=True):
            pass
    with under_way(inbound, SHOP, catalog=False):
        pass
    assert not inbound._under_way


def test_without_a_word_of_the_configuration_it_is_two_hundred() -> None:
    """For callers as for everybody on this machine (design, section 4)."""
    assert (OTHER.requests_at_once, LOCAL.requests_at_once) == (200, 200)


def lets_go(inbound: Inbound) -> bool:
    """Tell whether a catalog read is refused now, with a time to come back; an order never is."""
    with under_way(inbound, SHOP, catalog=False):
        pass
    try:
        with under_way(inbound, SHOP, catalog=True):
            return False
    except ApiError as error:
        refused = error.problem
    assert (refused.name, refused.retry_after) == ("overloaded", 1)
    return True


def held_up(seconds: float) -> None:
    """Let the loop's clock go on while nothing else can run."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._virtual.elapsed += seconds


def watched(inbound: Inbound, held_up_for: Callable[[int], float], steps: int) -> list[bool]:
    """Hold the loop up for so long in each step, or let a tenth of a second pass; return where a read was refused."""

    async def main() -> list[bool]:
        inbound.start()
        seen = []
        for step in range(steps):
            late = held_up_for(step)
            held_up(late)
            await asyncio.sleep(0.0 if late else 0.1)
            seen.append(lets_go(inbound))
        inbound.stop()
        return seen

    return run(main())


def test_a_hiccup_of_the_machine_lets_nothing_go() -> None:
    """Five seconds in which nothing runs, once, and again some moments later."""
    assert not any(watched(Inbound(0.25, 1.0), lambda step: 5.0 if step in {3, 8} else 0.0, 30))


def test_a_loop_that_is_late_all_the_time_lets_catalog_reads_go() -> None:
    """After a second of it, and not before; no more as soon as the loop keeps up again."""
    seen = watched(Inbound(0.25, 1.0), lambda step: 0.4 if step < 10 else 0.0, 15)
    # Each step takes four tenths: a second after the first was late, three more are over.
    assert not any(seen[:3])
    assert all(seen[5:10])
    assert not any(seen[11:])


def test_a_loop_that_is_a_little_late_all_the_time_lets_nothing_go() -> None:
    """Less than the configured time: a step is over at most two tenths after it is due."""
    assert not any(watched(Inbound(0.25, 1.0), lambda _: 0.15, 30))


def test_a_moment_of_being_in_time_is_enough_to_go_on() -> None:
    """Late, but never for a second on end."""
    assert not any(watched(Inbound(0.25, 1.0), lambda step: 0.4 if step % 3 else 0.0, 30))


def test_letting_go_can_be_switched_off() -> None:
    """However late the loop is."""
    assert not any(watched(Inbound(0.0, 1.0), lambda _: 3.0, 10))
