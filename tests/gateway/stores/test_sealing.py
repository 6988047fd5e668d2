"""How one body is sealed."""

import pytest

from gateway.stores.rows import OPERATION, STEP, Rows
from gateway.stores.sealing import Sealing
from gateway.stores.sqlite_times import from_micros, to_micros
from policies.journal import JournalUnavailable
from support.journals import answer, operation, step

KEY, OTHER = b"k" * 32, b"o" * 32


def test_a_sealed_body_opens_where_it_was_sealed_for() -> None:
    """And is never the same twice."""
    sealing = Sealing([KEY])
    first, second = sealing.seal(b"body", "a/content"), sealing.seal(b"body", "a/content")
    assert first != second
    assert sealing.open(first, "a/content") == sealing.open(second, "a/content") == b"body"


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x01\x00", b"text"])
def test_a_body_without_a_key_is_kept_as_it_is(body: bytes) -> None:
    """Whatever it begins with."""
    assert Sealing().open(Sealing().seal(body, "a"), "a") == body
    assert Sealing([KEY]).open(Sealing().seal(body, "a"), "a") == body


def test_a_sealed_body_opens_nowhere_else() -> None:
    """Exchanging the bodies of two operations is seen."""
    sealed = Sealing([KEY]).seal(b"body", "a/content")
    with pytest.raises(JournalUnavailable, match="changed, or is not b/content"):
        Sealing([KEY]).open(sealed, "b/content")


def test_every_changed_byte_is_seen() -> None:
    """None opens, and none opens as something else."""
    sealed = Sealing([KEY]).seal(b"body", "a")
    for place in range(len(sealed)):
        changed = bytes([*sealed[:place], sealed[place] ^ 0x80, *sealed[place + 1 :]])
        with pytest.raises(JournalUnavailable):
            Sealing([KEY]).open(changed, "a")


def test_a_missing_key_is_named_by_its_id() -> None:
    """Not by itself; nor is it in a representation."""
    sealed = Sealing([KEY]).seal(b"body", "a")
    (name,) = Sealing([KEY]).key_ids
    with pytest.raises(JournalUnavailable, match=name.hex()):
        Sealing([OTHER]).open(sealed, "a")
    assert "kkkk" not in repr(Sealing([KEY]))
    assert name.hex() in repr(Sealing([KEY]))


def test_a_key_has_32_bytes() -> None:
    """Anything else is a mistake."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealing([b"short"])


def test_a_body_of_another_operation_or_another_place_does_not_open() -> None:
    """A content, an answer, a request and a reply are bound to their operation, and to being that."""
    rows = Rows(Sealing([KEY]), to_micros, from_micros)
    one, two = operation(1, answer=answer()), operation(2)
    row, other = rows.values(one, OPERATION), rows.values(two, OPERATION)
    content, kept = rows.content(one), rows.answer(one.id, answer())
    assert rows.operation(row, content, kept, one.evidence) == one
    for columns, body, told in [(other, content, None), (row, kept.body, None), (other, None, kept)]:
        with pytest.raises(JournalUnavailable, match="was changed, or is not"):
            rows.operation(columns, body, told, ())
    frozen = step(0, 1, answer=b"reply")
    request, reply = rows.step_bodies(one.id, frozen)
    columns = rows.values(frozen, STEP)
    assert rows.step(one.id, columns, request, reply) == frozen
    for name, sent, came in [(two.id, request, None), (one.id, reply, None), (one.id, None, request)]:
        with pytest.raises(JournalUnavailable, match="was changed, or is not"):
            rows.step(name, columns, sent, came)
    with pytest.raises(JournalUnavailable, match="was changed, or is not"):
        rows.step(one.id, rows.values(step(1, 1), STEP), request, None)
