"""What taking promises: each operation that is due to one worker, the longest due first, until its lease is over."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from policies.journal import Change, Journal, Operation
from support.journals import ACCOUNT, FUTURE, PAST, Store, fact, operation, step


async def _due(journal: Journal, count: int) -> list[Operation]:
    """Claim operations, a later one longer due."""
    wanted = [operation(number, due=PAST - timedelta(days=number)) for number in range(1, count + 1)]
    return list(await asyncio.gather(*(journal.claim(each) for each in wanted)))


async def test_a_taken_operation_has_its_worker_its_lease_and_one_version_more(journal: Journal) -> None:
    """It is given whole, and what is stored is what was given."""
    claimed = await journal.claim(operation(due=PAST, content=b"content"))
    before = datetime.now(UTC)
    (taken,) = await journal.take_due("w", 30, [ACCOUNT], 10)
    assert taken.lease_until is not None
    # The store's clock may be another machine's.
    assert abs(taken.lease_until - before - timedelta(seconds=30)) < timedelta(seconds=20)
    assert taken == replace(claimed, owner="w", lease_until=taken.lease_until, version=1)
    assert await journal.get(claimed.id) == taken
    assert await journal.update(replace(taken, version=2, state="sending"), Change((fact(),), (step(),)))


async def test_the_longest_due_come_first_and_no_more_than_the_limit(journal: Journal) -> None:
    """Order is by due, not by age."""
    await _due(journal, 5)
    taken = [await journal.take_due("w", 60, [ACCOUNT], 2) for _ in range(3)]
    assert [[each.id for each in some] for some in taken] == [
        [operation(5).id, operation(4).id],
        [operation(3).id, operation(2).id],
        [operation(1).id],
    ]


async def test_what_is_not_due_or_nobody_s_or_another_account_s_is_left(journal: Journal) -> None:
    """Only these accounts, only with a due time, only when it has come."""
    await journal.claim(operation(1, due=FUTURE))
    await journal.claim(operation(2, due=None))
    await journal.claim(operation(3, due=PAST, account="other"))
    assert await journal.take_due("w", 60, [ACCOUNT], 10) == []
    assert await journal.take_due("w", 60, [], 10) == []
    assert [each.id for each in await journal.take_due("w", 60, [ACCOUNT, "other"], 10)] == [operation(3).id]


async def test_each_is_given_to_one_worker_only(journal: Journal) -> None:
    """Many workers at once share what is due without overlap, and leave nothing."""
    await _due(journal, 60)
    taken = await asyncio.gather(*(journal.take_due(f"w{number}", 60, [ACCOUNT], 4) for number in range(40)))
    ids = [each.id for some in taken for each in some]
    assert len(ids) == len(set(ids))
    while rest := await journal.take_due("last", 60, [ACCOUNT], 10):
        ids += [each.id for each in rest]
    assert sorted(ids) == [operation(number).id for number in range(1, 61)]


async def test_an_operation_is_given_again_when_its_lease_is_over_and_only_then(journal: Journal) -> None:
    """A lease of no length is over at once; the first worker's next update is refused."""
    await journal.claim(operation(due=PAST))
    (first,) = await journal.take_due("first", 0, [ACCOUNT], 1)
    (second,) = await journal.take_due("second", 60, [ACCOUNT], 1)
    assert (second.version, second.owner) == (2, "second")
    assert await journal.take_due("third", 60, [ACCOUNT], 1) == []
    assert not await journal.update(replace(first, version=2, state="failed"), Change())
    assert await journal.update(replace(second, version=3, state="sending"), Change())


async def test_an_update_can_give_an_operation_back(journal: Journal) -> None:
    """Without an owner and a lease it is taken again when it is due."""
    await journal.claim(operation(due=PAST))
    (first,) = await journal.take_due("first", 60, [ACCOUNT], 1)
    assert await journal.update(replace(first, version=2, owner=None, lease_until=None), Change())
    (second,) = await journal.take_due("second", 60, [ACCOUNT], 1)
    assert second.version == 3


async def test_taking_is_no_change_of_state(journal: Journal) -> None:
    """It adds no event and no fact."""
    claimed = await journal.claim(operation(due=PAST))
    (taken,) = await journal.take_due("w", 60, [ACCOUNT], 1)
    assert taken.evidence == claimed.evidence
    assert await journal.events(0, 10) == []


async def test_leases_of_who_had_it_open_before_are_void(store: Store) -> None:
    """Where one process alone opens a store, who held a lease is dead when it is opened again."""
    if not store.durable:
        return
    journal = await store.open()
    await journal.claim(operation(due=PAST))
    await journal.take_due("before", 3600, [ACCOUNT], 1)
    await journal.close()
    journal = await store.open()
    taken = await journal.take_due("after", 60, [ACCOUNT], 1)
    await journal.close()
    assert [each.owner for each in taken] == (["after"] if store.leases_end else [])
