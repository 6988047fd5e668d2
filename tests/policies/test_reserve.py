"""How much the less urgent leave to the more urgent."""

import pytest

from policies.reserve import Reserve, reserve


@pytest.mark.parametrize(("requests", "kept"), [(5, 0), (6, 1), (10, 2), (100, 20)])
def test_a_fifth_is_kept_but_not_of_a_few(requests: int, kept: int) -> None:
    """A fifth and at least one, and none of a limit as small as five an hour."""
    assert reserve(requests) == kept


def test_nothing_is_kept_where_nobody_urgent_comes() -> None:
    """Until the first has come; then at least a fifth, also when it has gone."""
    seen = Reserve(1.0)
    assert seen.left(20, 0.0) == 0
    seen.taken(1, 0.0)
    seen.given_back(1, 1.0)
    assert [seen.left(20, moment) for moment in (0.5, 2.0, 1e6)] == [4, 4, 4]


def test_as_much_is_left_as_was_lately_used_at_once() -> None:
    """Ten of twenty in use: a fifth besides. All ten back: their ten slots are free for the next ten."""
    seen = Reserve(1.0)
    for _ in range(10):
        seen.taken(1, 0.0)
    assert seen.left(20, 0.0) == 4
    for _ in range(10):
        seen.given_back(1, 1.0)
    assert seen.left(20, 0.99) == 4
    assert seen.left(20, 1.0) == 10
    assert seen.left(20, 60.0) == 4


def test_what_was_not_sent_is_free_at_once() -> None:
    """It was in use all the same, and may be again."""
    seen = Reserve(1.0)
    seen.taken(8, 0.0)
    seen.given_back(8, None)
    assert seen.left(20, 0.0) == 8


def test_the_less_urgent_are_never_kept_from_all() -> None:
    """Of a hundred five are theirs, of twenty one, however many orders once came at a time."""
    for requests, most in ((100, 95), (20, 19), (6, 5)):
        seen = Reserve(1.0)
        seen.taken(requests, 0.0)
        seen.given_back(requests, None)
        assert seen.left(requests, 0.0) == most


def test_of_a_large_limit_it_is_left_in_steps() -> None:
    """A twentieth each: whoever leases permits ahead of need does so for few different amounts."""
    seen = Reserve(1.0)
    seen.taken(31, 0.0)
    seen.given_back(31, None)
    assert {seen.left(100, moment / 10) for moment in range(100)} <= {20, 25, 30, 35}
