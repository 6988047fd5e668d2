"""What one instance remembers of rates from one start to the next."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from policies.permits import Budget, Permits, PermitsUnavailable
from support.permit_stores import SqlitePermitStore, refused, taken

MINUTE = Budget("acme/minute", 3, 60.0)
UNUSED = Budget("acme/unused", 3, 60.0)
HOUR = Budget("acme/hour", 5, 3600.0)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlitePermitStore]:
    """Return a file."""
    found = SqlitePermitStore(tmp_path)
    yield found
    await found.remove()


@pytest.fixture
async def permits(store: SqlitePermitStore) -> Permits:
    """Return permits beside an empty journal."""
    return await store.open()


async def test_a_crash_costs_a_short_window_that_was_used(store: SqlitePermitStore, permits: Permits) -> None:
    """What was sent in it is not remembered; a window that was not used is open."""
    await taken(permits, MINUTE)
    await store.pass_time(600.0)
    again = await store.crash()
    assert (await refused(again, MINUTE)).seconds == pytest.approx(60.0)
    await taken(again, UNUSED)
    await store.pass_time(60.0)
    await taken(again, MINUTE)


async def test_an_orderly_end_costs_what_was_used(store: SqlitePermitStore, permits: Permits) -> None:
    """The rest of the slots may be used at once."""
    permit = await taken(permits, MINUTE)
    await permits.give_back(permit, sent=True)
    await permits.close()
    await store.pass_time(5.0)
    again = await store.open()
    await taken(again, MINUTE)
    await taken(again, MINUTE)
    assert (await refused(again, MINUTE)).seconds == pytest.approx(55.0)


async def test_a_start_that_came_to_nothing_forgets_nothing(store: SqlitePermitStore, permits: Permits) -> None:
    """What a crash has left counts for a window from the first start after it, also when that one ends at once."""
    await taken(permits, MINUTE)
    again = await store.crash()
    await again.close()
    again = await store.open()
    await refused(again, MINUTE)
    await again.close()
    again = await store.open()
    await refused(again, MINUTE)
    await store.pass_time(60.0)
    await taken(again, MINUTE)


async def test_five_an_hour_stay_five_however_often_it_is_restarted(store: SqlitePermitStore, permits: Permits) -> None:
    """In order or not, with what was given back and what never was."""
    for number in range(5):
        permit = await taken(permits, HOUR)
        if number % 2:
            await permits.give_back(permit, sent=True)
        permits = await store.crash()
        await store.pass_time(60.0)
    await refused(permits, HOUR)
    await permits.close()
    again = await store.open()
    await refused(again, HOUR)
    await store.pass_time(3400.0)
    await taken(again, HOUR)


async def test_a_clock_that_was_wrong_stops_nothing_for_ever(store: SqlitePermitStore, permits: Permits) -> None:
    """Put back by a day between two starts, an hour is waited and some minutes, not a day."""
    for _ in range(5):
        await taken(permits, HOUR)
    store.wall = store.wall.replace(day=store.wall.day - 1)
    again = await store.crash()
    assert (await refused(again, HOUR)).seconds <= 3600.0 + 600.0


async def test_a_clock_that_is_set_while_it_runs_changes_nothing(store: SqlitePermitStore, permits: Permits) -> None:
    """Only what has passed counts."""
    for _ in range(5):
        await taken(permits, HOUR)
    store.wall = store.wall.replace(day=store.wall.day + 1)
    await refused(permits, HOUR)


async def test_what_cannot_be_written_is_not_let_through(store: SqlitePermitStore, permits: Permits) -> None:
    """No permit of a long window that the next process would not know of; the slot is free again."""
    await taken(permits, HOUR)
    assert store._journal is not None
    await store._journal.close()
    with pytest.raises(PermitsUnavailable):
        await taken(permits, HOUR)
    with pytest.raises(PermitsUnavailable):
        await taken(permits, MINUTE)
    assert (await permits.usage([HOUR.key]))[HOUR.key].used == 1


async def test_rows_that_are_over_are_forgotten(store: SqlitePermitStore, permits: Permits) -> None:
    """The file does not grow with every customer."""
    for number in range(20):
        await taken(permits, Budget(f"acme/customers/{number}", 5, 3600.0))
    await store.pass_time(2 * 3600.0)
    await taken(permits, HOUR)
    assert store._journal is not None
    rows = await store._journal.lane.run(lambda connection: connection.execute("SELECT key FROM permit").fetchall())
    assert rows == [(HOUR.key,)]
    await asyncio.sleep(0)
