"""Reading answers into typed members: in one go where they are as documented, and else as far as they are."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from adapters.contract import tolerant
from adapters.contract.errors import MalformedResponse
from adapters.contract.wire import HttpResponse, json_body


class Part(msgspec.Struct):
    """An object within an answer."""

    code: Annotated[str, Meta(max_length=4)] | None = None


class Answer(msgspec.Struct, rename="camel"):
    """An answer with a member of each type that can be read."""

    number: Annotated[int, Meta(ge=0)]
    long_name: str | None = None
    count: int | None = None
    price: Any = None
    known: bool | None = None
    part: Part | None = None
    parts: list[Part] | None = None
    loose: list[Part | None] | dict[str, Any] | None = None
    words: list[str] | None = None


read = tolerant.reader(Answer)


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ({}, Answer(1)),
        ({"longName": "a", "price": 1, "unknown": 5}, Answer(1, long_name="a", price=1)),
        ({"longName": 7}, Answer(1, long_name="7")),
        ({"longName": "n" * 2001, "count": []}, Answer(1, long_name="n" * 2000)),
        ({"longName": " ", "count": []}, Answer(1)),
        ({"count": "12"}, Answer(1, count=12)),
        ({"count": "many", "known": 1, "part": [], "words": {}}, Answer(1)),
        ({"part": {"code": "12345"}}, Answer(1, part=Part("1234"))),
        ({"parts": [{"code": "a"}, {"code": True}, {}]}, Answer(1, parts=[Part("a"), Part(), Part()])),
        ({"parts": None, "count": []}, Answer(1)),
        ({"loose": [{"code": 5}, None, "x", {}]}, Answer(1, loose=[Part("5"), Part()])),
        ({"loose": {"code": 5}, "count": []}, Answer(1, loose={"code": 5})),
        ({"loose": "none"}, Answer(1)),
        ({"words": ["a", 2, None, [], ""]}, Answer(1, words=["a", "2"])),
        ({"price": [None], "known": True, "count": []}, Answer(1, price=[None], known=True)),
    ],
)
def test_an_answer_is_read_as_far_as_it_is_as_documented(member: dict[str, Any], expected: Answer) -> None:
    """What does not fit is converted, or absent; all the rest is read."""
    assert read(HttpResponse(200, {}, json_body({"number": 1} | member))) == expected


def test_fractions_keep_their_digits_on_both_ways() -> None:
    """Also where the answer is not as documented."""
    for body in (b'{"number": 1, "price": 19.90}', b'{"number": "1", "price": 19.90}'):
        assert read(HttpResponse(200, {}, body)) == Answer(1, price="19.90")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"number": null}',
        b'{"number": -1}',
        b'{"number": "-1"}',
        b'{"number": 1, "parts": {}}',
        b'{"number": 1, "parts": [null]}',
        b'{"number": 1, "parts": [{}, []]}',
        b"[" * 100_000,
    ],
)
def test_what_cannot_be_read_is_malformed(body: bytes) -> None:
    """No object, one without what is required, and a list of objects that is none."""
    with pytest.raises(MalformedResponse):
        read(HttpResponse(203, {}, body))


def test_a_type_that_cannot_be_read_member_by_member_is_told() -> None:
    """Whoever declares one learns it from a first test with an odd answer: it is not dropped in silence."""
    with pytest.raises(TypeError):
        tolerant.convert({"at": "x"}, msgspec.defstruct("Other", [("at", float)]))
