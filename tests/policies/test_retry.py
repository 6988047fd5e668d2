"""When something is tried again, after which pause, and how much of it an account bears."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.retry import Backoff, RetryBudget, next_try

WRITES = Backoff(base=1.0, cap=60.0, most=3)


def test_pauses_have_full_jitter_and_double_up_to_a_cap() -> None:
    """Reliability, section 4: rand(0, min(cap, base·2ⁿ)), for writes with 1 s and 60 s."""
    longest = [WRITES.pause(tries, lambda: 1.0) for tries in (0, 1, 2, 5, 6, 7, 10_000)]
    assert longest == [1.0, 2.0, 4.0, 32.0, 60.0, 60.0, 60.0]
    assert WRITES.pause(5, lambda: 0.0) == 0.0
    assert WRITES.pause(5, lambda: 0.5) == 16.0


WAITS: dict[str, Any] = {"again": True, "wait": 2.0, "attended": 10.0, "wanted": 900.0}


@pytest.mark.parametrize(
    ("repeat", "changed", "following"),
    [
        ("soon", {}, "now"),
        ("soon", {"wait": 10.0}, "end"),  # not before the caller stops waiting
        ("soon", {"again": False}, "end"),  # tried often enough
        ("soon", {"attended": 0.0}, "later"),
        ("soon", {"attended": 0.0, "again": False}, "later"),  # the caller was told that it goes on
        ("soon", {"attended": 0.0, "wait": 900.0}, "end"),  # no longer wanted by then
        ("soon", {"attended": 0.0, "wanted": math.inf}, "later"),
        ("soon", {"wait": 5.0, "wanted": 4.0}, "end"),
        ("later", {}, "end"),  # no room, no time: who waits is told at once
        ("later", {"attended": 0.0}, "later"),
        ("never", {}, "end"),
        ("never", {"attended": 0.0}, "end"),
    ],
)
def test_what_follows_a_write_of_which_nothing_was_executed(
    repeat: Any, changed: dict[str, Any], following: str
) -> None:
    """Reliability, table 1.5, rows N1 to N4 without doubt."""
    assert next_try(repeat, **WAITS | changed) == following


def test_tries_are_a_tenth_of_the_requests_and_a_few_besides() -> None:
    """100 requests allow 10 tries, and 10 besides; then 20 requests two more, and no time makes it many."""
    budget = RetryBudget()
    for _ in range(100):
        budget.request(5.0)
    assert [budget.take(5.5) for _ in range(25)] == [True] * 20 + [False] * 5
    assert not budget.take(14.9)
    for _ in range(20):
        budget.request(15.0)
    assert [budget.take(15.0) for _ in range(4)] == [True] * 2 + [False] * 2


@pytest.mark.parametrize("rate", [0.5, 1.0, 10.0, 100.0])
def test_over_time_tries_are_a_tenth_of_the_requests(rate: float) -> None:
    """Also at a trickle: whatever fails in an hour, calls are 1.1 times the requests and ten."""
    budget, requests, tries = RetryBudget(), int(600 * rate), 0
    for number in range(requests):
        budget.request(number / rate)
        while budget.take(number / rate):
            tries += 1
    assert 0.09 * requests <= tries <= 0.1 * requests + 10


def test_what_waits_in_the_journal_does_not_wait_for_requests() -> None:
    """Where nothing else goes on, three tries a minute are left."""
    budget = RetryBudget()
    while budget.take(0.0):
        pass
    assert sum(budget.take(float(second)) for second in range(1, 601)) == 30


def test_what_was_not_needed_does_not_pile_up() -> None:
    """After a good day an outage may not be tried more often than after a good minute."""
    budget = RetryBudget()
    for second in range(100_000):
        budget.request(float(second))
    assert sum(budget.take(100_000.0) for _ in range(100)) <= 11


def test_an_idle_account_has_a_few_tries() -> None:
    """A single request that fails may be made again though nothing else is going on."""
    budget = RetryBudget()
    budget.request(0.0)
    assert budget.take(0.0)


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=300))
def test_no_ten_seconds_have_more_tries_than_the_budget(steps: list[tuple[float, bool]]) -> None:
    """However requests and tries come, counted in whole seconds."""
    budget, now, requests, tries = RetryBudget(), 0.0, list[int](), list[int]()
    for pause, wants_try in steps:
        now += pause
        if not wants_try:
            budget.request(now)
            requests.append(int(now))
        elif budget.take(now):
            tries.append(int(now))
        first = int(now) - 9
        recent = sum(second >= first for second in tries)
        assert recent <= 0.1 * sum(second >= first for second in requests) + 10
