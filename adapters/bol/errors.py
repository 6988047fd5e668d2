"""What bol's error answers mean. By status; bol has no machine-readable codes, and text is never searched.

The shape is bol's Problem (Retailer API v10 spec), whose "required" members are often missing in real answers, or
OAuth2's `error` on the login host, or any other body: an HTML page, nothing at all.
"""

from typing import Any

from adapters.contract.errors import (
    AccountRefused,
    CredentialsRefused,
    Gone,
    NotFound,
    ProtocolMismatch,
    ProviderError,
    RateLimited,
    Rejected,
    Unavailable,
    Violation,
)
from adapters.contract.limits import http_date, reset_in
from adapters.contract.models import values
from adapters.contract.wire import HttpRequest, HttpResponse

LONGEST_WAIT = 600.0

_BY_STATUS: dict[int, type[ProviderError]] = {
    400: Rejected,
    401: CredentialsRefused,
    402: Rejected,
    # No Bearer, no right to the resource, or an account that is not active: never cured by another token.
    403: AccountRefused,
    404: NotFound,
    405: ProtocolMismatch,
    406: ProtocolMismatch,
    # The server gave up waiting for the request; whether it began to work is not said.
    408: Unavailable,
    409: Rejected,
    # "No longer available and will not be available again": said of resources, not of versions.
    410: Gone,
    411: ProtocolMismatch,
    413: ProtocolMismatch,
    414: ProtocolMismatch,
    415: ProtocolMismatch,
    421: ProtocolMismatch,
    422: Rejected,
    425: ProtocolMismatch,
    426: ProtocolMismatch,
    429: RateLimited,
    431: ProtocolMismatch,
}
_AT_LOGIN: dict[int, type[ProviderError]] = {
    401: CredentialsRefused,
    403: AccountRefused,
    # A blocked address shows as 404 on the login host.
    404: AccountRefused,
    408: Unavailable,
    429: RateLimited,
}
# RFC 6749, 5.2: what the token endpoint says about the client, with status 400 or 401.
_CLIENT_CODES = frozenset({"invalid_client", "unauthorized_client", "invalid_grant"})


def error_of(request: HttpRequest, response: HttpResponse) -> ProviderError | None:
    """Return what the response reports as an error, or None for a success status. Never raises."""
    status = response.status
    if 200 <= status < 300:
        return None
    body = response.object_or_empty()
    code = values.text(body.get("error"), 200) if request.step == "login" else None
    kind = _kind(request, status, code)
    return kind(
        status=status,
        code=code,
        message=_message(body),
        request_id=_header(response, "x-request-id") or _header(response, "x-rid"),
        retry_after=retry_after(response) if status in {429, 503} else None,
        violations=_violations(body.get("violations")),
    )


def _kind(request: HttpRequest, status: int, code: str | None) -> type[ProviderError]:
    if not 400 <= status < 500:
        # A redirect is a portal in between: bol answers none, and none is followed.
        return Unavailable
    if request.step == "login":
        return CredentialsRefused if code in _CLIENT_CODES else _AT_LOGIN.get(status, ProtocolMismatch)
    # What is not listed comes from who knows where, and says nothing about what was done.
    return _BY_STATUS.get(status, Unavailable)


def _message(body: dict[str, Any]) -> str:
    told = (values.text(body.get(name)) for name in ("detail", "error_description", "title"))
    return next(filter(None, told), "")[:2000]


def _header(response: HttpResponse, name: str) -> str | None:
    return values.text(response.headers.get(name), 200)


def _violations(raw: Any) -> tuple[Violation, ...]:
    if not isinstance(raw, list):
        return ()
    return tuple(
        Violation(values.text(item.get("name"), 200) or "", values.text(item.get("reason")) or "")
        for item in raw[:100]
        if isinstance(item, dict)
    )


def retry_after(response: HttpResponse) -> float | None:
    """Return the seconds to wait, at most 600: by `Retry-After`, else `X-RateLimit-Reset`; None without both.

    Real answers to 429 have been seen without `Retry-After`. `X-RateLimit-Reset` is documented as milliseconds since
    the epoch and seen as seconds since the epoch and as seconds from now, so it is read by its magnitude.
    """
    wait = _seconds(response.headers.get("retry-after", ""), response)
    if wait is None:
        wait = reset_in(values.integer(response.headers.get("x-ratelimit-reset")), response)
    return None if wait is None else min(max(wait, 0.0), LONGEST_WAIT)


def _seconds(text: str, response: HttpResponse) -> float | None:
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) <= 12:
        return float(text)
    moment, now = http_date(text), http_date(response.headers.get("date", ""))
    return None if moment is None or now is None else moment - now
