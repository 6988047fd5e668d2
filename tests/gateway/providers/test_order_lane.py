"""Who goes first, who gets how much, and how a limit that was lowered is found out: all in virtual time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, repeat

import pytest

from adapters.contract.limits import ToldLimit
from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest
from gateway.providers.pacing import Pacer
from policies.errors import CapacityExceeded, ShareExceeded
from policies.queueing import Priority, Standing
from support.pacing import ORDERS, now, pacer_of, soon, use
from support.virtual_time import run

HUNDRED = RateLimit("*", "*", 100, 1.0, "test")
PRODUCTS = HttpRequest("POST", "/products/list", body=b"{}")
PLACE = HttpRequest("POST", "/orders", body=b"{}", effect="commit")
TWENTY = RateLimit("*", "*", 20, 1.0, "test")
SLOT = 1.01 / 20
"""How often a slot of the twenty comes free when all are in use."""


async def flooded(pacer: Pacer, seconds: float, rate: float, standing: Standing) -> None:
    """Ask for products at a steady rate, whether there is room or not."""

    async def one() -> None:
        try:
            await use(pacer, PRODUCTS, 5.0, 0.02, standing)
        except (CapacityExceeded, ShareExceeded):
            return

    tasks = []
    while now() < seconds:
        tasks.append(asyncio.create_task(one()))
        await asyncio.sleep(1 / rate)
    await asyncio.gather(*tasks)


KNOWN = 3.0
"""From this second on it is known how many orders come; those of the first window may find their slots taken."""


def evenly(rate: float) -> Iterator[float]:
    """Yield the pauses between orders."""
    return repeat(1 / rate)


def in_bursts(rate: float) -> Iterator[float]:
    """Yield the same where orders come eight at a time, a little less regularly than windows pass."""
    return cycle([*[0.0] * 7, 8 / rate - 0.2, *[0.0] * 7, 8 / rate + 0.2])


def waits_of_orders(pauses: Iterator[float], flood: float, seconds: float) -> list[float]:
    """Return how long each of one caller's orders waited beside another caller's flood of catalog reads, sorted."""

    async def main() -> list[float]:
        pacer = pacer_of(TWENTY)
        flooding = asyncio.create_task(flooded(pacer, seconds, flood, Standing(Priority.BROWSE, "catalog")))
        waits: list[float] = []

        async def order(asked: float) -> None:
            wait = await use(pacer, PLACE, 10.0, 0.02, Standing(Priority.COMMIT, "shop")) - asked
            if asked >= KNOWN:
                waits.append(wait)

        orders = []
        while now() < seconds:
            orders.append(asyncio.create_task(order(now())))
            await asyncio.sleep(next(pauses))
        await asyncio.gather(flooding, *orders)
        return sorted(waits)

    return run(main())


@pytest.mark.parametrize(
    ("rate", "pauses", "flood", "seconds"),
    [(10.0, evenly, 400.0, 10.0), (4.0, evenly, 60.0, 15.0), (5.0, in_bursts, 60.0, 20.0)],
    ids=["half of the limit", "a fifth of it", "a quarter, eight at a time"],
)
def test_an_order_overtakes_a_flood_of_catalog_reads(
    rate: float, pauses: Callable[[float], Iterator[float]], flood: float, seconds: float
) -> None:
    """Beside up to twenty times what the limit allows, orders at p99 wait at most one slot longer than without it."""
    alone, beside = (waits_of_orders(pauses(rate), other, seconds) for other in (0.1, flood))
    assert len(beside) > 0.8 * rate * (seconds - KNOWN)
    assert beside[int(len(beside) * 0.99)] <= alone[int(len(alone) * 0.99)] + SLOT


def test_the_flood_gets_what_orders_do_not_use() -> None:
    """What orders once used is given up again: a minute after the last of them, four fifths are the catalog's."""

    async def main() -> list[int]:
        pacer = pacer_of(TWENTY)
        served = [0] * 100

        async def reading() -> None:
            while now() < 79.0:
                await use(pacer, PRODUCTS, 100.0, 0.02, Standing(Priority.BROWSE, "catalog"))
                served[int(now())] += 1

        async def orders() -> None:
            while now() < 10.0:
                await asyncio.sleep(0.1)
                await use(pacer, PLACE, 100.0, 0.0, Standing(Priority.COMMIT, "shop"))

        await asyncio.gather(orders(), *(reading() for _ in range(30)))
        return served

    served = run(main())
    during, after = sum(served[5:10]) / 5, sum(served[60:75]) / 15
    assert 1 <= during < 10
    # Nine tenths of what four fifths of the slots allow, each for a window and the round trip.
    assert after > 0.9 * 0.8 * 20 / 1.03


def test_equal_callers_get_equal_shares() -> None:
    """Jain's index of what five callers got is at least 0.95, however differently hard they push."""

    async def main() -> float:
        pacer = pacer_of(RateLimit("*", "*", 20, 1.0, "test"))
        served: Counter[str] = Counter()

        async def pushing(caller: str, tasks: int) -> None:
            async def one() -> None:
                while now() < 30.0:
                    await use(pacer, PRODUCTS, 60.0, 0.02, Standing(Priority.BROWSE, caller))
                    served[caller] += 1

            await asyncio.gather(*(one() for _ in range(tasks)))

        await asyncio.gather(*(pushing(str(number), 8 * (number + 1)) for number in range(5)))
        return sum(served.values()) ** 2 / (len(served) * sum(count**2 for count in served.values()))

    assert run(main()) >= 0.95


