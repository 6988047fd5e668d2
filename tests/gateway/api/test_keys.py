"""Idempotency keys as headers spell them."""

import pytest

from gateway.api.keys import KeyInvalid, KeyMissing, parse_key


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ('"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ('"with space"', "with space"),
        ('"k";v=2', "k"),
        ("  k  ", "k"),
        ("a" * 255, "a" * 255),
    ],
)
def test_quoted_and_bare_spell_the_same_key(line: str, key: str) -> None:
    """A structured-field string (parameters ignored) and the bare text are one key."""
    assert parse_key([line]) == key


@pytest.mark.parametrize("line", ["", '""', "a b", '"a', "a" * 256, f'"{"a" * 256}"', "é", '"é"', "a,b", "k\x00"])
def test_what_is_no_key_is_refused(line: str) -> None:
    """Empty, too long, not ASCII, or not one item."""
    with pytest.raises(KeyInvalid):
        parse_key([line])


def test_two_header_lines_are_refused() -> None:
    """Two lines could mean two intents."""
    with pytest.raises(KeyInvalid):
        parse_key(["a", "a"])


def test_no_header_line_is_told_apart() -> None:
    """A missing key is its own problem."""
    with pytest.raises(KeyMissing):
        parse_key([])
