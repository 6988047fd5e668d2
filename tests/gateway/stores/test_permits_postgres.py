"""What processes that share a PostgreSQL may rely on for their permits."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.stores.postgres_permits import PostgresPermits
from policies.permits import Budget, Permit, Permits, PermitsUnavailable
from support.permit_stores import HOLD, PostgresPermitStore, refused, taken

MINUTE = Budget("acme/minute", 3, 60.0)
UNUSED = Budget("acme/unused", 3, 60.0)
HOUR = Budget("acme/hour", 2, 3600.0)
MOMENT = 1.0


@pytest.fixture
async def store() -> AsyncIterator[PostgresPermitStore]:
    """Return an empty database."""
    found = PostgresPermitStore()
    yield found
    await found.remove()


@pytest.fixture
async def permits(store: PostgresPermitStore) -> Permits:
    """Return the permits of one process."""
    return await store.open()


async def test_processes_share_slots_and_blocks(store: PostgresPermitStore, permits: Permits) -> None:
    """Eight that all want everything get what one would."""
    others = [await store.open() for _ in range(3)]
    many = Budget("acme/many", 20, 60.0)
    answers = await asyncio.gather(
        *(one.take([(many, 1)], HOLD) for one in (permits, *others) for _ in range(15)),
    )
    assert sum(isinstance(answer, Permit) for answer in answers) == 20
    await others[0].block(UNUSED.key, 30.0)
    assert (await refused(permits, UNUSED)).seconds == pytest.approx(30.0, abs=MOMENT)


async def test_what_is_forgotten_costs_a_window_after_the_longest_hold(
    store: PostgresPermitStore, permits: Permits
) -> None:
    """What was under way may be sent until its hold ends; a key that was never used is open."""
    await taken(permits, MINUTE)
    await taken(permits, HOUR)
    await store.run("TRUNCATE gw.permit_short")
    cold = MINUTE.seconds + HOLD
    await store.pass_time(0.0)
    assert (await permits.usage([MINUTE.key]))[MINUTE.key].blocked_for == pytest.approx(cold, abs=MOMENT)
    assert (await refused(permits, MINUTE)).seconds == pytest.approx(cold, abs=MOMENT)
    await taken(permits, UNUSED)
    await taken(permits, HOUR)
    await store.pass_time(cold - MOMENT)
    await refused(permits, MINUTE)
    await store.pass_time(2 * MOMENT)
    stood = await permits.usage([MINUTE.key, HOUR.key])
    assert (stood[MINUTE.key].blocked_for, stood[HOUR.key].blocked_for) == (0.0, 0.0)
    await taken(permits, MINUTE)


async def test_an_answer_after_the_permit_was_forgotten_still_counts(
    store: PostgresPermitStore, permits: Permits
) -> None:
    """Its request has been sent, whatever is remembered of it."""
    permit = await taken(permits, HOUR)
    await store.run("DELETE FROM gw.permit WHERE key <> ''")
    await permits.give_back(permit, sent=True)
    await store.pass_time(0.0)
    assert (await permits.usage([HOUR.key]))[HOUR.key].used == 1
    await store.pass_time(HOUR.seconds)
    assert (await permits.usage([HOUR.key]))[HOUR.key].used == 0


async def test_a_cut_connection_costs_no_answer(store: PostgresPermitStore, permits: Permits) -> None:
    """The next command connects again; what was to be given back is."""
    permit = await taken(permits, HOUR)
    await store.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await permits.give_back(permit, sent=False)
    await store.pass_time(0.0)
    await taken(permits, HOUR)
    await taken(permits, HOUR)


async def test_a_closed_store_lets_nothing_through(permits: Permits) -> None:
    """As one that is lost: unavailable is told, not that there is room."""
    await permits.close()
    for budget in (MINUTE, HOUR):
        with pytest.raises(PermitsUnavailable):
            await permits.take([(budget, 1)], HOLD)
    with pytest.raises(PermitsUnavailable):
        await permits.usage([MINUTE.key])


async def test_a_database_that_is_not_there_is_told_at_once() -> None:
    """Nobody serves without it."""
    permits = PostgresPermits("postgresql://ordergate:unasked@127.0.0.1:9/none?sslmode=disable")
    with pytest.raises(PermitsUnavailable):
        await permits.open()


async def test_rows_that_are_over_are_forgotten(store: PostgresPermitStore, permits: PostgresPermits) -> None:
    """The tables do not grow with every customer; what counts stays."""
    for number in range(5):
        await taken(permits, Budget(f"acme/customers/{number}", 5, 3600.0))
    await permits.block("acme/customers/0", 60.0)
    await store.pass_time(3 * 3600.0)
    await taken(permits, HOUR)
    await permits._leased_from.purge()
    known = await permits.usage([HOUR.key, *(f"acme/customers/{number}" for number in range(5))])
    assert set(known) == {HOUR.key}
    await store.run("DO $$ BEGIN ASSERT (SELECT count(*) FROM gw.permit WHERE key <> '') = 1; END $$")
