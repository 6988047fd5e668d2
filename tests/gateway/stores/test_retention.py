"""What retention promises: bodies go first, tombstones still answer a claim, and what has not ended stays."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from policies.journal import Change, Journal, Operation
from policies.operation import State
from support.journals import CREATED, Store, answer, fact, operation, step

MINUTE = timedelta(minutes=1)


async def _ended(journal: Journal, state: State = "succeeded", number: int = 1) -> Operation:
    claimed = await journal.claim(operation(number, reference=f"PO-{number}"))
    ended = replace(claimed, state=state, version=1, answer=answer(), subject=f"order-{number}")
    assert await journal.update(ended, Change((fact(),), (step(answer=b"201"),)))
    return replace(ended, evidence=(*claimed.evidence, fact()))


async def _purge(journal: Journal, now: datetime) -> None:
    while await journal.purge(now):
        pass


async def test_nothing_goes_before_its_time(journal: Journal) -> None:
    """Seven days after the end everything is there."""
    ended = await _ended(journal)
    assert await journal.purge(CREATED + timedelta(days=7) - MINUTE) == 0
    assert await journal.get(ended.id) == ended
    assert await journal.steps(ended.id) == [step(answer=b"201")]


async def test_requests_go_first(journal: Journal) -> None:
    """After 7 days content and frozen requests are gone; what came back and the answer are there."""
    ended = await _ended(journal)
    await _purge(journal, CREATED + timedelta(days=7) + MINUTE)
    assert await journal.get(ended.id) == replace(ended, content=b"")
    assert await journal.steps(ended.id) == [step(request=b"", answer=b"201")]


async def test_answers_go_next_and_what_is_left_tells_the_fate(journal: Journal) -> None:
    """After 30 days the answer is gone; key, fingerprint, state and id are there."""
    ended = await _ended(journal)
    await _purge(journal, CREATED + timedelta(days=30) + MINUTE)
    found = await journal.find("shop", "key-1")
    assert found is not None
    assert found.answer is None
    assert (found.id, found.fingerprint, found.state) == (ended.id, ended.fingerprint, "succeeded")
    assert not any(kept.request or kept.answer for kept in await journal.steps(ended.id))


@pytest.mark.parametrize("state", ["succeeded", "partial", "failed"])
async def test_a_tombstone_never_executes_again(journal: Journal, state: State) -> None:
    """For 400 days a claim with the key is given the tombstone."""
    ended = await _ended(journal, state)
    for days in (8, 31, 399):
        await _purge(journal, CREATED + timedelta(days=days))
        lost = await journal.claim(operation(9, key="key-1"))
        assert (lost.id, lost.state) == (ended.id, state)
    assert not await journal.update(replace(ended, state="accepted", version=2), Change())


async def test_a_placed_tombstone_holds_its_reference(journal: Journal) -> None:
    """What was ordered is not ordered again under another key."""
    ended = await _ended(journal)
    await _purge(journal, CREATED + timedelta(days=399))
    assert (await journal.claim(operation(9, reference="PO-1"))).id == ended.id


async def test_after_400_days_nothing_is_left(journal: Journal) -> None:
    """The row, its facts, steps and events go, under former ids too; the sequence of events goes on."""
    first = await journal.claim(operation(1))
    await journal.update(replace(first, state="cancelled", version=1), Change())
    second = await journal.claim(operation(2, key="key-1"))
    await journal.update(replace(second, state="failed", version=1), Change((), (step(),)))
    before = await journal.events(0, 10)
    assert len(before) == 2
    await _purge(journal, CREATED + timedelta(days=400) + MINUTE)
    assert await journal.find("shop", "key-1") is None
    assert [await journal.get(each.id) for each in (first, second)] == [None, None]
    assert await journal.steps(second.id) == []
    assert await journal.events(0, 10) == []
    third = await journal.claim(operation(3))
    assert await journal.update(replace(third, state="sending", version=1), Change())
    (event,) = await journal.events(before[-1].sequence, 10)
    assert event.operation == third.id


@pytest.mark.parametrize("state", ["accepted", "sending", "pending", "unknown", "parked"])
async def test_what_has_not_ended_stays(journal: Journal, state: State) -> None:
    """However old."""
    kept = await journal.claim(operation(state=state))
    await journal.update(replace(kept, version=1), Change((), (step(answer=b"1"),)))
    assert await journal.purge(CREATED + timedelta(days=5000)) == 0
    assert await journal.get(kept.id) == replace(kept, version=1)
    assert await journal.steps(kept.id) == [step(answer=b"1")]


async def test_days_count_from_the_end_and_not_from_a_later_change(journal: Journal) -> None:
    """A detail found later does not keep an operation longer, and is let go with the rest."""
    ended = await _ended(journal)
    later = replace(ended, version=2, updated_at=CREATED + timedelta(days=29), answer=answer(b"later"))
    assert await journal.update(later, Change())
    await _purge(journal, CREATED + timedelta(days=30) + MINUTE)
    found = await journal.get(ended.id)
    assert found is not None
    assert (found.content, found.answer) == (b"", None)


async def test_days_count_anew_for_an_operation_that_came_back(journal: Journal) -> None:
    """Cancelled, taken up again, ended: only the last end counts."""
    claimed = await journal.claim(operation())
    states: list[tuple[State, int]] = [("cancelled", 0), ("accepted", 10), ("succeeded", 20)]
    for version, (state, days) in enumerate(states, 1):
        changed = replace(claimed, state=state, version=version, updated_at=CREATED + timedelta(days=days))
        assert await journal.update(changed, Change())
    assert await journal.purge(CREATED + timedelta(days=26)) == 0
    assert await journal.purge(CREATED + timedelta(days=28)) == 1


async def test_a_purge_takes_no_more_than_its_limit_and_says_how_many(journal: Journal) -> None:
    """The work is done a batch at a time, and 0 says that it is done."""
    for number in range(1, 6):
        await _ended(journal, number=number)
    now = CREATED + timedelta(days=8)
    assert [await journal.purge(now, limit=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_what_was_let_go_is_in_no_byte_that_is_kept(store: Store) -> None:
    """It is overwritten, not only unlinked."""
    canary = b"canary-4711"
    journal = await store.open()
    claimed = await journal.claim(operation(content=canary * 1000))
    ended = replace(claimed, state="succeeded", version=1, answer=answer(canary))
    assert await journal.update(ended, Change((), (step(request=canary, answer=canary),)))
    await _purge(journal, CREATED + timedelta(days=31))
    assert await journal.find("shop", "key-1") is not None
    await journal.close()
    assert canary not in await store.stored_bytes()
