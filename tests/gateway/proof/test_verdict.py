"""Which stories are violations: what was told and recorded, against what is true."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gateway.proof.accounts import ACCOUNTS
from gateway.proof.told import Told, Wanted
from gateway.proof.truth import Truth
from gateway.proof.verdict import judge
from policies.journal import Evidence, Operation, StoredAnswer
from policies.operation import State

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GELATO = next(account for account in ACCOUNTS if account.name == "gelato")
BOL = next(account for account in ACCOUNTS if account.name == "bol")

PLACED = (201, {"id": "gelato:1", "operation": "op-1"})
REFUSED = (
    422,
    {"type": "/problems/out-of-stock", "placed": "no", "retry": "new-key", "operation": "/v1/operations/op-1"},
)
NOT_YET = (503, {"type": "/problems/provider-unavailable", "placed": "no", "retry": "same-key"})
UNKNOWN = (504, {"type": "/problems/outcome-unknown", "placed": "unknown", "operation": "/v1/operations/op-1"})


def wanted(*answers: tuple[int, Any], key: str = "k", **members: Any) -> Wanted:
    """Return a write and what its caller was told."""
    told = [Told(NOW + timedelta(seconds=at), status, body) for at, (status, body) in enumerate(answers)]
    return Wanted(GELATO, 0, key, "R1", "/v1/orders", {}, ("R1",), told=told, **members)


def row(state: State, key: str = "k", sendings: int = 1, **members: Any) -> Operation:
    """Return the operation as the journal has it."""
    facts = tuple(Evidence(NOW, "sending", "place") for _ in range(sendings))
    given = {"account": "gelato", "kind": "orders.place", "evidence": facts} | members
    return Operation("op-1", "local", key, "f", created_at=NOW, updated_at=NOW, state=state, **given)


def truth(orders: int, requests: int = 1) -> Truth:
    """Return that there are so many orders with the reference."""
    return Truth({"gelato": Counter({"R1": orders})}, Counter({"gelato": requests}))


@pytest.mark.parametrize(
    ("answers", "state", "orders", "violations"),
    [
        ([PLACED], "succeeded", 1, []),
        ([UNKNOWN, PLACED], "succeeded", 1, []),
        ([REFUSED], "failed", 0, []),
        ([NOT_YET, PLACED], "succeeded", 1, []),
        ([UNKNOWN], "parked", 0, []),
        ([UNKNOWN], "parked", 1, []),
        ([PLACED], "succeeded", 2, ["duplicate"]),
        ([UNKNOWN], "parked", 2, ["duplicate"]),
        ([PLACED], "succeeded", 0, ["told placed, and none exists", "recorded placed, and none exists"]),
        ([REFUSED], "failed", 1, ["told not placed, and one exists", "recorded not placed, and one exists"]),
        ([NOT_YET], "cancelled", 1, ["told not placed, and one exists", "recorded not placed, and one exists"]),
        ([NOT_YET], "parked", 1, ["told not placed, and one exists"]),
        ([UNKNOWN], "cancelled", 1, ["recorded not placed, and one exists"]),
        ([REFUSED, PLACED], "succeeded", 1, ["told not placed, and one exists", "flipped"]),
        ([PLACED, UNKNOWN], "succeeded", 1, ["flipped"]),
        ([UNKNOWN], "unknown", 0, ["stuck"]),
        ([UNKNOWN], "sending", 1, ["stuck"]),
        ([(500, {"type": "/problems/internal"})], "cancelled", 0, ["answered outside the contract"]),
        ([(200, "<html>")], "succeeded", 1, ["answered outside the contract"]),
    ],
)
def test_a_story_is_judged(answers: list[Any], state: State, orders: int, violations: list[str]) -> None:
    """Told against recorded against true."""
    verdict = judge([wanted(*answers)], {"k": row(state)}, set(), truth(orders))
    assert [one.kind for one in verdict.violations] == violations


def test_an_operation_that_was_told_of_and_is_not_there_is_lost() -> None:
    """The journal forgot what a caller holds the name of."""
    assert [one.kind for one in judge([wanted(UNKNOWN)], {}, {"op-1"}, truth(0)).violations][:1] == ["lost"]


def test_an_order_without_a_row_is_lost() -> None:
    """Nobody was told, but somebody will be sent goods."""
    verdict = judge([wanted()], {}, set(), truth(1, requests=0))
    assert [one.kind for one in verdict.violations] == ["lost"]


def test_more_requests_than_records_of_one_are_a_violation() -> None:
    """Each request has its record before its first byte."""
    verdict = judge([wanted(PLACED)], {"k": row("succeeded", sendings=1)}, set(), truth(1, requests=2))
    assert [one.kind for one in verdict.violations] == ["sent without a record"]


def test_not_yet_is_no_lie_when_the_caller_asked_again_and_heard_nothing() -> None:
    """The request without an answer may have placed it."""
    verdict = judge([wanted(NOT_YET, silent=True)], {"k": row("succeeded")}, set(), truth(1))
    assert not verdict.violations


def test_a_second_key_for_the_same_reference_may_be_told_of_the_first() -> None:
    """Two keys, one order: the one that lost the claim is told so, and that is no lie."""
    first = wanted(PLACED)
    conflict = {"type": "/problems/duplicate-order-reference", "placed": "yes", "operation": "/v1/operations/op-1"}
    twin = wanted((409, conflict), key="twin", first=first)
    assert not judge([first, twin], {"k": row("succeeded")}, set(), truth(1)).violations


def test_parked_ones_are_counted_with_what_is_really_true() -> None:
    """A person will have to look; how often in vain is worth knowing."""
    verdict = judge([wanted(UNKNOWN)], {"k": row("parked", cause="no way to find out")}, set(), truth(1))
    assert verdict.parked == {("gelato", "no way to find out", "placed"): 1}


def test_a_change_of_several_lines_is_judged_line_by_line() -> None:
    """One cancelled, one not: `partial` is right about each or wrong about one."""
    parts = [{"id": "a", "state": "done"}, {"id": "b", "state": "failed"}]
    body = {"orderId": "bol:1", "state": "partial", "parts": parts, "operation": "op-1"}
    one = Wanted(BOL, 0, "k", "R1", "/", {}, ("a", "b"), told=[Told(NOW, 200, body)])
    answer = StoredAnswer(200, {}, msgspec.json.encode(body))
    rows = {"k": row("partial", account="bol", answer=answer)}
    right = Truth({"bol": Counter({"a": 1})}, Counter())
    wrong = Truth({"bol": Counter({"a": 1, "b": 1})}, Counter())
    assert not judge([one], rows, set(), right).violations
    kinds = [violation.kind for violation in judge([one], rows, set(), wrong).violations]
    assert kinds == ["told not placed, and one exists", "recorded not placed, and one exists"]
