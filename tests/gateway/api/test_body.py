"""Why a body cannot be read, in words that let a developer find the place."""

import pytest

from gateway.api.body import ApiError, decode


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "There is no body; send JSON."),
        (b'{\n  "reference": "secret",\n  "lines": [],\n}', "The body is not JSON: line 4, column 1."),
        (b"{'reference': 'secret'}", "The body is not JSON: line 1, column 2."),
        (b'{"reference": "\xff"}', "The body is not JSON in UTF-8."),
    ],
)
def test_a_body_that_cannot_be_read_says_where(body: bytes, reason: str) -> None:
    """The place, where there is one, and nothing of what stands there."""
    with pytest.raises(ApiError) as refused:
        decode(body)
    assert refused.value.problem.detail == reason
