"""What reading promises: one operation, steps, twins, and searches with filters and pages."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from policies.journal import Change, Journal, Open
from policies.operation import State
from support.journals import CREATED, operation, step


async def test_what_is_not_there_is_not_found(journal: Journal) -> None:
    """Nothing is nothing, not an error."""
    assert await journal.get("no-id") is None
    assert await journal.find("shop", "no-key") is None
    assert await journal.steps("no-id") == []
    assert await journal.search(None) == []
    assert await journal.twins("acme", "t", CREATED) == []


async def test_a_read_sees_every_change_that_was_acknowledged(journal: Journal) -> None:
    """Whoever was told that something is stored finds it."""

    async def change(number: int) -> None:
        claimed = await journal.claim(operation(number))
        assert await journal.find("shop", claimed.key) == claimed
        changed = replace(claimed, state="sending", version=1)
        assert await journal.update(changed, Change((), (step(),)))
        assert await journal.get(claimed.id) == changed
        assert await journal.steps(claimed.id) == [step()]

    await asyncio.gather(*(change(number) for number in range(1, 51)))


async def test_twins_are_live_or_placed_and_recent(journal: Journal) -> None:
    """The same business fingerprint on the same account, created at or after a time, not failed or cancelled."""
    states: list[State] = ["accepted", "succeeded", "parked", "failed", "cancelled"]
    for number, state in enumerate(states, 1):
        await journal.claim(operation(number, twin="t", state=state, created_at=CREATED + timedelta(hours=number)))
    await journal.claim(operation(6, twin="other", created_at=CREATED + timedelta(hours=9)))
    await journal.claim(operation(7, twin="t", account="other", created_at=CREATED + timedelta(hours=9)))
    await journal.claim(operation(8, created_at=CREATED + timedelta(hours=9)))
    found = await journal.twins("acme", "t", CREATED + timedelta(hours=2))
    assert {each.id for each in found} == {operation(2).id, operation(3).id}


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"caller": None}, [6, 5, 4, 3, 2, 1]),
        ({"caller": "a"}, [5, 3, 1]),
        ({"caller": "nobody"}, []),
        ({"caller": None, "state": "parked"}, [6, 3]),
        ({"caller": "a", "state": "parked"}, [3]),
        ({"caller": None, "state": "unknown"}, [2]),
        ({"caller": None, "state": "accepted"}, [5, 4, 1]),
        ({"caller": None, "account": "x"}, [2, 1]),
        ({"caller": None, "reference": "PO-1"}, [4, 1]),
        ({"caller": "b", "reference": "PO-1"}, [4]),
        ({"caller": None, "subject": "s"}, [6, 5]),
        ({"caller": None, "key": "key-2"}, [2]),
        ({"caller": "a", "key": "key-2"}, []),
        ({"caller": None, "limit": 2}, [6, 5]),
        ({"caller": None, "limit": 2, "before": operation(5).id}, [4, 3]),
        ({"caller": "a", "before": operation(3).id}, [1]),
        ({"caller": None, "state": "accepted", "before": operation(4).id, "limit": 5}, [1]),
    ],
)
async def test_a_search_keeps_to_its_filters_newest_first(
    journal: Journal, wanted: dict[str, Any], numbers: list[int]
) -> None:
    """Filters hold together; `before` goes on where a page ended; `limit` bounds it."""
    for each in (
        operation(1, caller="a", account="x", reference="PO-1"),
        operation(2, caller="b", account="x", state="unknown"),
        operation(3, caller="a", state="parked"),
        operation(4, caller="b", account="y", reference="PO-1"),
        operation(5, caller="a", subject="s"),
        operation(6, caller="b", subject="s", state="parked"),
    ):
        await journal.claim(each)
    caller = wanted.pop("caller")
    found = await journal.search(caller, **wanted)
    wanted["caller"] = caller
    assert [each.id for each in found] == [operation(number).id for number in numbers]
    assert all([each == await journal.get(each.id) for each in found])


async def test_text_of_any_language_and_any_punctuation_is_data(journal: Journal) -> None:
    """Quotes, percent signs and emoji in what callers choose mean nothing to a store."""
    odd = "Robert'); DROP TABLE operation;-- \"%_\\ 漢字 🧾 \u202e"
    claimed = await journal.claim(operation(caller=odd, key=odd, reference=odd, subject=odd, cause=odd))
    assert await journal.find(odd, odd) == claimed
    assert await journal.search(odd, reference=odd, subject=odd) == [claimed]


async def test_a_large_body_is_kept(journal: Journal) -> None:
    """A few megabytes of content and answers come back as they were."""
    large = bytes(range(256)) * 8192
    claimed = await journal.claim(operation(content=large))
    await journal.update(replace(claimed, version=1), Change((), (step(request=large, answer=large),)))
    found = await journal.get(claimed.id)
    assert found is not None
    assert found.content == large
    assert await journal.steps(claimed.id) == [step(request=large, answer=large)]


async def test_what_is_open_is_counted_by_account_and_state(journal: Journal) -> None:
    """With the age of its oldest; what has ended is not open, what waits for a person is."""
    assert await journal.still_open() == []
    states: list[State] = ["accepted", "sending", "pending", "unknown", "parked", "succeeded", "failed", "cancelled"]
    for number, state in enumerate(states, 1):
        await journal.claim(operation(number, state=state, created_at=CREATED + timedelta(hours=number)))
    await journal.claim(operation(21, state="parked", created_at=CREATED))
    await journal.claim(operation(22, state="parked", created_at=CREATED + timedelta(days=1), account="other"))
    expected = [Open("acme", state, 1, CREATED + timedelta(hours=number)) for number, state in enumerate(states[:4], 1)]
    expected += [Open("acme", "parked", 2, CREATED), Open("other", "parked", 1, CREATED + timedelta(days=1))]
    assert sorted(await journal.still_open(), key=str) == sorted(expected, key=str)
