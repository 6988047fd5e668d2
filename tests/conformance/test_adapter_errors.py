"""`error` is total: any status with any body of anybody is an error value or none, and unclear answers stay unclear."""

import math
import traceback

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract.errors import (
    AccountRefused,
    CredentialsRefused,
    NoAnswer,
    ProviderError,
    RateLimited,
    Unavailable,
    Violation,
)
from adapters.contract.wire import HttpRequest, HttpResponse
from support.conformance import Subject
from support.conformance_calls import good_bodies, kinds_of_requests, recordings

ECHO = "zq-echo-of-a-secret"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx zq-echo-of-a-secret</body></html>"
BODIES = (
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"1e400",
    b"9" * 5000,
    b"\xff\xfe{\x00}\x00",
    '{"message": "é"}'.encode("latin-1"),
    b"[" * 5000,
    b'{"a":' * 5000,
    HTML,
    b'{"message": null, "code": [], "errors": 7, "error": {"message": {}}, "violations": [null, {"name": 1}]}',
    b'{"success": false, "errorCode": 12, "items": {"a": 1}, "data": {"items": [null, 3, {}]}, "status": "400"}',
    b'{"status_code": "x", "error_code": {}, "errors": {"a": null, "": [], "b": [{}]}, "status": 1e400}',
    b'{"errors": [{"field": "x", "message": null}, {"field": ["y"]}, null], "statusCode": [], "code": true}',
)
NAMES = st.sampled_from(
    "message code error errors errorCode error_code errorMessage status status_code statusCode success data items "
    "violations title detail fault faultstring error_description field name reason deliverID".split()
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "retry-after", "date", "x-request-id", "x-ratelimit-reset", "request-id"]),
    st.text(max_size=30)
    | st.sampled_from(["0", "-1", "9" * 30, "1e9", "٣", "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 99 Foo 2026", "NaN"]),
    max_size=4,
)


def check(error: ProviderError | None, response: HttpResponse) -> None:
    """Raise AssertionError unless an error value is one that the gateway can tell callers and logs."""
    if error is None:
        assert 200 <= response.status < 300, "a failure is told as a success"
        return
    assert isinstance(error, ProviderError)
    assert not isinstance(error, NoAnswer), "only the gateway knows that no answer came"
    assert isinstance(error.message, str)
    assert error.code is None or len(error.code) > 0
    assert error.request_id is None or len(error.request_id) > 0
    assert error.retry_after is None or (math.isfinite(error.retry_after) and 0 <= error.retry_after <= 86_400)
    assert isinstance(error.status, int)
    for violation in error.violations:
        assert isinstance(violation, Violation)
        assert isinstance(violation.name, str)
        assert isinstance(violation.reason, str)


def test_every_status_with_every_sort_of_body_is_told(subject: Subject) -> None:
    """Each step and route is answered with each status from 100 to 599 and each sort of body."""
    adapter = subject.adapter()
    bodies = (*BODIES, *(body[: len(body) // 2] for body in good_bodies(subject.name)[:3]))
    for request in kinds_of_requests(subject.name):
        sweep = [(status, body) for status in range(100, 600) for body in (b"", HTML, bodies[-1])]
        sweep += [(status, body) for status in (200, 201, 204, 302, 400, 404, 409, 418, 429, 503) for body in bodies]
        for status, body in sweep:
            response = HttpResponse(status, {"content-type": "application/json"}, body)
            check(adapter.error(request, response), response)


@settings(max_examples=40)
@given(data=st.data())
def test_no_answer_can_make_it_raise(subject: Subject, data: st.DataObject) -> None:
    """Bytes, JSON of any shape and cut copies of real answers, with any headers, are told without raising."""
    request = data.draw(st.sampled_from(kinds_of_requests(subject.name)))
    good = data.draw(st.sampled_from(good_bodies(subject.name)))
    cut = st.integers(0, len(good)).map(lambda length: good[:length])
    body = data.draw(st.binary(max_size=60) | JUNK.map(msgspec.json.encode) | cut)
    response = HttpResponse(data.draw(st.integers(100, 599)), data.draw(HEADERS), body)
    check(subject.adapter().error(request, response), response)


def test_a_good_answer_is_no_error(subject: Subject) -> None:
    """What the provider answered to each request was taken for an answer."""
    for recording in recordings(subject.name):
        assert all(isinstance(answer, HttpResponse) for answer in recording.answers), recording


@pytest.mark.parametrize(
    ("statuses", "kinds"),
    [
        ((401,), (CredentialsRefused, AccountRefused)),
        ((403,), (CredentialsRefused, AccountRefused)),
        ((429,), (RateLimited,)),
        (tuple(range(500, 600)), (Unavailable,)),
    ],
    ids=["401", "403", "429", "5xx"],
)
def test_what_protocols_agree_on_is_told_alike(
    subject: Subject, statuses: tuple[int, ...], kinds: tuple[type[ProviderError], ...]
) -> None:
    """Whatever the body: 401 and 403 are about us, 429 is too many, 5xx is a failure of the provider."""
    adapter = subject.adapter()
    for request in kinds_of_requests(subject.name):
        for status in statuses:
            for body in (b"", HTML, b'{"message": "no", "code": "NO"}'):
                assert isinstance(adapter.error(request, HttpResponse(status, {}, body)), kinds), (request, status)


def commits(name: str) -> list[HttpRequest]:
    """Return the requests that place or change something."""
    return [request for request in kinds_of_requests(name) if request.effect == "commit"]


def test_an_unclear_answer_to_a_write_is_never_told_as_a_refusal(subject: Subject) -> None:
    """A status that nobody lists, or that a proxy makes after it passed the request on, leaves a write's fate open."""
    adapter = subject.adapter()
    refused = b'{"success": false, "message": "no", "errorCode": "VALIDATION_ERROR"}'
    told = {
        f"{request.step} {status}": type(error).__name__
        for request in commits(subject.name)
        for status in (300, 301, 302, 303, 304, 408, 418, 444, 460, 499, 500, 502, 503, 504, 520, 599)
        for body in (b"", HTML, refused)
        if not isinstance(error := adapter.error(request, HttpResponse(status, {}, body)), Unavailable)
    }
    assert not told


def test_the_wait_that_a_provider_asks_for_is_passed_on(subject: Subject) -> None:
    """Retry-After in seconds is what `retry_after` says."""
    for request in kinds_of_requests(subject.name):
        error = subject.adapter().error(request, HttpResponse(429, {"retry-after": "17"}))
        assert error is not None
        assert error.retry_after == 17


def test_no_payload_is_in_an_errors_own_text(subject: Subject) -> None:
    """What a provider writes may hold a secret, and is not ours: no `str`, `repr`, traceback or `reason` has it."""
    body = msgspec.json.encode(dict.fromkeys(("message", "detail", "title", "errorMessage", "libelle"), ECHO))
    for request in kinds_of_requests(subject.name):
        for status in (400, 404, 500):
            error = subject.adapter().error(request, HttpResponse(status, {"x-echo": ECHO}, body))
            assert error is not None
            assert ECHO not in f"{error!s} {error!r} {error.reason} {''.join(traceback.format_exception(error))}"
