"""What a response of GelatoConnect reports as an error: the HTTP status decides, whatever the body.

Errors are `{"code": 400, "message": "…"}`, and so is the success of a cancellation (`{"code": 200, "message": "OK"}`):
the body's code is kept for people and never decided by. Source: Order Management API documentation, "Error Handling".
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from adapters.contract.errors import (
    AccountRefused,
    CredentialsRefused,
    DuplicateReference,
    Gone,
    NotCancellable,
    NotFound,
    ProtocolMismatch,
    ProviderError,
    RateLimited,
    Rejected,
    Unavailable,
    WrongAddress,
)
from adapters.contract.models import values
from adapters.contract.wire import HttpRequest, HttpResponse

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    307: WrongAddress,  # "ask elsewhere": not processed, and never followed
    308: WrongAddress,
    400: Rejected,
    401: CredentialsRefused,
    402: Rejected,
    403: AccountRefused,
    404: NotFound,
    405: ProtocolMismatch,
    406: ProtocolMismatch,
    409: Rejected,
    410: Gone,
    411: ProtocolMismatch,
    413: ProtocolMismatch,
    414: ProtocolMismatch,
    415: ProtocolMismatch,
    421: ProtocolMismatch,
    422: Rejected,
    425: ProtocolMismatch,
    429: RateLimited,
    431: ProtocolMismatch,
}
"""What is not listed (5xx, other redirects, 408, 418, 499 …) says nothing about what was done: Unavailable."""

_LONGEST_WAIT = 600.0
_COMPARE = (
    "Compare base_url and the five paths of this account in gateway.yaml (submit_order_url and its like) with the URLs "
    "that Gelato gave with the connector."
)


def error_of(request: HttpRequest, response: HttpResponse, *, prevents_duplicates: bool) -> ProviderError | None:
    """Return the error that a response reports, or None for a 2xx. Never raises."""
    if 200 <= response.status < 300:
        return None
    body = response.object_or_empty()
    kind = _kind(request, response.status, prevents_duplicates)
    return kind(
        _COMPARE if kind is WrongAddress else "",
        status=response.status,
        code=values.text(body.get("code"), 100),
        message=values.text(body.get("message")) or "",
        request_id=values.text(response.headers.get("x-request-id"), 200),
        retry_after=retry_after(response.headers),
    )


def _kind(request: HttpRequest, status: int, prevents_duplicates: bool) -> type[ProviderError]:
    if status in {404, 410} and "{id}" not in request.route:
        return WrongAddress  # no order was named, so it is the URL that does not exist
    if request.step == "cancel" and status in {400, 409, 422}:
        return NotCancellable  # a cancellation has no content that could be wrong: it is the order's state
    if request.step == "change_delivery" and status == 409:
        return NotCancellable  # 400 and 422 may as well judge the address
    if request.step == "place" and status == 409 and prevents_duplicates:
        return DuplicateReference
    return _BY_STATUS.get(status, Unavailable)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait that Retry-After states (seconds, or a date relative to Date), at most 600."""
    stated = headers.get("retry-after", "").strip()
    if stated.isascii() and stated.isdecimal():
        return min(float(stated[:9]), _LONGEST_WAIT)
    try:
        seconds = (parsedate_to_datetime(stated) - parsedate_to_datetime(headers.get("date", ""))).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
