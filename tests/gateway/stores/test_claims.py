"""What a claim promises: one winner for a key, one live or placed operation for a reference."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from policies.journal import Change, Journal
from policies.operation import State
from support.journals import CREATED, answer, fact, operation, step


async def test_a_claim_returns_the_operation_and_keeps_all_of_it(journal: Journal) -> None:
    """What was claimed is what is read, to the microsecond and the byte."""
    claimed = operation(
        reference="PO-1",
        twin="t" * 64,
        subject="order-1",
        attempts=2,
        doubt=True,
        probes=3,
        first_sent_at=CREATED,
        last_sent_at=CREATED + timedelta(seconds=1),
        valid_until=CREATED + timedelta(hours=1),
        due=CREATED + timedelta(seconds=2),
        owner="worker-1",
        lease_until=CREATED + timedelta(seconds=3),
        cause="restarted",
        content=b"\x00\xff\x01 any bytes",
        answer=answer(b"\x00body"),
        evidence=(fact(), fact("poll", "pending", phase="answered", status=202, detail="é…")),
    )
    assert await journal.claim(claimed) == claimed
    assert await journal.get(claimed.id) == claimed
    assert await journal.find("shop", "key-1") == claimed


async def test_the_loser_of_a_key_is_given_the_winner_as_it_stands(journal: Journal) -> None:
    """A second claim of (caller, key) changes nothing and returns what is there, with its answer."""
    first = await journal.claim(operation(1, key="same"))
    done = replace(first, state="succeeded", version=1, answer=answer())
    assert await journal.update(done, Change((fact(),)))
    lost = await journal.claim(operation(2, key="same", fingerprint="other"))
    assert lost == replace(done, evidence=(*first.evidence, fact()))
    assert await journal.get(operation(2).id) is None


async def test_another_caller_has_keys_of_its_own(journal: Journal) -> None:
    """The same key of two callers names two operations."""
    assert (await journal.claim(operation(1, key="same", caller="a"))).id == operation(1).id
    assert (await journal.claim(operation(2, key="same", caller="b"))).id == operation(2).id
    found = await journal.find("b", "same")
    assert found is not None
    assert found.id == operation(2).id


async def test_of_200_claims_of_one_key_at_once_one_wins(journal: Journal) -> None:
    """All are given the same operation, and there is no other."""
    claims = await asyncio.gather(*(journal.claim(operation(number, key="same")) for number in range(1, 201)))
    assert len({claim.id for claim in claims}) == 1
    assert [found.id for found in await journal.search(None)] == [claims[0].id]


async def test_of_many_claims_of_one_reference_at_once_one_wins(journal: Journal) -> None:
    """Different keys with one reference: both constraints are contended, and one operation is left."""
    claims = await asyncio.gather(
        *(journal.claim(operation(number, key=f"key-{number % 7}", reference="PO-1")) for number in range(1, 101))
    )
    assert len({claim.id for claim in claims}) == 1


async def test_claiming_the_same_operation_again_returns_it(journal: Journal) -> None:
    """Who is not sure that a claim was stored may repeat it."""
    claimed = await journal.claim(operation())
    assert await journal.claim(operation()) == claimed
    assert len(await journal.search(None)) == 1


@pytest.mark.parametrize("state", ["accepted", "sending", "pending", "succeeded", "partial", "unknown", "parked"])
async def test_a_reference_belongs_to_the_operation_that_is_live_or_placed(journal: Journal, state: State) -> None:
    """The later claim is given the owner of the reference, of another caller too, and leaves nothing."""
    owner = await journal.claim(operation(1, reference="PO-1", state=state))
    assert (await journal.claim(operation(2, caller="other", reference="PO-1"))).id == owner.id
    assert await journal.find("other", "key-2") is None


@pytest.mark.parametrize("state", ["failed", "cancelled"])
async def test_a_reference_is_free_again_after_what_was_not_placed(journal: Journal, state: State) -> None:
    """A new operation may have the reference of one that failed or was never executed."""
    first = await journal.claim(operation(1, reference="PO-1"))
    assert await journal.update(replace(first, state=state, version=1), Change())
    assert (await journal.claim(operation(2, reference="PO-1"))).id == operation(2).id


@pytest.mark.parametrize("changed", [{"account": "other"}, {"kind": "cancel"}, {"reference": "PO-2"}])
async def test_a_reference_counts_within_its_account_and_kind(journal: Journal, changed: dict[str, str]) -> None:
    """Another account, kind or reference is no conflict; neither are operations without one."""
    await journal.claim(operation(1, reference="PO-1"))
    wanted = operation(2, **{"reference": "PO-1", **changed})
    assert (await journal.claim(wanted)).id == wanted.id
    assert (await journal.claim(operation(3))).id == operation(3).id
    assert (await journal.claim(operation(4))).id == operation(4).id


async def test_a_key_is_looked_at_before_a_reference(journal: Journal) -> None:
    """Who repeats its key is given its own operation, whoever has the reference."""
    await journal.claim(operation(1, reference="PO-1"))
    mine = await journal.claim(operation(2, reference="PO-2"))
    assert (await journal.claim(operation(3, key="key-2", reference="PO-1"))).id == mine.id


async def test_a_cancelled_operation_gives_way_and_its_facts_stay(journal: Journal) -> None:
    """The key is not used up: the new operation has the facts of the old before its own, and nothing else of it."""
    first = await journal.claim(operation(1, key="same", reference="PO-1", content=b"old"))
    await journal.update(
        replace(first, state="cancelled", version=1, answer=answer(), cause="no-room"),
        Change((fact("ended", "cancelled"),), (step(),)),
    )
    again = operation(2, key="same", fingerprint="mended", content=b"new", reference="PO-1")
    replaced = await journal.claim(again)
    assert replaced == replace(again, evidence=(*first.evidence, fact("ended", "cancelled"), *again.evidence))
    assert await journal.find("shop", "same") == replaced
    assert await journal.steps(again.id) == []
    assert [found.id for found in await journal.search(None)] == [again.id]


async def test_the_id_of_a_replaced_operation_names_the_one_that_replaced_it(journal: Journal) -> None:
    """No operation disappears: what is seen late is kept with the new one; but the old one changes it no more."""
    first = await journal.claim(operation(1, key="same"))
    cancelled = replace(first, state="cancelled", version=1)
    await journal.update(cancelled, Change())
    await journal.claim(operation(2, key="same"))
    second = replace(operation(2, key="same"), state="cancelled", version=1)
    assert await journal.update(second, Change((), (step(),)))
    await journal.append(first.id, [fact("late", "executed")])
    found = await journal.get(first.id)
    assert found is not None
    assert found.id == second.id
    assert found.evidence[-1] == fact("late", "executed")
    assert await journal.steps(first.id) == [step()]
    assert not await journal.update(replace(cancelled, version=2), Change())
    await journal.claim(operation(3, key="same"))
    assert {found.id for number in (1, 2, 3) if (found := await journal.get(operation(number).id))} == {operation(3).id}


async def test_a_cancelled_operation_gives_way_to_one_whose_reference_is_free_only(journal: Journal) -> None:
    """A reference that another operation took meanwhile is its own."""
    first = await journal.claim(operation(1, key="same", reference="PO-1"))
    await journal.update(replace(first, state="cancelled", version=1), Change())
    owner = await journal.claim(operation(2, reference="PO-1"))
    assert (await journal.claim(operation(3, key="same", reference="PO-1"))).id == owner.id
    found = await journal.find("shop", "same")
    assert found is not None
    assert found.id == first.id


async def test_of_many_claims_of_a_cancelled_key_at_once_one_wins(journal: Journal) -> None:
    """A key that is not used up is given to one."""
    first = await journal.claim(operation(1, key="same"))
    await journal.update(replace(first, state="cancelled", version=1), Change())
    claims = await asyncio.gather(*(journal.claim(operation(number, key="same")) for number in range(2, 102)))
    assert len({claim.id for claim in claims}) == 1
    assert claims[0].id != first.id
