"""Leases of permits: how a process keeps some at hand; in virtual time, against a store that is a round trip away."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from gateway.stores.leases import PAUSE_SECONDS, Given, Leases
from gateway.stores.permit_shelf import SHELF_SECONDS
from policies.local_permits import LocalPermits
from policies.permits import Budget, Permit, PermitsUnavailable, Usage, Wait
from support import virtual_time

ROUND_TRIP = 0.01
SECOND = Budget("acme/second", 100, 1.0)
LITTLE = Budget("acme/little", 5, 1.0)
LONG = Budget("acme/long", 100, 3600.0)


class FarStore:
    """Slots that are a round trip away; what is asked of it is noted."""

    def __init__(self) -> None:
        self._slots = LocalPermits(lambda: asyncio.get_running_loop().time())
        self.leased: list[int] = []
        self.given: list[Given] = []
        self.is_lost = False

    async def lease(self, budgets: Sequence[tuple[Budget, int]], hold: float, count: int) -> list[Permit] | Wait:
        await self._trip()
        self.leased.append(count)
        answers = [await self._slots.take(budgets, hold) for _ in range(count)]
        permits = [answer for answer in answers if isinstance(answer, Permit)]
        return permits or next(answer for answer in answers if isinstance(answer, Wait))

    async def give_back(self, given: Sequence[Given]) -> None:
        await self._trip()
        for one in given:
            await self._slots.give_back(one.permit, one.sent, one.linger)
        self.given.extend(given)

    async def block(self, key: str, seconds: float, beyond: int) -> None:
        await self._trip()
        await self._slots.block(key, seconds, beyond)

    async def usage(self, keys: Sequence[str]) -> Mapping[str, Usage]:
        await self._trip()
        return await self._slots.usage(keys)

    async def purge(self) -> None:
        await self._trip()

    async def _trip(self) -> None:
        await asyncio.sleep(ROUND_TRIP)
        if self.is_lost:
            raise PermitsUnavailable("it is lost")


def leasing(scene: Callable[[FarStore, Leases], Awaitable[None]]) -> None:
    """Play a scene in virtual time."""

    async def play() -> None:
        store = FarStore()
        leases = Leases(store)
        await scene(store, leases)
        await leases.close()

    virtual_time.run(play())


async def took(leases: Leases, *budgets: Budget, hold: float = 5.0) -> tuple[Permit | Wait, float]:
    """Take a permit; return it and how long that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = await leases.take([(budget, 1) for budget in budgets], hold)
    return answer, loop.time() - began


async def used(store: FarStore, budget: Budget) -> int:
    """Return how many slots are taken or rest."""
    return (await store.usage([budget.key]))[budget.key].used


def test_most_of_a_steady_stream_wait_for_no_round_trip() -> None:
    """After the first few, a permit lies ready for nearly every request."""

    async def scene(store: FarStore, leases: Leases) -> None:
        waits = []
        for _ in range(60):
            _, waited = await took(leases, SECOND)
            waits.append(waited)
            await asyncio.sleep(0.015)
        assert sum(waited < ROUND_TRIP / 2 for waited in waits[10:]) >= 45
        assert len(store.leased) < 30

    leasing(scene)


def test_those_who_ask_at_once_share_a_round_trip() -> None:
    """One lease for the first, and one for all that came meanwhile."""

    async def scene(store: FarStore, leases: Leases) -> None:
        answers = await asyncio.gather(*(took(leases, SECOND) for _ in range(50)))
        assert all(isinstance(answer, Permit) for answer, _ in answers)
        assert len(store.leased) <= 2

    leasing(scene)


def test_what_lies_unused_goes_back_soon() -> None:
    """Others may wait for it: nothing is kept that nobody here wanted."""

    async def scene(store: FarStore, leases: Leases) -> None:
        permits = [(await took(leases, SECOND))[0] for _ in range(40)]
        assert await used(store, SECOND) > 40
        await asyncio.sleep(SHELF_SECONDS * 2 + ROUND_TRIP)
        assert await used(store, SECOND) == 40 == len(permits)

    leasing(scene)


