"""What every store of permits promises, whatever it is made of."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from policies.permits import Budget, Permit, Permits
from support.permit_stores import HOLD, PERMIT_STORES, PermitStore, permit_store_of, refused, taken

MINUTE = Budget("acme/minute", 3, 60.0)
HOUR = Budget("acme/hour", 2, 3600.0)
MOMENT = 1.0
"""Tests take less than this: what is due then is not due yet, and what was due is over."""


@pytest.fixture(params=PERMIT_STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PermitStore]:
    """Return an empty store of each kind."""
    found = permit_store_of(request.param, tmp_path)
    yield found
    await found.remove()


@pytest.fixture
async def permits(store: PermitStore) -> Permits:
    """Return an open, empty store of permits."""
    return await store.open()


def about(seconds: float) -> Any:
    """Return an expectation that leaves a test the time it takes."""
    return pytest.approx(seconds, abs=MOMENT)


@pytest.mark.parametrize("budget", [MINUTE, HOUR], ids=["short", "long"])
async def test_there_are_as_many_permits_as_slots(store: PermitStore, permits: Permits, budget: Budget) -> None:
    """One more has to wait: of a slot in use nobody knows when it is free, so a window from now at the earliest."""
    for _ in range(budget.requests):
        assert (await taken(permits, budget)).budgets == ((budget, 1),)
    wait = await refused(permits, budget)
    assert (wait.key, wait.seconds) == (budget.key, about(budget.seconds))


@pytest.mark.parametrize("budget", [MINUTE, HOUR], ids=["short", "long"])
async def test_a_slot_rests_for_a_window_after_the_answer(store: PermitStore, permits: Permits, budget: Budget) -> None:
    """Not from when it was taken: the request may have arrived at any moment before its answer."""
    several = [await taken(permits, budget) for _ in range(budget.requests)]
    await store.pass_time(5.0)
    await permits.give_back(several[0], sent=True)
    await store.pass_time(budget.seconds - MOMENT)
    assert (await refused(permits, budget)).seconds == about(MOMENT)
    await store.pass_time(MOMENT)
    await taken(permits, budget)
    await refused(permits, budget)


@pytest.mark.parametrize("budget", [MINUTE, HOUR], ids=["short", "long"])
async def test_a_slot_that_was_not_used_is_free_at_once(store: PermitStore, permits: Permits, budget: Budget) -> None:
    """Nothing was sent, so nothing counts."""
    several = [await taken(permits, budget) for _ in range(budget.requests)]
    await permits.give_back(several[0], sent=False)
    await store.pass_time(0.0)
    await taken(permits, budget)
    await refused(permits, budget)


@pytest.mark.parametrize("budget", [MINUTE, HOUR], ids=["short", "long"])
async def test_a_permit_that_is_lost_counts_until_a_window_after_its_hold(
    store: PermitStore, permits: Permits, budget: Budget
) -> None:
    """Whoever had it may have sent its request until then."""
    for _ in range(budget.requests):
        await taken(permits, budget)
    await store.pass_time(HOLD + budget.seconds - MOMENT)
    assert (await refused(permits, budget)).seconds == about(MOMENT)
    await store.pass_time(2 * MOMENT)
    for _ in range(budget.requests):
        await taken(permits, budget)


async def test_a_request_without_an_answer_lingers(store: PermitStore, permits: Permits) -> None:
    """It may still be on its way, so its slot rests longer."""
    several = [await taken(permits, MINUTE) for _ in range(3)]
    await permits.give_back(several[0], sent=True, linger=5.0)
    await store.pass_time(MINUTE.seconds + 5.0 - MOMENT)
    await refused(permits, MINUTE)
    await store.pass_time(MOMENT)
    await taken(permits, MINUTE)


async def test_slots_of_all_budgets_are_taken_or_of_none(store: PermitStore, permits: Permits) -> None:
    """What is refused by one takes nothing of another; the key that holds up most is named."""
    await taken(permits, HOUR)
    await taken(permits, MINUTE, HOUR)
    wait = await refused(permits, MINUTE, HOUR)
    assert (wait.key, wait.seconds) == (HOUR.key, about(3600.0))
    both = [await taken(permits, MINUTE) for _ in range(2)]
    await permits.give_back(both[0], sent=False)
    await store.pass_time(0.0)
    assert await _used(permits, MINUTE, HOUR) == [2, 2]


async def test_a_permit_of_several_budgets_goes_back_whole(store: PermitStore, permits: Permits) -> None:
    """Each of its slots rests for its own window."""
    permit = await taken(permits, MINUTE, HOUR)
    await permits.give_back(permit, sent=True)
    await store.pass_time(MINUTE.seconds)
    assert await _used(permits, HOUR) == [1]
    several = [await taken(permits, MINUTE) for _ in range(3)]
    assert len(several) == 3


async def test_a_request_may_cost_several_slots(store: PermitStore, permits: Permits) -> None:
    """They go together and come back together."""
    permit = await taken(permits, MINUTE, cost=2)
    await refused(permits, MINUTE, cost=2)
    await permits.give_back(permit, sent=False)
    await store.pass_time(0.0)
    await taken(permits, MINUTE, cost=3)


async def test_a_reserve_is_left_to_others(permits: Permits) -> None:
    """Who may not use it waits although there are slots; who needs all there are is not kept out for ever."""
    modest = MINUTE._replace(reserve=2)
    await taken(permits, modest)
    await refused(permits, modest)
    await taken(permits, MINUTE)
    await taken(permits, MINUTE)
    greedy = Budget("acme/other", 3, 60.0, reserve=3)
    await taken(permits, greedy)
    await refused(permits, greedy)


async def test_a_block_stops_a_key_for_its_time(store: PermitStore, permits: Permits) -> None:
    """And no other; a shorter one after it changes nothing."""
    await permits.block(MINUTE.key, 30.0)
    await permits.block(MINUTE.key, 5.0)
    assert (await refused(permits, MINUTE)).seconds == about(30.0)
    await taken(permits, HOUR)
    await store.pass_time(30.0)
    await taken(permits, MINUTE)


@pytest.mark.parametrize("budget", [MINUTE, HOUR], ids=["short", "long"])
async def test_a_block_beyond_some_slots_leaves_those(store: PermitStore, permits: Permits, budget: Budget) -> None:
    """The provider allows less than is configured; the permit says what was in force."""
    await permits.block(budget.key, 100.0, beyond=2)
    await permits.block(budget.key, 50.0, beyond=1)
    permit = await taken(permits, budget)
    assert permit.budgets == ((budget._replace(requests=1), 1),)
    await refused(permits, budget)
    await store.pass_time(50.0)
    await taken(permits, budget)
    await refused(permits, budget)


async def test_what_stands_is_told(store: PermitStore, permits: Permits) -> None:
    """Slots that are taken or rest, the limit, and for how long nothing goes; of keys that are known."""
    permit = await taken(permits, MINUTE, HOUR)
    await taken(permits, HOUR)
    await permits.give_back(permit, sent=True)
    await store.pass_time(10.0)
    found = await permits.usage([MINUTE.key, HOUR.key, "acme/never"])
    assert set(found) == {MINUTE.key, HOUR.key}
    assert (found[MINUTE.key].used, found[MINUTE.key].limit, found[MINUTE.key].free_in) == (1, 3, 0.0)
    assert (found[HOUR.key].used, found[HOUR.key].limit, found[HOUR.key].free_in) == (2, 2, about(3590.0))
    assert found[HOUR.key].blocked_for == 0.0
    await permits.block(MINUTE.key, 30.0)
    stopped = (await permits.usage([MINUTE.key]))[MINUTE.key]
    assert (stopped.free_in, stopped.blocked_for) == (about(30.0), about(30.0))


async def test_giving_back_twice_does_no_harm(store: PermitStore, permits: Permits) -> None:
    """The second is not another slot, and does not free one that rests."""
    several = [await taken(permits, MINUTE) for _ in range(3)]
    await permits.give_back(several[0], sent=True)
    await store.pass_time(MINUTE.seconds / 2)
    await permits.give_back(several[0], sent=False)
    await store.pass_time(0.0)
    await refused(permits, MINUTE)
    await store.pass_time(MINUTE.seconds / 2)
    await taken(permits, MINUTE)
    await refused(permits, MINUTE)


async def test_many_at_once_get_no_more_than_there_are(permits: Permits) -> None:
    """Whoever else takes at the same moment, of several budgets in any order."""
    many = Budget("acme/many", 10, 60.0)
    ways = [[(many, 1)], [(many, 1), (HOUR, 1)], [(HOUR, 1), (many, 1)]]
    answers = await asyncio.gather(*(permits.take(ways[number % 3], HOLD) for number in range(45)))
    permitted = [answer for answer in answers if isinstance(answer, Permit)]
    assert len({permit.id for permit in permitted}) == len(permitted) == 10
    assert await _used(permits, many) == [10]
    assert (await _used(permits, HOUR))[0] <= 2


async def test_a_wait_that_is_cancelled_keeps_no_slot(store: PermitStore, permits: Permits) -> None:
    """Whatever was taken for it goes back."""
    for budget in (MINUTE, HOUR):
        waits = [asyncio.ensure_future(permits.take([(budget, 1)], HOLD)) for _ in range(2)]
        await asyncio.sleep(0)
        for wait in waits:
            wait.cancel()
        for answer in await asyncio.gather(*waits, return_exceptions=True):
            if isinstance(answer, Permit):  # there was nothing to wait for
                await permits.give_back(answer, sent=False)
    async with asyncio.timeout(5):
        while any(await _used(permits, MINUTE, HOUR)):
            await store.pass_time(0.0)
            await asyncio.sleep(0)


async def test_after_a_crash_long_windows_are_known(store: PermitStore, permits: Permits) -> None:
    """What was given back rests, and what was not is held until it would be lost."""
    if not store.durable:
        pytest.skip("it forgets, and says so")
    several = [await taken(permits, HOUR) for _ in range(2)]
    await permits.give_back(several[0], sent=True)
    await permits.block("acme/blocked", 600.0)
    await store.pass_time(10.0)
    again = await store.crash()
    assert (await refused(again, HOUR)).seconds == about(3590.0)
    await refused(again, Budget("acme/blocked", 3, 60.0))
    await store.pass_time(3600.0)
    await taken(again, HOUR)
    await taken(again, HOUR)


async def _used(permits: Permits, *budgets: Budget) -> list[int]:
    found = await permits.usage([budget.key for budget in budgets])
    return [found[budget.key].used if budget.key in found else 0 for budget in budgets]
