"""What every store of the journal promises, whichever it is: the docstrings of `policies.journal.Journal`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, get_args

import pytest

from policies.journal import Evidence, Journal, JournalFull, Operation, StoredAnswer
from policies.operation import ENDED, State

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
STATES: tuple[State, ...] = get_args(State)
CAPACITY = 40


def an_operation(number: int, **members: Any) -> Operation:
    """Return an operation of its own: ids grow with time."""
    at = BEGINNING + timedelta(seconds=number)
    values: dict[str, Any] = {
        "id": f"00000000-0000-7000-8000-{number:012}",
        "caller": "webshop",
        "key": f"key-{number}",
        "fingerprint": "f",
        "kind": "orders.place",
        "account": "rexel",
        "created_at": at,
        "updated_at": at,
    }
    return Operation(**values | members)


async def moved(journal: Journal, operation: Operation, state: State, **members: Any) -> Operation:
    """Store the operation's next version, in this state."""
    following = replace(operation, state=state, version=operation.version + 1, **members)
    assert await journal.update(following)
    return following


async def claimed(journal: Journal, operation: Operation, state: State = "accepted") -> Operation:
    """Claim an operation and bring it into a state."""
    assert await journal.claim(operation) == operation
    return operation if state == "accepted" else await moved(journal, operation, state)


# Claims by key -------------------------------------------------------------------------------------------------------


async def test_a_claim_is_kept_whole(journal: Journal) -> None:
    """Every member comes back as it was stored, by id and by key."""
    wanted = an_operation(1, reference="PO-1", subject="rexel:7")
    assert await journal.claim(wanted) == wanted
    evidence = Evidence(BEGINNING, "answer", "executed", "answered", 201)
    answer = StoredAnswer(201, {"location": "/v1/orders/rexel:1"}, b'{"id":"rexel:1"}')
    stored = await moved(
        journal, wanted, "succeeded", evidence=(evidence,), answer=answer, attempts=1, next_check_at=BEGINNING
    )
    assert await journal.get(wanted.id) == stored
    assert await journal.find("webshop", "key-1") == stored


async def test_of_many_claims_at_once_one_wins(journal: Journal) -> None:
    """A hundred claims with one key and reference: everybody gets the same operation."""
    wanted = [an_operation(number, key="one", reference="PO-1") for number in range(100)]
    got = await asyncio.gather(*(journal.claim(operation) for operation in wanted))
    assert len({operation.id for operation in got}) == 1
    assert await journal.list("webshop", limit=100) == [got[0]]


async def test_of_many_claims_with_other_keys_one_has_the_reference(journal: Journal) -> None:
    """The reference is as atomic as the key."""
    wanted = [an_operation(number, reference="PO-1") for number in range(30)]
    got = await asyncio.gather(*(journal.claim(operation) for operation in wanted))
    assert len({operation.id for operation in got}) == 1


@pytest.mark.parametrize("state", [state for state in STATES if state != "cancelled"])
async def test_a_key_that_is_used_stays_used(journal: Journal, state: State) -> None:
    """Live, ended or in doubt, and whatever the new content is: the first operation comes back."""
    first = await claimed(journal, an_operation(1, key="one"), state)
    second = an_operation(2, key="one", fingerprint="other", kind="orders.cancel", account="bol")
    assert await journal.claim(second) == first
    assert await journal.get(second.id) is None


async def test_a_cancelled_operation_gives_way(journal: Journal) -> None:
    """Its key is not used up: the new one takes its place, and the old one is no more."""
    first = await claimed(journal, an_operation(1, key="one", reference="PO-1"), "cancelled")
    second = an_operation(2, key="one", reference="PO-1", fingerprint="mended")
    assert await journal.claim(second) == second
    assert await journal.get(first.id) is None
    assert await journal.find("webshop", "one") == second
    assert not await journal.update(replace(first, version=first.version + 1, state="sending"))