def test_nothing_is_kept_of_a_small_budget() -> None:
    """A permit that lies here is one that another process lacks."""

    async def scene(store: FarStore, leases: Leases) -> None:
        for taken in range(1, 6):
            await took(leases, LITTLE)
            assert await used(store, LITTLE) == taken
        answer, _ = await took(leases, LITTLE)
        assert isinstance(answer, Wait)

    leasing(scene)


def test_long_windows_are_never_leased_ahead() -> None:
    """A slot that nobody gives back is lost for an hour."""

    async def scene(store: FarStore, leases: Leases) -> None:
        for _ in range(20):
            await took(leases, SECOND, LONG)
        assert store.leased == [1] * 20

    leasing(scene)


def test_a_block_takes_what_lies_ready_along() -> None:
    """Nothing that was leased before it is used after it, not even what is on its way."""

    async def scene(store: FarStore, leases: Leases) -> None:
        for _ in range(30):
            await took(leases, SECOND)
        block = asyncio.ensure_future(leases.block(SECOND.key, 60.0))
        answers = [answer for answer, _ in await asyncio.gather(*(took(leases, SECOND) for _ in range(3)))]
        await block
        answer, _ = await took(leases, SECOND)
        assert isinstance(answer, Wait)
        assert answer.seconds > 59
        taken = 30 + sum(isinstance(answer, Permit) for answer in answers)
        await asyncio.sleep(SHELF_SECONDS)
        assert await used(store, SECOND) == taken

    leasing(scene)


def test_a_permit_may_be_held_as_long_as_was_asked() -> None:
    """Also one that was leased for somebody who wanted less: that one is exchanged."""

    async def scene(store: FarStore, leases: Leases) -> None:
        for _ in range(30):
            await took(leases, SECOND, hold=1.0)
        answer, _ = await took(leases, SECOND, hold=20.0)
        assert isinstance(answer, Permit)
        await asyncio.sleep(19.9)
        # Those of a second, and their windows, are long over.
        assert await used(store, SECOND) == 1

    leasing(scene)


def test_giving_back_waits_for_nothing_and_goes_together() -> None:
    """The answer does not wait for the store; what ends meanwhile goes with the next batch."""

    async def scene(store: FarStore, leases: Leases) -> None:
        permits = [answer for answer, _ in await asyncio.gather(*(took(leases, SECOND) for _ in range(20)))]
        loop = asyncio.get_running_loop()
        began = loop.time()
        for permit in permits:
            assert isinstance(permit, Permit)
            await leases.give_back(permit, sent=True, linger=0.5)
        assert loop.time() - began < ROUND_TRIP / 2
        await asyncio.sleep(2.5 * ROUND_TRIP)
        assert len([given for given in store.given if given.sent and given.linger == 0.5]) == 20

    leasing(scene)


def test_a_lost_store_is_told_and_never_means_room() -> None:
    """Nobody is let through, and what ended meanwhile is given back once it is there again."""

    async def scene(store: FarStore, leases: Leases) -> None:
        permit, _ = await took(leases, LITTLE)
        assert isinstance(permit, Permit)
        store.is_lost = True
        with pytest.raises(PermitsUnavailable, match="it is lost"):
            await took(leases, LITTLE)
        with pytest.raises(PermitsUnavailable, match="it is lost"):
            await took(leases, LONG)
        await leases.give_back(permit, sent=True)
        await asyncio.sleep(PAUSE_SECONDS * 3)
        store.is_lost = False
        await asyncio.sleep(PAUSE_SECONDS + 2 * ROUND_TRIP)
        assert [given.permit for given in store.given] == [permit]

    leasing(scene)


def test_closing_gives_back_what_was_not_used() -> None:
    """Also what is being leased at that moment."""

    async def scene(store: FarStore, leases: Leases) -> None:
        for _ in range(20):
            await took(leases, SECOND)
        waiting = asyncio.ensure_future(took(leases, SECOND))
        await asyncio.sleep(0)
        waiting.cancel()
        for answer in await asyncio.gather(waiting, return_exceptions=True):
            if not isinstance(answer, BaseException):  # one lay ready
                assert isinstance(answer[0], Permit)
                await leases.give_back(answer[0], sent=False)
        await leases.close()
        assert await used(store, SECOND) == 20

    leasing(scene)
