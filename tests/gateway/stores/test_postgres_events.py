"""The order of events, where transactions commit in another order than they began."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from policies.journal import Change, Journal
from support.journals import operation
from support.postgres_store import PostgresStore, server_url


@pytest.fixture
async def journal() -> AsyncIterator[Journal]:
    """Return an empty journal in PostgreSQL."""
    opened = await PostgresStore().open()
    yield opened
    await opened.close()


@pytest.fixture
async def other() -> AsyncIterator[Any]:
    """Return a connection of somebody else."""
    connection = await asyncpg.connect(server_url())
    yield connection
    await connection.close()


async def _change(journal: Journal, number: int) -> str:
    claimed = await journal.claim(operation(number))
    assert await journal.update(replace(claimed, state="sending", version=1), Change())
    return claimed.id


async def test_an_event_waits_for_every_transaction_that_began_before_it(journal: Journal, other: Any) -> None:
    """Else a reader would go past one that commits later, and never see it."""
    early = await journal.claim(operation(1))
    transaction = other.transaction()
    await transaction.start()
    await other.execute("UPDATE gw.operation SET state = 'sending', version = 1 WHERE id = $1", early.id)
    await other.execute(
        "INSERT INTO gw.event VALUES (pg_current_xact_id()::text::bigint, $1, 1, $1, 'sending', clock_timestamp())",
        early.id,
    )
    before = [await _change(journal, 2), await _change(journal, 3)]
    assert await journal.events(0, 10) == []
    await transaction.commit()
    assert [event.operation for event in await journal.events(0, 10)] == [early.id, *before]


async def test_events_go_on_after_the_last_one_where_a_dump_was_restored(journal: Journal, other: Any) -> None:
    """A new server counts its transactions from the start: what comes after is still found by who read before."""
    await _change(journal, 1)
    await other.execute("UPDATE gw.event SET sequence = sequence + 1000000000")
    await journal.close()
    await journal.open()
    (restored,) = await journal.events(0, 10)
    later = [await _change(journal, number) for number in range(2, 5)]
    found = await journal.events(restored.sequence, 10)
    assert [event.operation for event in found] == later


async def test_a_lease_is_on_the_clock_of_the_database(journal: Journal, other: Any) -> None:
    """Whatever this machine's clock says."""
    claimed = await journal.claim(operation(due=operation().created_at))
    before = await other.fetchval("SELECT clock_timestamp()")
    (taken,) = await journal.take_due("w", 30, [claimed.account], 1)
    after = await other.fetchval("SELECT clock_timestamp()")
    assert taken.lease_until is not None
    assert 30 <= (taken.lease_until - before).total_seconds() <= 30 + (after - before).total_seconds()
