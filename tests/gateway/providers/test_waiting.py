"""Who waits for a provider's rate, how long, and who goes first."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from adapters.contract.traits import RateLimit
from gateway.providers import waiting
from gateway.providers.lines import Demand
from gateway.providers.waiting import WaitingRoom
from policies.errors import CapacityExceeded, ShareExceeded
from policies.local_permits import LocalPermits
from policies.permits import Budget, Permit, Wait
from policies.queueing import Standing
from support.pacing import EVERY_MINUTE, ORDERS, now, pacer_of, soon, use
from support.virtual_time import run

SPACED = RateLimit("*", "*", 4, 1.0, "test", spacing=0.25)


def test_a_queue_is_bounded() -> None:
    """Of one caller one goes, two wait, and more than that are refused at once and told to come later."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 1, 5.0, "test"), max_waiting=2)
        tasks = [asyncio.create_task(use(pacer, ORDERS)) for _ in range(5)]
        other = asyncio.create_task(use(pacer, ORDERS, standing=Standing(caller="another")))
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [float] * 3 + [ShareExceeded] * 2
        assert all(result.retry_after >= 1 for result in results if isinstance(result, ShareExceeded))
        assert await other > 0

    run(main())


def test_all_queues_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many callers there are, no more than a bound wait in one line."""
    monkeypatch.setattr(waiting, "MAX_WAITING", 2)

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 1, 5.0, "test"))
        callers = [Standing(caller=str(number)) for number in range(5)]
        tasks = [asyncio.create_task(use(pacer, ORDERS, standing=caller)) for caller in callers]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [float] * 3 + [CapacityExceeded] * 2

    run(main())


@pytest.mark.parametrize(
    "limit", [EVERY_MINUTE, RateLimit("*", "*", 1, 1.0, "test", spacing=1.0)], ids=["waiting", "spacing"]
)
def test_a_cancelled_wait_costs_nothing(limit: RateLimit) -> None:
    """A waiter that is cancelled takes no slot, and those behind it move up."""

    async def main() -> None:
        pacer = pacer_of(limit)
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


class CountedPermits(LocalPermits):
    """Permits that are asked for a few times, and not for ever."""

    asked = 0

    @override
    async def take(self, budgets: Sequence[tuple[Budget, int]], hold: float) -> Permit | Wait:
        self.asked += 1
        assert self.asked < 10, "asked for ever"
        return await super().take(budgets, hold)


@pytest.mark.parametrize("free", [True, False], ids=["room", "no room"])
def test_a_line_whose_first_has_just_stopped_waiting_is_served_on(free: bool) -> None:
    """The task of the first has not run since it was cancelled: that must not be waited for without letting it run."""

    async def main() -> None:
        permits = CountedPermits(now)
        room = WaitingRoom(permits, 10)
        demand = Demand([(Budget("orders", 1, 5.0), 1)])
        permit = await room.permit(Standing(), demand, 60.0)
        gone, next_one = (asyncio.create_task(room.permit(Standing(), demand, 60.0)) for _ in range(2))
        await asyncio.sleep(1.0)
        await permits.give_back(permit, not free)
        room.freed(permit)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await next_one
        assert now() == soon(1.0 if free else 6.0)
        assert room.waiting("orders") == 0

    run(main())


def test_a_wait_that_is_cancelled_while_spaced_gives_its_slot_back() -> None:
    """Two slots with half a second between: the one cancelled in between leaves its slot to the next."""

    async def main() -> None:
        pacer = pacer_of(RateLimit("*", "*", 2, 1.0, "test", spacing=0.5))
        await use(pacer, ORDERS)
        spaced = asyncio.create_task(use(pacer, ORDERS))
        await asyncio.sleep(0.25)
        spaced.cancel()
        await asyncio.gather(spaced, return_exceptions=True)
        # The turn of the one that is gone is lost, its slot is not.
        assert await use(pacer, ORDERS) == soon(1.01)

    run(main())
