"""The decision after a failed write: the strongest fact wins."""

import itertools

import pytest

from policies.operation import ENDED, FINAL, PLACED, Attempt, State, after_failure, none_executed

NOT_SENT = Attempt("not-sent")
PARTLY = Attempt("partly-sent")
SENT = Attempt("sent")
CUT = Attempt("answered-partly")
EXECUTED = Attempt("answered", "executed", 200)
REJECTED = Attempt("answered", "rejected", 422)
NOT_EXECUTED = Attempt("answered", "not-executed", 429)
UNCLEAR = Attempt("answered", "unclear", 500)
ALL = (NOT_SENT, PARTLY, SENT, CUT, EXECUTED, REJECTED, NOT_EXECUTED, UNCLEAR)


@pytest.mark.parametrize(
    ("attempts", "state"),
    [
        ((), "cancelled"),
        ((NOT_SENT,), "cancelled"),
        ((NOT_EXECUTED,), "cancelled"),
        ((PARTLY,), "unknown"),
        ((SENT,), "unknown"),
        ((CUT,), "unknown"),
        ((UNCLEAR,), "unknown"),
        ((REJECTED,), "failed"),
        ((EXECUTED,), "succeeded"),
        ((NOT_EXECUTED, REJECTED), "failed"),
        ((REJECTED, NOT_EXECUTED), "cancelled"),
    ],
)
def test_what_one_or_two_attempts_prove(attempts: tuple[Attempt, ...], state: State) -> None:
    """Reliability decision table, classes N, U and X."""
    assert after_failure(attempts) == state


@pytest.mark.parametrize("length", [1, 2, 3])
def test_doubt_is_never_forgotten(length: int) -> None:
    """Whatever came before or after, a silent or unclear attempt leaves doubt unless execution is proven."""
    for attempts in itertools.product(ALL, repeat=length):
        state = after_failure(attempts)
        if EXECUTED in attempts:
            assert state == "succeeded"
        elif {PARTLY, SENT, CUT, UNCLEAR} & set(attempts):
            assert state == "unknown"
        else:
            assert state in {"failed", "cancelled"}


def test_every_state_says_whether_it_was_placed() -> None:
    """Final states are sure: yes or no; what ended without being sent is no."""
    assert {PLACED[state] for state in FINAL} == {"yes", "no"}
    assert PLACED["cancelled"] == "no"
    assert FINAL < ENDED


@pytest.mark.parametrize("attempts", [(*pair,) for pair in itertools.product(ALL, repeat=2)] + [()])
def test_only_what_is_proven_not_executed_may_be_sent_again(attempts: tuple[Attempt, ...]) -> None:
    """Every attempt of it: a refusal of the content is a verdict, and anything else leaves doubt."""
    assert none_executed(attempts) == (set(attempts) <= {NOT_SENT, NOT_EXECUTED})