async def test_of_many_claims_after_a_cancelled_one_one_wins(journal: Journal) -> None:
    """Giving way is atomic too."""
    await claimed(journal, an_operation(1, key="one"), "cancelled")
    got = await asyncio.gather(*(journal.claim(an_operation(number, key="one")) for number in range(2, 52)))
    assert len({operation.id for operation in got}) == 1


async def test_a_key_belongs_to_its_caller(journal: Journal) -> None:
    """Two callers may use the same key; neither finds the other's."""
    mine, other = an_operation(1, key="one"), an_operation(2, key="one", caller="backoffice")
    assert await journal.claim(mine) == mine
    assert await journal.claim(other) == other
    assert await journal.find("webshop", "one") == mine
    assert await journal.find("backoffice", "one") == other
    assert await journal.find("nobody", "one") is None


# References ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
async def test_a_reference_belongs_to_what_is_live_placed_or_in_doubt(journal: Journal, state: State) -> None:
    """After a failed or cancelled operation it is free; any other keeps it, also from another caller."""
    first = await claimed(journal, an_operation(1, reference="PO-1"), state)
    second = an_operation(2, reference="PO-1", caller="backoffice")
    free = state in {"failed", "cancelled"}
    assert await journal.claim(second) == (second if free else first)
    assert (await journal.get(second.id) is None) is not free


async def test_a_reference_is_one_of_an_account_and_a_kind(journal: Journal) -> None:
    """The same reference at another provider, or of another kind of write, is another one; none is none."""
    for number, (account, kind) in enumerate(product(("rexel", "gelato"), ("orders.place", "orders.cancel"))):
        await claimed(journal, an_operation(number, reference="PO-1", account=account, kind=kind))
    await claimed(journal, an_operation(10))
    await claimed(journal, an_operation(11))


async def test_a_released_key_does_not_take_a_reference_that_is_taken_meanwhile(journal: Journal) -> None:
    """Cancelled, then placed under another key: claiming the first key again loses to that order."""
    await claimed(journal, an_operation(1, key="one", reference="PO-1"), "cancelled")
    other = await claimed(journal, an_operation(2, key="two", reference="PO-1"), "succeeded")
    assert await journal.claim(an_operation(3, key="one", reference="PO-1")) == other
    assert await journal.claim(an_operation(4, key="one", reference="PO-2")) == an_operation(
        4, key="one", reference="PO-2"
    )


async def test_a_reference_stays_with_its_order_when_an_older_failure_is_forgotten(journal: Journal) -> None:
    """A failed operation that had the reference before takes nothing with it when its key is claimed anew."""
    await claimed(journal, an_operation(1, key="one", reference="PO-1"), "cancelled")
    placed = await claimed(journal, an_operation(2, key="two", reference="PO-1"), "succeeded")
    await claimed(journal, an_operation(3, key="one"))
    assert await journal.claim(an_operation(4, reference="PO-1")) == placed


# Versions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [0, 1, 3, 7])
async def test_only_the_next_version_is_stored(journal: Journal, version: int) -> None:
    """Whoever worked on an older record is told, and changes nothing."""
    stored = await moved(journal, await claimed(journal, an_operation(1)), "sending")
    assert not await journal.update(replace(stored, state="cancelled", version=version))
    assert await journal.get(stored.id) == stored


async def test_of_many_changes_at_once_one_is_stored(journal: Journal) -> None:
    """Sending and withdrawing cannot both happen."""
    first = await claimed(journal, an_operation(1))
    states: tuple[State, ...] = ("sending", "cancelled") * 10
    done = await asyncio.gather(*(journal.update(replace(first, state=state, version=1)) for state in states))
    assert sum(done) == 1
    stored = await journal.get(first.id)
    assert stored is not None
    assert stored.state == states[done.index(True)]


async def test_what_is_not_there_is_not_updated(journal: Journal) -> None:
    """An update inserts nothing."""
    assert not await journal.update(an_operation(1, version=1))
    assert await journal.get(an_operation(1).id) is None


# Lists ---------------------------------------------------------------------------------------------------------------


