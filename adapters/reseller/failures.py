"""What an answer of the platform reports as an error: by status, then by `errorCode`, never by message.

Two traps of the documentation: a login with wrong credentials is a 400, and a 404 means that the API integration is
disabled for the tenant. Failures come with success statuses too: `success` decides.
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from adapters.contract import codec
from adapters.contract.errors import (
    AccountRefused,
    CredentialsRefused,
    DuplicateReference,
    Gone,
    InsufficientBalance,
    NotCancellable,
    NotFound,
    OutOfStock,
    PriceChanged,
    ProtocolMismatch,
    ProviderError,
    RateLimited,
    Rejected,
    Unavailable,
    Violation,
)
from adapters.contract.models import values
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.reseller.calls import LIST_PRODUCTS
from adapters.reseller.envelope import Members, spelled
from adapters.reseller.rows import listed
from adapters.reseller.settings import Meaning

# The documentation says "branch on errorCode" and lists none: these are our names for what it describes, and
# `error_codes` in the settings adds a tenant's own.
ERROR_CODES: Mapping[str, Meaning] = {
    "INVALID_CREDENTIALS": "credentials-refused",
    "TOKEN_EXPIRED": "credentials-refused",
    "INSUFFICIENT_BALANCE": "insufficient-balance",
    "OUT_OF_STOCK": "out-of-stock",
    "PRICE_CHANGED": "price-changed",
    "PRODUCT_NOT_FOUND": "not-found",
    "ORDER_NOT_FOUND": "not-found",
    "ORDER_NOT_CANCELLABLE": "not-cancellable",
    "DUPLICATE_DELIVER_ID": "duplicate-reference",
    "VALIDATION_ERROR": "rejected",
}

_CLASSES: Mapping[Meaning, type[ProviderError]] = {
    "account-refused": AccountRefused,
    "credentials-refused": CredentialsRefused,
    "duplicate-reference": DuplicateReference,
    "insufficient-balance": InsufficientBalance,
    "not-cancellable": NotCancellable,
    "not-found": NotFound,
    "out-of-stock": OutOfStock,
    "price-changed": PriceChanged,
    "rejected": Rejected,
}

# Statuses whose meaning the code may tell more closely. A 5xx stays open whatever it says: it may come from a proxy.
_CODE_DECIDES = frozenset({200, 400, 402, 404, 409, 422})

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    307: ProtocolMismatch,  # to be asked elsewhere, so not carried out
    308: ProtocolMismatch,
    400: Rejected,
    401: CredentialsRefused,
    402: InsufficientBalance,
    403: AccountRefused,
    404: AccountRefused,  # documented: "The API integration is disabled for this tenant"
    405: ProtocolMismatch,
    406: ProtocolMismatch,
    408: Unavailable,  # a proxy says so after it passed the request on, too
    409: Rejected,
    410: Gone,
    411: ProtocolMismatch,
    413: ProtocolMismatch,
    414: ProtocolMismatch,
    415: ProtocolMismatch,
    421: ProtocolMismatch,
    422: Rejected,
    425: Unavailable,
    426: ProtocolMismatch,
    429: RateLimited,
    431: ProtocolMismatch,
}

_REQUEST_ID_HEADERS = ("x-request-id", "x-correlation-id", "request-id")


def failure(request: HttpRequest, response: HttpResponse, codes: Mapping[str, Meaning]) -> ProviderError | None:
    """Return what the answer reports, or None for a success. `codes` goes before the built-in table."""
    succeeded = 200 <= response.status < 300
    if succeeded and not _says_failure(request, response):
        return None
    body = Members(spelled(response.object_or_empty()))
    failed = _failed_lines(body)
    code = body.text("errorCode") or _code_of_all(failed)
    kind = _kind(200 if succeeded else response.status, code, codes)
    if request.step == "login" and (issubclass(kind, Rejected) or kind is NotFound):
        kind = CredentialsRefused
    elif request.step == "place" and kind is NotFound:
        kind = Rejected  # a product of the basket is not there: the order's content, not a resource that was asked for
    return kind(
        status=response.status,
        code=code,
        message=body.text("message") or body.text("title") or "",
        request_id=_request_id(response, body),
        retry_after=_retry_after(response),
        violations=_violations(request, failed) if request.step == "place" else (),
    )


class _Verdict(msgspec.Struct, gc=False):
    """Whether it succeeded, of an answer whose other members nobody has looked at yet."""

    success: Any = None
    spelled_so: Any = msgspec.field(default=None, name="Success")


_read_verdict = codec.reader(_Verdict)


def _says_failure(request: HttpRequest, response: HttpResponse) -> bool:
    # A long list is not gone through twice: here for the verdict, and for its products.
    if request.route == LIST_PRODUCTS and response.read(listed) is not None:
        return False
    try:
        verdict = _read_verdict(response.body)
    except ValueError:
        return False
    return (verdict.spelled_so if verdict.success is None else verdict.success) is False


def _kind(status: int, code: str | None, codes: Mapping[str, Meaning]) -> type[ProviderError]:
    if status in _CODE_DECIDES and code is not None:
        meaning = codes.get(code) or ERROR_CODES.get(code)
        if meaning is not None:
            return _CLASSES[meaning]
    # What is not listed comes from who knows where, and says nothing about what was done.
    return Rejected if status == 200 else _BY_STATUS.get(status, Unavailable)


def _failed_lines(body: Members) -> list[Members]:
    return [item for item in body.object("data").objects("items") if item]


def _code_of_all(failed: list[Members]) -> str | None:
    """Return the code that all failed lines share, for an envelope that has none."""
    codes = {item.text("errorCode") for item in failed}
    return codes.pop() if len(codes) == 1 else None


def _violations(request: HttpRequest, failed: list[Members]) -> tuple[Violation, ...]:
    """Name the basket lines that could not be ordered, by their place in the order."""
    if not failed:
        return ()
    try:
        basket = Members(codec.decode(request.body or b"")).objects("basketData")
    except ValueError:
        basket = []
    places = {line.get("deliverID"): index for index, line in enumerate(basket)}
    violations = []
    for item in failed[:100]:
        place = places.get(item.text("deliverID"))
        reason = item.text("message") or item.text("errorCode") or "could not be ordered"
        violations.append(Violation("lines" if place is None else f"lines[{place}]", reason[:500]))
    return tuple(violations)


def _request_id(response: HttpResponse, body: Members) -> str | None:
    for name in _REQUEST_ID_HEADERS:
        if response.headers.get(name):
            return values.text(response.headers[name], 200)
    return body.text("traceId")


def _retry_after(response: HttpResponse) -> float | None:
    """Return the seconds of Retry-After (a date counts from the answer's own Date), at most 600."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), 600.0)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return min(max(wait.total_seconds(), 0.0), 600.0)