def test_a_caller_of_twice_the_weight_is_served_twice_as_often() -> None:
    """While both wait all the time."""

    async def main() -> Counter[str]:
        pacer = pacer_of(RateLimit("*", "*", 10, 1.0, "test"))
        served: Counter[str] = Counter()

        async def one(standing: Standing) -> None:
            while now() < 30.0:
                await use(pacer, ORDERS, 60.0, 0.01, standing)
                served[standing.caller] += 1

        heavy, light = Standing(caller="heavy", weight=2), Standing(caller="light", weight=1)
        await asyncio.gather(*(one(standing) for standing in (heavy, light) for _ in range(20)))
        return served

    served = run(main())
    assert 1.9 < served["heavy"] / served["light"] < 2.1


def test_the_less_urgent_get_one_turn_in_twenty() -> None:
    """However many orders wait, the catalog does not stand still."""

    async def main() -> Counter[str]:
        pacer = pacer_of(RateLimit("*", "*", 4, 1.0, "test"))
        served: Counter[str] = Counter()

        async def one(priority: Priority) -> None:
            while now() < 60.0:
                await use(pacer, ORDERS, 600.0, 0.01, Standing(priority))
                served[priority.name] += 1

        await asyncio.gather(*(one(priority) for priority in (Priority.COMMIT, Priority.BROWSE) for _ in range(10)))
        return served

    served = run(main())
    assert 0.03 < served["BROWSE"] / served.total() < 0.1


def test_nobody_waits_beyond_the_time_there_is() -> None:
    """Whatever the load, a request is let through or refused within its time, to the tick."""

    async def main() -> float:
        pacer = pacer_of(RateLimit("*", "*", 10, 1.0, "test"))

        async def one(number: int) -> float:
            await asyncio.sleep(number * 0.01)
            deadline = now() + 0.1 + number % 7
            try:
                return await use(pacer, ORDERS, deadline - now(), 0.05, Standing(caller=str(number % 3))) - deadline
            except (CapacityExceeded, ShareExceeded):
                return now() - deadline

        return max(await asyncio.gather(*(one(number) for number in range(1000))))

    assert run(main()) <= 1e-6


def test_an_exhausted_partition_stands_in_nobodys_way() -> None:
    """Ten orders of a customer who has used up five an hour wait, and everybody else's go on."""

    async def main() -> None:
        customer = RateLimit("POST", "/checkout", 5, 3600.0, "test", partition="/email")
        pacer = pacer_of(customer, RateLimit("*", "*", 10, 1.0, "test"))

        def checkout(email: str) -> HttpRequest:
            return HttpRequest("POST", "/checkout", body=f'{{"email":"{email}"}}'.encode())

        stuck = [asyncio.create_task(use(pacer, checkout("a"), 10_000.0)) for _ in range(15)]
        await asyncio.sleep(2.0)
        assert await asyncio.gather(*(use(pacer, checkout(str(one)), 1.0) for one in range(10))) == soon([2.0] * 10)
        assert sum(task.done() for task in stuck) == 5
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)

    run(main())


def test_a_slot_is_used_again_as_soon_as_it_may_be() -> None:
    """Of N in T plus the round trip, at least nine tenths are used while enough wait."""

    async def main() -> int:
        pacer, count = pacer_of(HUNDRED, max_waiting=2000), 0

        async def one() -> None:
            nonlocal count
            while now() < 30.0:
                await use(pacer, ORDERS, 60.0, 0.2)
                count += 1

        await asyncio.gather(*(one() for _ in range(400)))
        return count

    assert run(main()) >= 0.9 * 30.0 * 100 / 1.2


class Halved:
    """A provider that allows fifty in a second where a hundred are documented, counted in fixed windows."""

    def __init__(self) -> None:
        self.refusals: list[float] = []
        self._window, self._count = -1, 0

    def refuses(self) -> bool:
        """Count a request that arrives now."""
        window = int((now() + 0.37) // 1.0)
        self._count = self._count + 1 if window == self._window else 1
        self._window = window
        if self._count > 50:
            self.refusals.append(now())
            return True
        return False


def run_against(provider: Halved, *, told: bool, seconds: float) -> None:
    """Push for some time at a provider that has halved its limit without notice."""

    async def one(pacer: Pacer) -> None:
        while now() < seconds:
            async with pacer.admitted(ORDERS, 60.0) as admission:
                admission.leaving()
                await asyncio.sleep(0.01)
                refused = provider.refuses()
                await asyncio.sleep(0.01)
                admission.answered((ToldLimit(50),) if told and not refused else ())
                if refused:
                    admission.refused(None)

    async def main() -> None:
        pacer = pacer_of(HUNDRED)
        await asyncio.gather(*(one(pacer) for _ in range(150)))

    run(main())


def test_a_limit_halved_without_notice_is_found_out_by_refusals() -> None:
    """Four bursts are refused, a fifth less each time; then a tenth of a window each dozen seconds."""
    provider = Halved()
    run_against(provider, told=False, seconds=40.0)
    found_out = [time for time in provider.refusals if time < 10.0]
    assert found_out[-1] < 4.0
    later = [time for time in provider.refusals if time >= 10.0]
    assert len({int(time) for time in later}) <= 3
    assert len(later) <= 30


def test_a_limit_halved_without_notice_but_told_costs_one_burst() -> None:
    """What the answers of the first window tell is kept to in the second."""
    provider = Halved()
    run_against(provider, told=True, seconds=30.0)
    assert max(provider.refusals) < 1.0
