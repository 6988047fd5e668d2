"""Every wait has a bound, and who is cancelled leaves nothing behind."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from gateway.stores import postgres_pool
from gateway.stores.postgres import PostgresJournal
from policies.journal import Change, JournalUnavailable, Operation
from support.journals import fact, operation, step
from support.postgres_store import PostgresStore


@pytest.fixture
async def store() -> PostgresStore:
    """Return an empty database."""
    store = PostgresStore()
    await (await store.open()).close()
    return store


@asynccontextmanager
async def _opened(store: PostgresStore) -> AsyncIterator[PostgresJournal]:
    journal = PostgresJournal(store.url, connections=1)
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close()


@asynccontextmanager
async def _held(store: PostgresStore, held: Operation) -> AsyncIterator[Any]:
    """Hold an operation's row, as a transaction that does not end."""
    connection = await asyncpg.connect(store.url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT 1 FROM gw.operation WHERE id = $1 FOR UPDATE", held.id)
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


async def test_a_lock_is_not_waited_for_for_ever(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits too long did not happen, without doubt; afterwards the connection serves the next."""
    monkeypatch.setattr(postgres_pool, "STATEMENT_SECONDS", 0.2)
    async with _opened(store) as journal:
        claimed = await journal.claim(operation())
        sending = replace(claimed, state="sending", version=1)
        async with _held(store, claimed):
            with pytest.raises(JournalUnavailable) as unavailable:
                await journal.update(sending, Change())
            assert not unavailable.value.in_doubt
            assert await journal.get(claimed.id) == claimed
        assert await journal.update(sending, Change())


async def test_a_connection_is_not_waited_for_for_ever(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """When all are busy the next is refused, without doubt."""
    async with _opened(store) as journal:
        claimed = await journal.claim(operation())
        async with _held(store, claimed) as holder:
            updating = asyncio.create_task(journal.update(replace(claimed, version=1), Change()))
            await _waiting(holder)
            monkeypatch.setattr(postgres_pool, "WAIT_SECONDS", 0.2)
            with pytest.raises(JournalUnavailable, match="no connection within") as unavailable:
                await journal.claim(operation(2))
            assert not unavailable.value.in_doubt
        assert await updating
        assert await journal.get(operation(2).id) is None


async def test_a_session_that_an_administrator_ends_is_begun_anew(store: PostgresStore) -> None:
    """What it was doing is done again where it was not done: the caller notices nothing."""
    async with _opened(store) as journal:
        claimed = await journal.claim(operation())
        async with _held(store, claimed) as holder:
            updating = asyncio.create_task(journal.update(replace(claimed, version=1), Change((fact(),))))
            await _waiting(holder)
            await holder.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            )
        assert await updating
        found = await journal.get(claimed.id)
        assert found == replace(claimed, version=1, evidence=(*claimed.evidence, fact()))


async def test_a_cancelled_update_is_not_stored_later(store: PostgresStore) -> None:
    """Cancelled while it waits for a row: it is gone, and the connection serves the next."""
    async with _opened(store) as journal:
        claimed = await journal.claim(operation())
        async with _held(store, claimed) as holder:
            updating = asyncio.create_task(journal.update(replace(claimed, version=1), Change((fact(),))))
            await _waiting(holder)
            updating.cancel()
            with pytest.raises(asyncio.CancelledError):
                await updating
            assert await journal.get(claimed.id) == claimed
        assert await journal.get(claimed.id) == claimed
        assert await journal.update(replace(claimed, version=1), Change((fact(),)))


async def test_who_is_cancelled_at_any_moment_leaves_all_or_nothing(store: PostgresStore) -> None:
    """A claim or an update is there with all that belongs to it or not at all, and the one connection stays sound."""
    chance = random.Random(7)
    async with _opened(store) as journal:
        for number in range(1, 61):
            wanted = operation(number)
            await _cancelled(journal.claim(wanted), chance)
            found = await journal.get(wanted.id)
            assert found in {None, wanted}
            await journal.claim(wanted)
            sending = replace(wanted, state="sending", version=1)
            await _cancelled(journal.update(sending, Change((fact("sending"),), (step(),))), chance)
            found, steps = await journal.get(wanted.id), await journal.steps(wanted.id)
            stored = replace(sending, evidence=(*wanted.evidence, fact("sending")))
            assert (found, steps) in [(wanted, []), (stored, [step()])]


async def test_a_closed_journal_is_unavailable(store: PostgresStore) -> None:
    """Before it is opened and after it is closed; it can be opened again."""
    journal = PostgresJournal(store.url)
    for _ in range(2):
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.get(operation().id)
        await journal.open()
        await journal.claim(operation())
        await journal.close()


async def _cancelled(work: Any, chance: random.Random) -> None:
    task = asyncio.create_task(work)
    for _ in range(chance.randrange(12)):
        await asyncio.sleep(0)
    if chance.random() < 0.5:
        await asyncio.wait([task], timeout=chance.uniform(0, 0.004))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _waiting(holder: Any) -> None:
    """Return once somebody waits for the row that is held."""
    for _ in range(5_000):
        if await holder.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            return
    pytest.fail("nobody waits")
