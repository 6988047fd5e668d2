"""What an update promises: fenced by version, final states never left, everything of a change or nothing."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from policies.journal import Change, Journal
from policies.operation import State
from support.journals import CREATED, FUTURE, answer, fact, operation, step


async def test_an_update_stores_everything_that_changes(journal: Journal) -> None:
    """Row, facts, steps and answer of a change are read back as they were given."""
    claimed = await journal.claim(operation())
    changed = replace(
        claimed,
        state="unknown",
        version=1,
        updated_at=CREATED + timedelta(microseconds=1),
        subject="order-1",
        attempts=1,
        doubt=True,
        probes=2,
        first_sent_at=CREATED,
        last_sent_at=CREATED,
        valid_until=FUTURE,
        due=FUTURE,
        owner="w",
        lease_until=FUTURE,
        cause="timeout",
        answer=answer(b"", 504),
    )
    facts = (fact("sending", "place"), fact("no-answer", "unclear", phase="sent"))
    assert await journal.update(changed, Change(facts, (step(0, 1), step(0, 0), step(1, 0, answer=b"200"))))
    assert await journal.get(claimed.id) == replace(changed, evidence=claimed.evidence + facts)
    assert await journal.steps(claimed.id) == [step(0, 0), step(0, 1), step(1, 0, answer=b"200")]


@pytest.mark.parametrize("version", [0, 2, 7])
async def test_an_update_that_is_not_the_next_is_refused_whole(journal: Journal, version: int) -> None:
    """Who lost its claim changes nothing: no state, no fact, no step, no event."""
    claimed = await journal.claim(operation())
    late = replace(claimed, state="failed", version=version)
    assert not await journal.update(late, Change((fact(),), (step(),)))
    assert await journal.get(claimed.id) == claimed
    assert await journal.steps(claimed.id) == []
    assert await journal.events(0, 10) == []


async def test_an_update_of_nothing_is_refused(journal: Journal) -> None:
    """What was never claimed is not made by an update."""
    assert not await journal.update(operation(version=1), Change((fact(),)))
    assert await journal.get(operation().id) is None


async def test_of_many_updates_to_the_same_version_one_is_stored(journal: Journal) -> None:
    """The fence holds between writers at the same moment."""
    claimed = await journal.claim(operation())
    stored = await asyncio.gather(
        *(journal.update(replace(claimed, version=1, cause=str(number)), Change((fact(),))) for number in range(50))
    )
    assert stored.count(True) == 1
    found = await journal.get(claimed.id)
    assert found is not None
    assert found.cause == str(stored.index(True))
    assert len(found.evidence) == 2


async def test_what_a_zombie_saw_is_kept_though_it_may_not_change_the_state(journal: Journal) -> None:
    """A worker whose lease was taken over: its update is refused, its facts are appended."""
    claimed = await journal.claim(operation(due=CREATED))
    (taken,) = await journal.take_due("other", 60, ["acme"], 1)
    assert not await journal.update(replace(claimed, state="succeeded", version=1), Change((fact(),)))
    await journal.append(claimed.id, [fact("answer", "executed", phase="answered", status=201)])
    found = await journal.get(claimed.id)
    assert found is not None
    assert (found.state, found.version, found.owner) == ("accepted", taken.version, "other")
    assert found.evidence[-1] == fact("answer", "executed", phase="answered", status=201)


@pytest.mark.parametrize("final", ["succeeded", "partial", "failed"])
@pytest.mark.parametrize("other", ["accepted", "sending", "unknown", "cancelled", "succeeded", "partial", "failed"])
async def test_a_final_state_is_never_left(journal: Journal, final: State, other: State) -> None:
    """Not for another final state either; only details of the same may follow."""
    claimed = await journal.claim(operation())
    ended = replace(claimed, state=final, version=1)
    assert await journal.update(ended, Change())
    stored = await journal.update(replace(ended, state=other, version=2, subject="found-later"), Change())
    assert stored is (final == other)
    found = await journal.get(claimed.id)
    assert found is not None
    assert (found.state, found.version) == (final, 2 if stored else 1)


async def test_a_step_never_becomes_unanswered_and_the_last_word_about_it_counts(journal: Journal) -> None:
    """A step is replaced by the one with its index and part; its answer stays where the new one has none."""
    claimed = await journal.claim(operation())
    sent, answered = step(phase="sent"), step(answer=b"500", phase="answered")
    tried_again = step(digest="e" * 64, request=b"POST /again", phase="sent")
    answered_again = step(digest="e" * 64, request=b"POST /again", answer=b"201", phase="answered")
    seen = []
    for version, given in enumerate([sent, answered, tried_again, answered_again], 1):
        assert await journal.update(replace(claimed, version=version), Change((), (given,)))
        seen += await journal.steps(claimed.id)
    assert seen == [sent, answered, replace(tried_again, answer=b"500"), answered_again]


async def test_an_answer_is_replaced_or_taken_back_as_the_update_says(journal: Journal) -> None:
    """The operation is stored as it is given, its answer included."""
    claimed = await journal.claim(operation())
    for version, given in enumerate([answer(b"1"), answer(b"2", 202), None, answer(b"3")], 1):
        assert await journal.update(replace(claimed, version=version, answer=given), Change())
        found = await journal.get(claimed.id)
        assert found is not None
        assert found.answer == given


async def test_what_the_claim_fixed_is_not_changed_by_an_update(journal: Journal) -> None:
    """Whose an operation is, its key, content and reference stay as they were claimed."""
    claimed = await journal.claim(operation(reference="PO-1", twin="t"))
    other = replace(
        claimed, caller="x", key="x", kind="x", account="x", reference="x", twin="x", content=b"x", version=1
    )
    assert await journal.update(other, Change())
    assert await journal.get(claimed.id) == replace(claimed, version=1)


async def test_a_cancelled_operation_does_not_come_back_over_another_s_reference(journal: Journal) -> None:
    """What others took meanwhile is theirs: the update is refused."""
    first = await journal.claim(operation(1, reference="PO-1"))
    await journal.update(replace(first, state="cancelled", version=1), Change())
    await journal.claim(operation(2, reference="PO-1"))
    assert not await journal.update(replace(first, state="accepted", version=2), Change((fact(),)))
    found = await journal.get(first.id)
    assert found is not None
    assert (found.state, found.evidence) == ("cancelled", first.evidence)


async def test_facts_are_kept_in_the_order_they_came(journal: Journal) -> None:
    """Appended and updated facts stand behind one another, whatever their times say."""
    claimed = await journal.claim(operation())
    early = replace(fact("early"), at=CREATED - timedelta(days=1))
    await journal.append(claimed.id, [fact("one"), early])
    await journal.update(replace(claimed, version=1), Change((fact("two"),)))
    await journal.append(claimed.id, [])
    found = await journal.get(claimed.id)
    assert found is not None
    assert [evidence.kind for evidence in found.evidence] == ["claimed", "one", "early", "two"]


async def test_facts_about_nothing_are_let_go(journal: Journal) -> None:
    """An id that names nothing, or nothing any more, has no place for facts."""
    await journal.append(operation(9).id, [fact()])
    assert await journal.get(operation(9).id) is None
