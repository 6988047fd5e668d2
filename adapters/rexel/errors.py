"""What an answer of Rexel reports as an error: by status, then by machine code, never by searching text."""

import re
from collections.abc import Mapping
from typing import Any

from adapters.contract.errors import (
    AccountRefused,
    CredentialsRefused,
    Gone,
    KeyMismatch,
    NotFound,
    ProtocolMismatch,
    ProviderError,
    RateLimited,
    Rejected,
    Unavailable,
    Violation,
    WrongAddress,
)
from adapters.contract.models import values
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.rexel import mapping

LOGIN, PLACE, UNITS = "login", "place", "units"

# Resail API reference, HTTP STATUS CODES; the protocol's own refusals below them.
_KINDS: Mapping[int, type[ProviderError]] = {
    400: Rejected,
    401: CredentialsRefused,
    402: Rejected,  # "parameters were valid but the request failed": business, not payment
    403: AccountRefused,
    404: NotFound,
    405: ProtocolMismatch,
    406: ProtocolMismatch,
    408: Unavailable,
    409: Rejected,
    410: Gone,
    411: ProtocolMismatch,
    413: ProtocolMismatch,
    414: ProtocolMismatch,
    415: ProtocolMismatch,
    421: Unavailable,
    422: Rejected,
    423: Unavailable,  # locked: perhaps our own first attempt is still running
    425: Unavailable,
    426: ProtocolMismatch,
    429: RateLimited,
    431: ProtocolMismatch,
}
# Seed, TIBCO, API Management and Azure each have their own word for the same thing; the seed's comes first.
_MESSAGES = ("message", "error_description", "faultstring", "errorMessage", "libelle")
_CODES = ("code", "errorCode", "faultcode")
_REQUEST_IDS = ("x-request-id", "request-id", "x-correlation-id")
_TIBCO = re.compile(r"^(BW-[A-Z]+-\d+)\b")
_MACHINE_WORD = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{1,63}$")
_MOST_VIOLATIONS = 100
_COMPARE = (
    "Rexel's API Management knows no such path: compare base_url and the paths of this account in gateway.yaml "
    "(orders_path and its like) with what the account's subscription has."
)


def provider_error(request: HttpRequest, response: HttpResponse) -> ProviderError | None:
    """Return the error that a response reports, or None. Any status with any body gives one of the two."""
    body = response.object_or_empty()
    status = _status(response.status, body)
    if 200 <= status < 300 and body.get("success") is not False:
        return None
    message = _message(body)
    code = _code(body, message)
    violations = _violations(body)
    kind = _kind(request, status, code, body)
    return kind(
        _COMPARE if kind is WrongAddress else "",
        status=status,
        code=code,
        message=message,
        request_id=next((response.headers[name] for name in _REQUEST_IDS if response.headers.get(name)), None),
        retry_after=mapping.wait(response.headers),
        violations=violations,
    )


def _status(status: int, body: Mapping[str, Any]) -> int:
    """Return the status, or the failure that the body of a success states: `status` is the same as HTTP's."""
    if 200 <= status < 300 and "order" not in body:
        for name in ("status", "statusCode"):
            stated = body.get(name)
            if isinstance(stated, int) and 400 <= stated < 600:
                return stated
    return status


def _kind(request: HttpRequest, status: int, code: str | None, body: Mapping[str, Any]) -> type[ProviderError]:
    if status >= 500 or status < 200:
        return Unavailable
    if 300 <= status < 400:
        # Nobody says what was done before a redirect of a commit; elsewhere the address is simply wrong.
        return Unavailable if request.effect == "commit" else ProtocolMismatch
    if status < 300:
        return Rejected  # a success that says success: false
    if request.step == LOGIN:
        return _login_kind(status)
    if code is not None and code.startswith("BW-"):
        return ProtocolMismatch  # TIBCO refuses the shape or the order of the fields, never the content
    if status == 404 and "statusCode" in body:
        return WrongAddress  # API Management: no such path, whatever the id
    if status == 400 and request.step == UNITS:
        return NotFound  # products/v2 answers 400 for an unknown product
    if status == 400 and request.step == PLACE and not isinstance(body.get("errors"), list | dict):
        return KeyMismatch  # ambiguous: no field is at fault, and a key with other data has no code of its own
    # What is not listed comes from who knows where, and says nothing about what was done.
    return _KINDS.get(status, Unavailable)


def _login_kind(status: int) -> type[ProviderError]:
    # OAuth answers a wrong client, secret or scope with 400 or 401.
    if status in {400, 401}:
        return CredentialsRefused
    return {403: AccountRefused, 408: Unavailable, 429: RateLimited}.get(status, ProtocolMismatch)


def _message(body: Mapping[str, Any]) -> str:
    nested = body.get("error")
    places = [body, nested] if isinstance(nested, dict) else [body]
    for place in places:
        for name in _MESSAGES:
            text = values.text(place.get(name))
            if text is not None:
                return text
    return values.text(nested) or ""


def _code(body: Mapping[str, Any], message: str) -> str | None:
    nested = body.get("error")
    places = [body, nested] if isinstance(nested, dict) else [body]
    for place in places:
        for name in _CODES:
            text = values.text(place.get(name), 64)
            if text is not None:
                return text
    tibco = _TIBCO.match(message)  # TIBCO writes its code at the head of the message
    if tibco is not None:
        return tibco.group(1)
    return nested if isinstance(nested, str) and _MACHINE_WORD.match(nested) else None


def _violations(body: Mapping[str, Any]) -> tuple[Violation, ...]:
    stated = body.get("errors")
    rows = stated if isinstance(stated, list) else [stated]
    found = []
    for row in rows[:_MOST_VIOLATIONS]:
        if isinstance(row, dict) and (field := values.text(row.get("field"), 200)) is not None:
            reason = values.text(row.get("message"), 500) or "refused by the provider"
            found.append(Violation(mapping.member(field), reason))
    return tuple(found)
