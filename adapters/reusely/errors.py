"""What an answer of Reusely reports as an error: by status first, then by its machine code, never by its text.

The documents list 200, 201, 400, 401, 403, 404, 500 and 503 and promise "an error code" for some 4xx; no body is
published. The status stands twice, in HTTP and as `status_code` in the body, and a failure in either is one.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from adapters.contract.errors import (
    AccountRefused,
    CredentialsRefused,
    MalformedResponse,
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
from adapters.contract.wire import HttpResponse

LONGEST_WAIT = 600.0

BY_STATUS: dict[int, type[ProviderError]] = {
    400: Rejected,
    401: CredentialsRefused,  # a lapsed subscription too: nothing tells them apart
    402: Rejected,
    403: AccountRefused,
    404: NotFound,
    405: ProtocolMismatch,
    406: ProtocolMismatch,
    408: Unavailable,  # a proxy says so of requests it had passed on
    409: Rejected,
    410: WrongAddress,  # versions stand in the path: a version that is gone
    411: ProtocolMismatch,
    413: ProtocolMismatch,
    414: ProtocolMismatch,
    415: ProtocolMismatch,
    422: Rejected,
    421: Unavailable,
    425: Unavailable,
    426: ProtocolMismatch,
    429: RateLimited,  # not among the documented codes
    431: ProtocolMismatch,
    307: WrongAddress,  # the host moved and nothing was executed
    308: WrongAddress,
}

# No code is published. These are what a Laravel application would most likely say.
BY_CODE: dict[tuple[int, str], type[ProviderError]] = {
    # 429 is not documented, so the limit for each e-mail may be told by another status.
    (400, "RATE_LIMIT_EXCEEDED"): RateLimited,
    (403, "RATE_LIMIT_EXCEEDED"): RateLimited,
    (400, "TOO_MANY_REQUESTS"): RateLimited,
    (403, "TOO_MANY_REQUESTS"): RateLimited,
}

_HINTS: dict[type[ProviderError], str] = {
    # Help page "Reusely's Public API": both are 401, and no code is published for either.
    CredentialsRefused: "Reusely answers 401 to a wrong key and to a lapsed subscription alike: look whether the "
    "subscription is active (Pro plan or trial), and compare the keys in gateway.yaml with those under Add-on "
    "Settings, Public API, API Credentials.",
    WrongAddress: "Reusely is not at this address, or no longer has this version of its API: compare base_url and "
    "api_version in gateway.yaml with its documentation.",
}

# Members of the checkout's body, and what callers know them as.
CANONICAL_MEMBERS: dict[str, str] = {
    "customer_email": "customer.email",
    "customer_phone": "customer.phone",
    "shipping_firstname": "shipTo.firstName",
    "shipping_lastname": "shipTo.lastName",
    "shipping_address": "shipTo.line1",
    "shipping_suite": "shipTo.line2",
    "shipping_city": "shipTo.city",
    "shipping_state": "shipTo.region",
    "shipping_zip": "shipTo.postalCode",
    "shipping_country": "shipTo.country",
    "payment_method": "payout.method",
    "payout_method": "payout.method",
    "order_detail": "lines",
    "offer_detail": "lines",
    "custom_fields": "metadata",
    "referral_source": "providerOptions.reusely.referralSource",
    "platform": "providerOptions.reusely.platform",
}
_LINE_MEMBERS: dict[str, str] = {
    "product_id": "productId",
    "condition_id": "condition",
    "qty": "quantity",
    "description": "metadata.description",
    "notes": "metadata.notes",
}


def provider_error(response: HttpResponse) -> ProviderError | None:
    """Return what the response reports as an error, or None. Never raises, whatever the body."""
    body = response.object_or_empty()
    status = response.status
    if 200 <= status < 300:
        stated = values.integer(body.get("status_code"))
        if stated is None or 200 <= stated < 300:
            return None
        if not 300 <= stated < 600:
            return MalformedResponse("The status in the body is none.", status=status)
        status = stated
    code = values.text(body.get("error_code"), 100) or values.text(body.get("code"), 100)
    kind = BY_CODE.get((status, (code or "").upper())) or _by_status(status)
    return kind(
        _HINTS.get(kind, ""),
        status=status,
        code=code,
        message=values.text(body.get("message")) or values.text(body.get("error")) or "",
        request_id=values.text(response.headers.get("x-request-id"), 128),
        retry_after=retry_after(response) if kind in {RateLimited, Unavailable} else None,
        violations=_violations(body.get("errors")),
    )


def _by_status(status: int) -> type[ProviderError]:
    # What is not listed comes from who knows where, and says nothing about what was done.
    return BY_STATUS.get(status, Unavailable)


def retry_after(response: HttpResponse) -> float | None:
    """Return the seconds of Retry-After (a number, or a date beside the answer's own Date), at most ten minutes."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), LONGEST_WAIT)
    until, sent = _date(text), _date(response.headers.get("date", ""))
    if until is None or sent is None:
        return None
    return min(max((until - sent).total_seconds(), 0.0), LONGEST_WAIT)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _violations(errors: Any) -> tuple[Violation, ...]:
    if not isinstance(errors, dict):
        return ()
    found = []
    for field, reasons in list(errors.items())[:50]:
        first = reasons[0] if isinstance(reasons, list) and reasons else reasons
        found.append(Violation(canonical_member(field), values.text(first, 300) or "refused by the provider"))
    return tuple(found)


def canonical_member(field: str) -> str:
    """Return the canonical path of a body member: `offer_detail.0.condition_id` is `lines[0].condition`."""
    match = re.fullmatch(r"(?:order|offer)_detail\.([0-9]{1,6})(?:\.(\w{1,40}))?", field, re.ASCII)
    if match is None:
        return CANONICAL_MEMBERS.get(field.partition(".")[0], field[:100] or "body")
    line = f"lines[{match[1]}]"
    return f"{line}.{_LINE_MEMBERS.get(match[2], match[2])}" if match[2] else line
