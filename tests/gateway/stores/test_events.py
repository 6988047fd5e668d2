"""What events promise: one for each change of state, in the order of commits, none ever before one that was read."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from policies.journal import Change, Event, Journal, Operation
from policies.operation import State
from support.journals import CREATED, operation


async def _go(journal: Journal, operation: Operation, *states: State) -> Operation:
    for state in states:
        operation = replace(operation, state=state, version=operation.version + 1)
        assert await journal.update(operation, Change())
    return operation


async def test_a_change_of_state_adds_one_event_and_anything_else_none(journal: Journal) -> None:
    """It names the order, or the operation while there is none, and says when and what."""
    claimed = await journal.claim(operation())
    assert await journal.events(0, 10) == []
    sending = await _go(journal, claimed, "sending", "sending")
    ended = replace(sending, state="succeeded", version=3, subject="order-1", updated_at=CREATED + timedelta(seconds=5))
    assert await journal.update(ended, Change())
    first, second = await journal.events(0, 10)
    assert second.sequence > first.sequence
    assert first == Event(first.sequence, claimed.id, 1, claimed.id, "sending", CREATED)
    assert second == Event(second.sequence, "order-1", 1, claimed.id, "succeeded", CREATED + timedelta(seconds=5))


async def test_versions_count_the_events_of_a_subject(journal: Journal) -> None:
    """Several operations may change one order: its events have versions 1, 2, 3 in their order."""
    one = await journal.claim(operation(1, subject="order-1"))
    two = await journal.claim(operation(2, subject="order-1", kind="cancel"))
    one = await _go(journal, one, "sending")
    await _go(journal, two, "sending", "unknown")
    await _go(journal, one, "succeeded")
    events = await journal.events(0, 10)
    assert [(event.subject, event.version) for event in events] == [("order-1", version) for version in (1, 2, 3, 4)]
    assert [event.operation for event in events] == [one.id, two.id, two.id, one.id]


async def test_events_are_read_on_from_where_one_stopped(journal: Journal) -> None:
    """`after` is the last one read, `limit` bounds a page."""
    await _go(journal, await journal.claim(operation()), "sending", "unknown", "sending", "succeeded")
    every = await journal.events(0, 10)
    pages, after = [], 0
    while page := await journal.events(after, 3):
        pages.append(page)
        after = page[-1].sequence
    assert [len(page) for page in pages] == [3, 1]
    assert [event for page in pages for event in page] == every


async def test_a_reader_misses_nothing_while_many_write(journal: Journal) -> None:
    """None that commits later comes before one that was returned: following the sequence finds every event once."""
    writing = True
    seen: list[Event] = []

    async def follow() -> None:
        while True:
            last = not writing
            while page := await journal.events(seen[-1].sequence if seen else 0, 7):
                seen.extend(page)
            if last:
                return

    async def change(number: int) -> None:
        await _go(journal, await journal.claim(operation(number)), "sending", "unknown", "sending", "failed")

    following = asyncio.create_task(follow())
    await asyncio.gather(*(change(number) for number in range(1, 41)))
    writing = False
    await following
    assert len(seen) == 160
    assert [event.sequence for event in seen] == sorted({event.sequence for event in seen})
    by_subject = groupby(sorted(seen, key=lambda event: (event.subject, event.sequence)), lambda event: event.subject)
    for _, events in by_subject:
        assert [(event.version, event.state) for event in events] == [
            (1, "sending"),
            (2, "unknown"),
            (3, "sending"),
            (4, "failed"),
        ]
