"""What makes two requests the same: meaning, not spelling; every digit counts."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.body import decode
from policies.idempotency import fingerprint


def of(content: Any, kind: str = "orders.place", subject: tuple[str, ...] = ()) -> str:
    """Return the fingerprint of a content."""
    return fingerprint(kind, subject, content)


def test_member_order_and_white_space_do_not_matter() -> None:
    """Clients serialise anew when they repeat a request."""
    assert of(decode(b'{"a": 1, "b": [1.10, "x"]}')) == of(decode(b'{ "b":[1.10,"x"],"a":1 }'))


@pytest.mark.parametrize(
    "other",
    [b'{"a": 1.1}', b'{"a": 1.100}', b'{"a": "1.10"}', b'{"a": 2}', b'{"b": 1.10}', b"[]", b"{}"],
)
def test_every_digit_and_type_matters(other: bytes) -> None:
    """1.10 is not 1.1, and a number is not a text."""
    assert of(decode(b'{"a": 1.10}')) != of(decode(other))


def test_the_operation_and_its_subject_matter() -> None:
    """The same body for another order, or another operation, is another request."""
    assert (
        len({of({}), of({}, "orders.cancel"), of({}, "orders.cancel", ("x:1",)), of({}, "orders.cancel", ("x:2",))})
        == 4
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, JSON)
def test_only_equal_contents_have_equal_fingerprints(left: Any, right: Any) -> None:
    """Contents that differ in any literal differ."""
    assert (of(left) == of(right)) == (_literal(left) == _literal(right))


def _literal(value: Any) -> Any:
    if isinstance(value, Decimal):
        return ("number", str(value))
    if isinstance(value, bool) or value is None:
        return ("word", str(value))
    if isinstance(value, list):
        return [_literal(one) for one in value]
    if isinstance(value, dict):
        return {name: _literal(one) for name, one in value.items()}
    return (type(value).__name__, value)
