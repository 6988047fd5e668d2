"""So many at once and no more; whoever waits, waits its turn and not for ever."""

import asyncio

import pytest

from policies.bulkhead import WAITING_FOR_EACH, Bulkhead
from policies.errors import Overloaded
from support import virtual_time


async def held(bulkhead: Bulkhead, order: list[int], number: int, seconds: float = 1.0) -> None:
    async with bulkhead.place(60.0):
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
            async with bulkhead.place(2.0):
                raise AssertionError
        refused_at = asyncio.get_running_loop().time()
        async with bulkhead.place(4.0):
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
            async with bulkhead.place(60.0):
                raise AssertionError
        refused_at = asyncio.get_running_loop().time()
        await asyncio.gather(*tasks)
        assert len(order) == 18
        return refused_at

    assert virtual_time.run(main()) < 0.001