async def test_a_list_is_newest_first_and_goes_on_where_it_ended(journal: Journal) -> None:
    """Pages of any size, one after the other, are the whole list; new operations do not move it."""
    wanted = [await claimed(journal, an_operation(number)) for number in range(10)]
    for size in (1, 3, 10, 100):
        found: list[Operation] = []
        while page := await journal.list("webshop", before=found[-1].id if found else None, limit=size):
            assert len(page) <= size
            found += page
        assert found == wanted[::-1]
    first = await journal.list("webshop", limit=4)
    await claimed(journal, an_operation(99))
    assert await journal.list("webshop", before=first[-1].id, limit=100) == wanted[5::-1]


async def test_a_list_has_the_callers_own_only(journal: Journal) -> None:
    """Whatever the filters are."""
    mine = await claimed(journal, an_operation(1, reference="PO-1"))
    await claimed(journal, an_operation(2, caller="backoffice", account="bol", reference="PO-2"))
    assert await journal.list("webshop") == [mine]
    assert await journal.list("webshop", account="bol") == []
    assert await journal.list("webshop", reference="PO-2") == []


async def test_filters_are_all_to_match(journal: Journal) -> None:
    """By state, account and reference, one by one and together, across pages."""
    made = []
    for number, (state, account, reference) in enumerate(product(STATES[:4], ("rexel", "bol"), ("PO-1", "PO-2", None))):
        unique = reference and f"{reference}-{state}"
        made.append(await claimed(journal, an_operation(number, account=account, reference=unique), state))
    states: tuple[State | None, ...] = (None, *STATES[:4])
    accounts: tuple[str | None, ...] = (None, "rexel", "bol", "nobody")
    for wanted, at in product(states, accounts):
        matching = [one for one in made if wanted in {None, one.state} and at in {None, one.account}][::-1]
        assert await journal.list("webshop", state=wanted, account=at) == matching
        if matching:
            rest = await journal.list("webshop", state=wanted, account=at, before=matching[0].id)
            assert rest == matching[1:]
    assert [one.account for one in await journal.list("webshop", reference="PO-1-pending")] == ["bol", "rexel"]


# Bounds --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in STATES if state not in ENDED])
async def test_a_full_journal_refuses_rather_than_forget_what_is_under_way(journal: Journal, state: State) -> None:
    """Live and doubtful operations are never dropped; nothing is claimed then, and what is there still answers."""
    kept = [await claimed(journal, an_operation(number), state) for number in range(CAPACITY)]
    late = an_operation(CAPACITY)
    with pytest.raises(JournalFull):
        await journal.claim(late)
    assert await journal.get(late.id) is None
    assert await journal.claim(replace(late, id="other", key="key-0")) == kept[0]
    assert await journal.list("webshop", limit=100) == kept[::-1]


@pytest.mark.parametrize("state", sorted(ENDED))
async def test_a_full_journal_forgets_what_ended_first(journal: Journal, state: State) -> None:
    """The oldest ended one gives way, with its key and reference; everything else stays."""
    live = [await claimed(journal, an_operation(number)) for number in range(3)]
    ended = [
        await claimed(journal, an_operation(number, reference=f"PO-{number}"), state) for number in range(3, CAPACITY)
    ]
    late = an_operation(CAPACITY)
    assert await journal.claim(late) == late
    assert await journal.get(ended[0].id) is None
    assert await journal.find("webshop", "key-3") is None
    assert await journal.list("webshop", limit=100) == [late, *ended[:0:-1], *live[::-1]]
    again = an_operation(CAPACITY + 1, reference="PO-3")
    assert await journal.claim(again) == again


async def test_a_released_key_is_claimed_in_a_full_journal_without_forgetting_others(journal: Journal) -> None:
    """It takes the place of the operation that gives way to it."""
    placed = await claimed(journal, an_operation(0), "succeeded")
    for number in range(1, CAPACITY):
        await claimed(journal, an_operation(number), "cancelled" if number == 5 else "accepted")
    again = an_operation(CAPACITY, key="key-5")
    assert await journal.claim(again) == again
    assert await journal.get(placed.id) == placed
