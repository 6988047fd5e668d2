"""What people are told of an operation, on the command line."""

from dataclasses import replace
from datetime import UTC, datetime

from gateway.operations.story import story
from policies.journal import Evidence, Operation

AT = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
OPERATION = Operation(
    "01a2", "webshop", "order-1", "f", "orders.place", "rexel", AT, AT, state="unknown", cause="Unavailable"
)


def test_a_cause_is_told_of_what_is_not_placed_and_not_of_what_is() -> None:
    """What was in the way of a write that was done in the end must not stand beside its success."""
    assert "state       unknown, placed: unknown (Unavailable)" in story(OPERATION, ()).splitlines()
    placed = replace(OPERATION, state="succeeded")
    assert "state       succeeded, placed: yes" in story(placed, ()).splitlines()


def test_a_story_marks_where_another_process_took_over() -> None:
    """The one that sent it said nothing more: it was killed. One that did says what came back, or that nothing did."""
    kinds = ("claimed", "sending", "no-answer", "unknown", "sending", "sending", "answer", "ended")
    facts = tuple(Evidence(AT, kind, "place") for kind in kinds)
    told = [line[29:].split("  ")[0].strip() for line in story(replace(OPERATION, evidence=facts), ()).splitlines()]
    assert told[-9:] == [*kinds[:5], "taken over", *kinds[5:]]


def test_the_next_look_is_not_before_whoever_works_on_it_has_to_be_done() -> None:
    """Until then nobody else takes it."""
    held = replace(OPERATION, state="sending", due=AT, lease_until=AT.replace(minute=5))
    assert "next look   2026-11-22T03:05:05Z" in story(held, ()).splitlines()
    assert "next look   2026-11-22T03:04:05Z" in story(replace(held, lease_until=None), ()).splitlines()


def test_a_story_has_dates() -> None:
    """An operation may be days old, and in doubt over midnight."""
    told = story(replace(OPERATION, evidence=(Evidence(AT, "claimed", "accepted"),)), ()).splitlines()
    assert "created     2026-11-22T03:04:05Z" in told
    assert "2026-11-22T03:04:05.000000Z  claimed      accepted" in told
