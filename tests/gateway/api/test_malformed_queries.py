"""Query parameters and cursors that are wrong: each is named, nothing is sent, no list begins anew."""

import base64
import json
from typing import Any

import pytest

from support.attacker import Attacker, names

pytestmark = pytest.mark.usefixtures("nothing_is_sent")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("dry-run=true", ["dry-run"]),
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("limit=1e1", ["limit"]),
        ("limit=" + "9" * 5000, ["limit"]),
        ("limit=1&limit=1", ["limit"]),
        ("status=lost", ["status"]),
        ("status=", ["status"]),
        ("created-after=yesterday", ["created-after"]),
        ("created-after=1", ["created-after"]),
        ("created-after=2026-03-02T09:00:00", ["created-after"]),
        ("created-after=0001-01-01T00:00:00%2B14:00", ["created-after"]),
        ("created-before=9999-12-31T23:59:59-14:00&provider=gelato", ["created-before"]),
        ("created_after=2026-03-02T09:00:00Z", ["created_after"]),
        ("country=nl", ["country"]),
        ("provider=bol%00", ["provider"]),
        ("reference=" + "r" * 65, ["reference"]),
        ("idempotency-key=a%20b", ["idempotency-key"]),
        ("x=1&y=2&limit=x", ["limit", "x", "y"]),
        ("=1", ["query"]),
        ("=1&=2", ["query", "query"]),
    ],
)
def test_every_query_parameter_that_is_wrong_is_named(attacker: Attacker, query: str, expected: list[str]) -> None:
    """Unknown, repeated, empty and wrong parameters are violations, never passed over."""
    answer = attacker.call("GET", f"/v1/orders?{query}")
    assert (answer.status, answer.problem) == (400, "validation-failed")
    assert sorted(names(answer)) == expected


@pytest.mark.parametrize("path", ["/v1/providers", "/v1/providers/bol", "/v1/products/bol:1", "/v1/idempotency"])
def test_where_there_are_no_parameters_each_is_unknown(attacker: Attacker, path: str) -> None:
    """`?dry-run=true` means something somewhere: nowhere is it overlooked."""
    answer = attacker.call("GET", f"{path}?dry-run=true")
    assert (answer.status, names(answer)) == (400, ["dry-run"])


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


CURSORS = {
    "no base64": "!!!",
    "base64 of rubbish": "c29tZXRoaW5n",
    "random bytes": base64.urlsafe_b64encode(bytes(range(200, 256))).decode(),
    "no list": encoded({"a": 1}),
    "another version": encoded([2, "0" * 12, {"bol": "1"}]),
    "another seal": encoded([1, "0" * 12, {"bol": "1"}]),
    "positions of rubbish": encoded([1, "0" * 12, {"bol": 1}]),
    "no positions": encoded([1, "0" * 12, {}]),
    "deep": base64.urlsafe_b64encode(b"[" * 2000).decode().rstrip("="),
    "5 KB": "A" * 5000,
    "NUL": "%00",
    "unicode": "%E2%82%AC",
}


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/products", "/v1/categories", "/v1/operations"])
def test_a_cursor_of_somebody_elses_is_a_violation(attacker: Attacker, path: str, cursor: str) -> None:
    """Nothing is guessed from it, and no list begins anew."""
    answer = attacker.call("GET", f"{path}?cursor={cursor}")
    assert (answer.status, answer.problem, names(answer)) == (400, "validation-failed", ["cursor"])
