"""The proof of shared budgets in short (`make prove-budgets` is the long one), and that what judges it can say no."""

import asyncio
from contextlib import suppress
from random import Random

import pytest

from bench.budgets.client import Account, Work
from bench.budgets.provider import Provider
from bench.budgets.windows import first_hit, fixed, sliding_log, utilisation, violations
from gateway.stores.postgres_permits import PostgresPermits
from support.permit_stores import PostgresPermitStore


def test_a_fixed_window_counts_from_its_phase() -> None:
    """Three in a second: two before the border and two after it are well, and four after it are not."""
    arrivals = [0.8, 0.9, 1.0, 1.1]
    assert fixed(3, 1.0, arrivals, 0.0) == 0
    assert fixed(3, 1.0, arrivals, 0.5) == 1
    assert fixed(2, 1.0, arrivals, 0.5) == 2


def test_a_window_of_the_first_hit_begins_with_a_request() -> None:
    """The one after it begins with the first request that comes when it is over."""
    assert first_hit(2, 1.0, [0.0, 0.9, 1.0, 1.9]) == 0
    assert first_hit(2, 1.0, [0.0, 0.5, 0.9, 1.0]) == 1


def test_a_sliding_log_looks_back_from_each_request() -> None:
    """Half a second after the border it still holds what came before."""
    assert sliding_log(2, 1.0, [0.0, 0.9, 1.0, 2.0]) == 0
    assert sliding_log(2, 1.0, [0.5, 0.9, 1.0, 1.4]) == 2


def test_a_slot_that_is_used_again_at_once_is_used_wholly() -> None:
    """Two slots, a window of one second and answers after half of one."""
    assert utilisation(2, 1.0, 0.5, [0.0, 0.1, 1.5, 1.6, 3.0, 3.1]) == pytest.approx(1.0)
    assert utilisation(2, 1.0, 0.5, [0.0, 0.1, 3.0, 3.1]) == pytest.approx(0.5)


@pytest.mark.parametrize("short", [61.0, 0.0], ids=["short", "long"])
async def test_two_that_share_a_budget_exceed_no_window(short: float) -> None:
    """In bursts, with slow and failed connections, lost permits, and requests that arrive after they were given up."""
    store = PostgresPermitStore()
    await store.open()
    provider = Provider(0.02)
    await provider.start()
    work = [
        Work(store.url, provider.port, f"proof/{short}", 10, 0.3, short, hold=0.2, seed=seed, hurt=True, early=False)
        for seed in (1, 2)
    ]
    processes = [PostgresPermits(store.url, short=short) for _ in work]
    for permits in processes:
        await permits.open()
    sending = [
        asyncio.ensure_future(Account(permits, given).send()) for permits, given in zip(processes, work, strict=True)
    ]
    async with asyncio.timeout(30):
        await provider.reached(50)
    for task in sending:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    for permits in processes:
        await permits.close()
    await provider.stop()
    await store.remove()
    assert violations(10, 0.3, provider.arrivals, Random(1)) == {"fixed": 0, "first hit": 0, "sliding log": 0}
