"""Which media types are JSON in UTF-8. Expected values: the grammar of RFC 9110, sections 8.3.1 and 5.6.6."""

import time

import pytest

from gateway.api.media_type import is_json


@pytest.mark.parametrize(
    "stated",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF8",
        'application/json ; charset="utf-8"',
        "application/json; profile=a; Charset=Utf-8",
        'application/json; a="; charset=\\"latin-1"',
        "application/json;",
        "application/json; ; charset=utf-8",
    ],
)
def test_json_in_utf_8_is_taken(stated: str) -> None:
    """Upper or lower case, with parameters, quoted ones too; the grammar allows an empty one."""
    assert is_json(stated)


@pytest.mark.parametrize(
    "stated",
    [
        "",
        "json",
        "text/json",
        "application/jsonp",
        "application/problem+json",
        "application/json;;;=",
        "application/json; charset",
        "application/json; charset=",
        "application/json; charset =utf-8",
        "application/json; charset= utf-8",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-16",
        'application/json; charset="utf-8',
        'application/json; charset="utf-8"x',
        "application/json; a=b c",
        "application/json charset=utf-8",
        "application/json, application/json",
        "application /json",
        "application/json;\xa0charset=utf-8",
    ],
)
def test_anything_else_is_refused(stated: str) -> None:
    """Other types, other charsets, and what is no media type at all."""
    assert not is_json(stated)


def test_a_long_one_costs_no_more_than_reading_it() -> None:
    """A header section has 16 KiB: none of them makes the gateway think."""
    begun = time.process_time()
    for part in (";", "; ", " ;\t", ";a=b", ';a="\\""', ';a="'):
        assert not is_json("application/json" + part * (16_384 // len(part)) + "=")
    assert time.process_time() - begun < 0.5
