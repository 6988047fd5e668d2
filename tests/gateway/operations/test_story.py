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


def test_a_story_has_dates() -> None:
    """An operation may be days old, and in doubt over midnight."""
    told = story(replace(OPERATION, evidence=(Evidence(AT, "claimed", "accepted"),)), ()).splitlines()
    assert "created     2026-11-22T03:04:05Z" in told
    assert "2026-11-22T03:04:05.000000Z  claimed      accepted" in told
