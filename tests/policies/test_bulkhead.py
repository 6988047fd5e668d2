"""So many at once and no more; whoever waits, waits its turn and not for ever."""

import asyncio

import pytest

from policies.bulkhead import WAITING_FOR_EACH, Bulkhead
from policies.errors import Overloaded
from policies.queueing import Priority, Standing
from support import virtual_time

ANYBODY = Standing()


async def held(bulkhead: Bulkhead, order: list[int], number: int, seconds: float = 1.0) -> None:
    async with bulkhead.place(ANYBODY, 60.0):
        order.append(number)
        await asyncio.sleep(seconds)


def test_no_more_than_its_places_are_inside_and_all_get_their_turn() -> None:
    """Twenty who take a second each, eight at a time: three seconds, first come, first served."""

    async def main() -> tuple[list[int], float]:
        bulkhead, order = Bulkhead(8), list[int]()
        await asyncio.gather(*(held(bulkhead, order, number) for number in range(20)))
        return order, asyncio.get_running_loop().time()

    order, seconds = virtual_time.run(main())
    assert order == list(range(20))
    assert seconds == pytest.approx(3.0, abs=0.001)


def test_who_finds_no_place_in_time_is_refused() -> None:
    """After as long as it may wait, and no place is lost by that."""

    async def main() -> float:
        bulkhead = Bulkhead(1)
        first = asyncio.create_task(held(bulkhead, [], 1, 5.0))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            async with bulkhead.place(ANYBODY, 2.0):
                raise AssertionError
        refused_at = asyncio.get_running_loop().time()
        async with bulkhead.place(ANYBODY, 4.0):
            pass
        await first
        return refused_at

    assert virtual_time.run(main()) == pytest.approx(2.0, abs=0.001)


def test_a_queue_that_is_full_refuses_at_once() -> None:
    """Eight may wait for each place."""

    async def main() -> float:
        bulkhead, order = Bulkhead(2), list[int]()
        tasks = [asyncio.create_task(held(bulkhead, order, number)) for number in range(2 + 2 * WAITING_FOR_EACH)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            async with bulkhead.place(ANYBODY, 60.0):
                raise AssertionError
        refused_at = asyncio.get_running_loop().time()
        await asyncio.gather(*tasks)
        assert len(order) == 18
        return refused_at

    assert virtual_time.run(main()) < 0.001


async def served(bulkhead: Bulkhead, order: list[str], standing: Standing) -> None:
    async with bulkhead.place(standing, 60.0):
        order.append(standing.caller)
        await asyncio.sleep(1.0)


def test_callers_take_turns_however_many_one_of_them_sends() -> None:
    """Whoever came first waits behind its own; one of twice the weight has two turns of three."""

    async def main() -> list[str]:
        bulkhead, order = Bulkhead(1), list[str]()
        flood, heavy = Standing(caller="flood"), Standing(caller="heavy", weight=2)
        tasks = [asyncio.create_task(served(bulkhead, order, flood)) for _ in range(4)]
        await asyncio.sleep(0.5)
        tasks += [asyncio.create_task(served(bulkhead, order, heavy)) for _ in range(4)]
        await asyncio.gather(*tasks)
        return order

    order = virtual_time.run(main())
    assert order[0] == "flood"
    assert order[1:7].count("heavy") == 4


def test_what_is_more_urgent_goes_first() -> None:
    """Whoever looks after an order does not wait behind whoever looks at products."""

    async def main() -> list[str]:
        bulkhead, order = Bulkhead(1), list[str]()
        several = [Standing(Priority.BROWSE, "browsing")] * 5 + [Standing(Priority.STATUS, "asking")]
        await asyncio.gather(*(served(bulkhead, order, one) for one in several))
        return order

    assert virtual_time.run(main())[:3] == ["browsing", "asking", "browsing"]


def test_a_line_that_one_caller_has_filled_is_open_to_others() -> None:
    """As long as none of theirs waits already."""

    async def main() -> list[str]:
        bulkhead, order = Bulkhead(1), list[str]()
        tasks = [
            asyncio.create_task(served(bulkhead, order, Standing(caller="flood"))) for _ in range(1 + WAITING_FOR_EACH)
        ]
        tasks.append(asyncio.create_task(served(bulkhead, order, Standing(caller="other"))))
        await asyncio.sleep(0.5)
        with pytest.raises(Overloaded):
            async with bulkhead.place(Standing(caller="other"), 60.0):
                raise AssertionError
        await asyncio.gather(*tasks)
        return order

    assert virtual_time.run(main())[1:3] == ["flood", "other"]


@pytest.mark.parametrize("served_first", [False, True])
def test_who_stops_waiting_costs_no_place(served_first: bool) -> None:
    """Also where its turn has come in the same moment."""

    async def main() -> list[str]:
        bulkhead, order = Bulkhead(1), list[str]()
        first = asyncio.create_task(served(bulkhead, order, Standing(caller="first")))
        await asyncio.sleep(0)
        second = asyncio.create_task(served(bulkhead, order, Standing(caller="second")))
        await asyncio.sleep(0)
        if served_first:
            (waiter,) = bulkhead._line
            waiter.turn.add_done_callback(lambda _: second.cancel())
            await first
        else:
            second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        await served(bulkhead, order, Standing(caller="third"))
        return order

    assert virtual_time.run(main())[-1] == "third"


@pytest.mark.parametrize("gives_up_first", [True, False])
def test_a_place_handed_to_one_who_gives_up_at_that_moment_is_not_lost(gives_up_first: bool) -> None:
    """Whichever comes first, in one turn of the loop: the place goes on to who waits behind, and then is free."""

    async def main() -> tuple[list[int], float]:
        bulkhead, order = Bulkhead(1), list[int]()
        await bulkhead.take(ANYBODY, 1.0)
        second, third = (asyncio.create_task(held(bulkhead, order, number)) for number in (2, 3))
        await asyncio.sleep(0)
        for step in (second.cancel, bulkhead.leave) if gives_up_first else (bulkhead.leave, second.cancel):
            step()
        await asyncio.gather(second, third, return_exceptions=True)
        await held(bulkhead, order, 4)
        return order, asyncio.get_running_loop().time()

    order, seconds = virtual_time.run(main())
    assert order == [3, 4]
    assert seconds == pytest.approx(2.0, abs=0.001)


def test_places_are_kept_count_of_while_many_give_up() -> None:
    """Of forty who wait no longer than a place is held, each is inside or refused; afterwards every place is there."""

    async def main() -> tuple[int, int]:
        bulkhead, inside = Bulkhead(2), 0

        async def tries() -> None:
            nonlocal inside
            async with bulkhead.place(ANYBODY, 1.0):
                inside += 1
                await asyncio.sleep(1.0)

        told = await asyncio.gather(*(tries() for _ in range(40)), return_exceptions=True)
        assert {type(one) for one in told} <= {type(None), Overloaded}
        refused = sum(one is not None for one in told)
        async with bulkhead.place(ANYBODY, 0.0), bulkhead.place(ANYBODY, 0.0):
            return inside, refused

    inside, refused = virtual_time.run(main())
    assert inside + refused == 40
    assert inside >= 2
