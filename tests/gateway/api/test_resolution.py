"""A person's verdict, before anybody looks at the operation: each member that is wrong is named."""

from typing import Any

import pytest

from gateway.api.operations import Resolution


@pytest.mark.parametrize(
    ("verdict", "wrong"),
    [
        ({"placed": "yes", "orderId": "rexel:1"}, {}),
        ({"placed": "no"}, {}),
        ({"release": True}, {}),
        ({"placed": "yes"}, {"orderId": "required when placed is yes"}),
        ({"placed": "no", "orderId": "rexel:1"}, {"orderId": "only allowed when placed is yes"}),
        ({"release": True, "orderId": "rexel:1"}, {"orderId": "only allowed when placed is yes"}),
        ({}, {"placed": "required unless release is given"}),
        ({"placed": "no", "release": True}, {"release": "not allowed beside placed"}),
    ],
)
def test_what_is_wrong_with_a_verdict_is_said_of_its_member(verdict: dict[str, Any], wrong: dict[str, str]) -> None:
    """The reason says what to write."""
    found = Resolution.model_validate(verdict, by_alias=True, by_name=False).violations()
    assert {one.name: one.reason for one in found} == wrong
