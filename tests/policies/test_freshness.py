"""How long an answer is told again."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.freshness import PAUSE_SECONDS, Lifetime, Wish, decide, tells_after_failure

LIFETIME = Lifetime(fresh=60.0, stale_while_revalidate=30.0, stale_if_error=600.0)
seconds = st.floats(0.0, 1e6)
lifetimes = st.builds(Lifetime, seconds, seconds, seconds)
wishes = st.builds(Wish, st.one_of(st.just(math.inf), st.just(-1.0), seconds), st.booleans(), st.booleans())
ages = st.one_of(st.none(), seconds)


@pytest.mark.parametrize(
    ("age", "decision"),
    [(None, "ask"), (0.0, "tell"), (60.0, "tell"), (60.1, "tell-and-renew"), (90.0, "tell-and-renew"), (90.1, "ask")],
)
def test_an_answer_is_told_then_renewed_then_asked_for(age: float | None, decision: str) -> None:
    """RFC 9111, section 4.2, and RFC 5861, section 3: fresh, stale while it is revalidated, of no use."""
    assert decide(age, LIFETIME) == decision


@pytest.mark.parametrize(("age", "told"), [(61.0, True), (660.0, True), (660.1, False)])
def test_a_stale_answer_stands_in_for_one_that_could_not_be_had(age: float, told: bool) -> None:
    """RFC 5861, section 4: the time counts from the end of freshness."""
    assert tells_after_failure(age, LIFETIME) is told


def test_nobody_waits_for_a_provider_that_failed_just_now() -> None:
    """Within the pause the stale answer is told at once; after it the provider is asked again."""
    assert decide(100.0, LIFETIME, since_failure=PAUSE_SECONDS - 0.1) == "tell"
    assert decide(70.0, LIFETIME, since_failure=PAUSE_SECONDS - 0.1) == "tell"
    assert decide(100.0, LIFETIME, since_failure=PAUSE_SECONDS) == "ask"
    assert decide(661.0, LIFETIME, since_failure=0.0) == "ask"


@pytest.mark.parametrize(
    ("wish", "decision"),
    [
        (Wish(max_age=10.0), "tell"),
        (Wish(max_age=9.9), "ask"),
        (Wish(max_age=-1.0), "ask"),
        (Wish(no_store=True), "ask"),
        (Wish(only_if_cached=True), "tell"),
        (Wish(max_age=5.0, only_if_cached=True), "give-up"),
    ],
)
def test_the_caller_decides_how_old_is_too_old(wish: Wish, decision: str) -> None:
    """RFC 9111, section 5.2.1, for a fresh answer ten seconds old."""
    assert decide(10.0, LIFETIME, wish) == decision


@given(ages, lifetimes, wishes, st.one_of(st.just(math.inf), seconds))
def test_what_is_told_is_young_enough_for_all(age: float | None, lifetime: Lifetime, wish: Wish, since: float) -> None:
    """Whatever is told was kept, is within its lifetime and within the caller's wish; and who wants no fetch gets none.

    What is told after a failure obeys the same bounds.
    """
    decision = decide(age, lifetime, wish, since)
    if decision in {"tell", "tell-and-renew"}:
        assert age is not None
        assert not wish.no_store
        assert age <= lifetime.longest
        assert age <= wish.max_age
        assert tells_after_failure(age, lifetime, wish)
    if wish.only_if_cached:
        assert decision in {"tell", "give-up"}
    else:
        assert decision != "give-up"


@given(seconds, seconds, lifetimes, wishes)
def test_what_is_older_is_never_told_more_readily(one: float, other: float, lifetime: Lifetime, wish: Wish) -> None:
    """Without failures, the way from told to asked for has no way back."""
    order = ("tell", "tell-and-renew", "ask", "give-up")
    younger, older = sorted((one, other))
    assert order.index(decide(younger, lifetime, wish)) <= order.index(decide(older, lifetime, wish))
