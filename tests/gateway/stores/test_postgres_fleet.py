"""Several instances on one PostgreSQL: one winner, one worker, one schema."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import asyncpg
import pytest

from gateway.stores.postgres import PostgresJournal
from policies.journal import Change
from support.journals import ACCOUNT, PAST, fact, operation, step
from support.postgres import made_empty
from support.postgres_store import PostgresStore, server_url

MANY_DUE = """
INSERT INTO gw.operation (id, caller, key, fingerprint, kind, account, created_at, updated_at, state, attempts, doubt,
  probes, due, version, change)
SELECT 'due-' || number, 'shop', 'due-' || number, 'f', 'order', $1, $2, $2, 'accepted', 0, false, 0, $2, 0,
  gen_random_uuid()
FROM generate_series(1, 2000) AS number
"""


@pytest.fixture
async def fleet() -> AsyncIterator[list[PostgresJournal]]:
    """Return three journals, with connections of their own, on one empty database."""
    store = PostgresStore()
    await (await store.open()).close()
    async with AsyncExitStack() as opened:
        journals = [PostgresJournal(store.url) for _ in range(3)]
        for journal in journals:
            await journal.open()
            opened.push_async_callback(journal.close)
        yield journals


async def test_of_200_duplicates_over_three_instances_one_wins(fleet: list[PostgresJournal]) -> None:
    """For each key all are given the same operation, and it is claimed by exactly one."""
    wanted = [operation(number, key=f"key-{number % 4}", reference=f"PO-{number % 4}") for number in range(1, 201)]
    claims = await asyncio.gather(*(fleet[number % 3].claim(each) for number, each in enumerate(wanted)))
    winners = {each.id for each, claimed in zip(wanted, claims, strict=True) if claimed.id == each.id}
    assert len(winners) == 4
    assert {claimed.id for claimed in claims} == winners
    assert {found.id for found in await fleet[0].search(None)} == winners


async def test_a_cancelled_operation_is_replaced_by_one_of_many(fleet: list[PostgresJournal]) -> None:
    """Of 60 that want its place at once one gets it, with the facts of the old one once."""
    first = await fleet[0].claim(operation(1, key="same", reference="PO-1"))
    assert await fleet[0].update(replace(first, state="cancelled", version=1), Change((fact("ended", "cancelled"),)))
    wanted = [operation(number, key="same", reference="PO-1") for number in range(2, 62)]
    claims = await asyncio.gather(*(fleet[number % 3].claim(each) for number, each in enumerate(wanted)))
    (winner,) = {claimed.id for claimed in claims}
    found = await fleet[1].get(first.id)
    assert found is not None
    assert found.id == winner
    assert [each.kind for each in found.evidence] == ["claimed", "ended", "claimed"]


async def test_2000_due_operations_are_shared_without_overlap(fleet: list[PostgresJournal]) -> None:
    """Each is given to one worker of twelve in three instances, and none is left."""
    connection = await asyncpg.connect(server_url())
    await connection.execute(MANY_DUE, ACCOUNT, PAST)
    await connection.close()
    taken: list[str] = []

    async def work(number: int) -> None:
        while some := await fleet[number % 3].take_due(f"worker-{number}", 60, [ACCOUNT], 20):
            assert all((each.owner, each.version) == (f"worker-{number}", 1) for each in some)
            taken.extend(each.id for each in some)

    await asyncio.gather(*(work(number) for number in range(12)))
    assert len(taken) == len(set(taken)) == 2000


async def test_who_lost_its_lease_changes_nothing_but_what_it_saw_is_kept(fleet: list[PostgresJournal]) -> None:
    """The first worker comes back after its lease with an answer: no state, no step, no event; a fact."""
    claimed = await fleet[0].claim(operation(due=PAST))
    (zombie,) = await fleet[0].take_due("first", 0, [ACCOUNT], 1)
    (owner,) = await fleet[1].take_due("second", 60, [ACCOUNT], 1)
    late = replace(zombie, state="succeeded", version=zombie.version + 1)
    assert not await fleet[0].update(late, Change((fact("answer", "executed"),), (step(answer=b"201"),)))
    await fleet[0].append(zombie.id, [fact("late answer", "executed")])
    found = await fleet[2].get(claimed.id)
    assert found == replace(owner, evidence=(*claimed.evidence, fact("late answer", "executed")))
    assert await fleet[2].steps(claimed.id) == []
    assert await fleet[2].events(0, 10) == []
    assert await fleet[1].update(replace(owner, state="sending", version=owner.version + 1), Change())


async def test_events_of_one_order_from_three_instances_are_numbered_without_a_gap(
    fleet: list[PostgresJournal],
) -> None:
    """Versions count 1, 2, 3 … in the order in which events are read."""
    claims = [await fleet[0].claim(operation(number, subject="order-1", kind=f"k{number}")) for number in range(1, 25)]

    async def go(number: int) -> None:
        sending = replace(claims[number], state="sending", version=1)
        assert await fleet[number % 3].update(sending, Change())
        assert await fleet[number % 3].update(replace(sending, state="failed", version=2), Change())

    await asyncio.gather(*(go(number) for number in range(24)))
    events = await fleet[0].events(0, 100)
    assert [event.version for event in events] == list(range(1, 49))


async def test_instances_that_start_at_once_make_one_schema() -> None:
    """All open an empty database at the same moment, and all can use it."""
    url = server_url()
    with made_empty(url, "ordergate_starting") as starting:
        journals = [PostgresJournal(starting, connections=1) for _ in range(8)]
        try:
            await asyncio.gather(*(journal.open() for journal in journals))
            claims = await asyncio.gather(*(journal.claim(operation(key="same")) for journal in journals))
        finally:
            await asyncio.gather(*(journal.close() for journal in journals))
    assert {claimed.id for claimed in claims} == {operation().id}
