"""Any answer that is no success is exactly one kind of error, whatever its body."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bol.errors import error_of, retry_after
from adapters.contract import errors
from adapters.contract.errors import ProviderError, Violation
from adapters.contract.wire import HttpRequest, HttpResponse

READ = HttpRequest("GET", "/retailer/orders")
WRITE = HttpRequest("PUT", "/retailer/orders/cancellation", effect="commit", step="cancel")
LOGIN = HttpRequest("POST", "/token", step="login", origin="https://login.bol.com")

BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"",
            b"null",
            b"[]",
            b"3",
            b'"x"',
            b"[" * 5000,
            b'{"title":',
            b'{"violations": 3}',
            b'{"violations": [1, null, {"name": [], "reason": {}}], "detail": {}, "error": []}',
            b"<html><body>nginx</body></html>",
            b'{"detail": ' + b"9" * 4000 + b"}",
            b'{"detail": "' + b"x" * 100_000 + b'"}',
        ]
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "x-ratelimit-reset", "date", "x-request-id", "content-type"]),
    st.text(max_size=30) | st.sampled_from(["4", "-1", "9" * 40, "Sun, 22 Nov 2026 10:00:00 GMT", "1539261914"]),
)


@given(st.integers(100, 999), HEADERS, BODIES, st.sampled_from([READ, WRITE, LOGIN]))
def test_every_status_with_any_body_is_an_error_value(
    status: int, headers: dict[str, str], body: bytes, request: HttpRequest
) -> None:
    """Never raises; a success is none; a wait is sensible; what is told is short."""
    error = error_of(request, HttpResponse(status, headers, body))
    if 200 <= status < 300:
        assert error is None
        return
    assert isinstance(error, ProviderError)
    assert error.status == status
    assert error.retry_after is None or 0 <= error.retry_after <= 600
    assert len(error.message) <= 2000


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, "Unavailable"),
        (400, "Rejected"),
        (401, "CredentialsRefused"),
        (403, "AccountRefused"),
        (404, "NotFound"),
        (405, "ProtocolMismatch"),
        (406, "ProtocolMismatch"),
        (408, "Unavailable"),
        (409, "Rejected"),
        (410, "Gone"),
        (415, "ProtocolMismatch"),
        (418, "Unavailable"),
        (429, "RateLimited"),
        (500, "Unavailable"),
        (503, "Unavailable"),
        (504, "Unavailable"),
    ],
)
def test_the_status_says_what_kind_of_error_it_is(status: int, kind: str) -> None:
    """API Conventions, Response Codes; the body adds words and never changes the kind."""
    for body in (b"", b'{"title": "Not Found", "status": 404}', b"<html>"):
        assert type(error_of(WRITE, HttpResponse(status, {}, body))) is getattr(errors, kind)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"error":"invalid_client","error_description":"Bad client credentials"}', "CredentialsRefused"),
        (401, b"", "CredentialsRefused"),
        (400, b'{"error":"unauthorized_client"}', "CredentialsRefused"),
        (400, b'{"error":"unsupported_grant_type"}', "ProtocolMismatch"),
        (403, b"", "AccountRefused"),
        (404, b"<html>Not Found</html>", "AccountRefused"),
        (429, b"", "RateLimited"),
        (500, b"", "Unavailable"),
    ],
)
def test_the_login_host_has_a_table_of_its_own(status: int, body: bytes, kind: str) -> None:
    """404 there is a blocked address; wrong credentials come in OAuth2's shape, not as a Problem."""
    error = error_of(LOGIN, HttpResponse(status, {}, body))
    assert type(error) is getattr(errors, kind)


def test_a_problem_lends_its_words_violations_and_request_id() -> None:
    """API Conventions, Problem response, and Support and tracing."""
    body = b"""{"type": "https://api.bol.com/problems", "title": "Error validating request body.", "status": 400,
      "detail": "Bad request", "violations": [
        {"name": "RetailerOffers[0].condition", "reason": "Request contains invalid value(s): 'UNKNOWN'."}]}"""
    error = error_of(WRITE, HttpResponse(400, {"x-request-id": "r-1"}, body))
    assert error is not None
    assert (error.message, error.code, error.request_id) == ("Bad request", None, "r-1")
    assert error.violations == (
        Violation("RetailerOffers[0].condition", "Request contains invalid value(s): 'UNKNOWN'."),
    )


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "4"}, 4.0),
        ({"retry-after": "4", "x-ratelimit-reset": "9"}, 4.0),
        ({"retry-after": "100000"}, 600.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, None),
        ({"x-ratelimit-reset": "1"}, 1.0),
        ({"x-ratelimit-reset": "1795341610", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 10.0),
        ({"x-ratelimit-reset": "1795341610000", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 10.0),
        ({"x-ratelimit-reset": "1795341610000"}, None),
        ({"x-ratelimit-reset": "1795341590", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_from_either_header(headers: dict[str, str], wait: float | None) -> None:
    """`Retry-After` first; `X-RateLimit-Reset` has been seen in three units and is read by its magnitude."""
    assert retry_after(HttpResponse(429, headers)) == wait


def test_a_forbidden_request_is_the_accounts_fault_and_never_the_tokens(shop: Any, open_shop: Any) -> None:
    """Another login would not cure it: the kind is not the one that logs in again."""
    suspended = open_shop(credentials={"client_id": "suspended-account"})
    with pytest.raises(errors.AccountRefused):
        suspended.run(suspended.adapter.cheap_read())
    blocked = open_shop(credentials={"client_id": "blocked-address"})
    with pytest.raises(errors.AccountRefused):
        blocked.run(blocked.adapter.cheap_read())
    wrong = open_shop(credentials={"client_secret": "wrong"})
    with pytest.raises(errors.CredentialsRefused) as refused:
        wrong.run(wrong.adapter.cheap_read())
    assert (refused.value.code, refused.value.status) == ("invalid_client", 401)
    shop.run(shop.adapter.cheap_read())
    shop.wait(302)
    with pytest.raises(errors.CredentialsRefused):
        shop.run(shop.adapter.cheap_read())
