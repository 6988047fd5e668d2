"""Words, numbers and identities of Rexel, and ours: tables and pure functions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.models.resources import Status

# Resail API reference names no states; these words are our choice for a contract that must have some.
STATUSES: Mapping[str, Status] = {
    "RECEIVED": "pending",
    "CONFIRMED": "accepted",
    "PARTIALLY_SHIPPED": "partiallyShipped",
    "SHIPPED": "shipped",
    "DELIVERED": "delivered",
    "CANCELLED": "cancelled",
}
PROVIDER_STATUSES: Mapping[str, str] = {status: word for word, status in STATUSES.items()}

CLIENT_ORDER_ID = "clientOrderId"  # Resail API reference, Metadata: the client-side order identifier
LINE_REFERENCE = "lineReference."  # our own entries of `metadata`: a line's reference, by position from 1

# Canonical address members and ours for Rexel: the shape of `delivery` is not public; zipCode and city are the
# words of price and stock requests, the rest is our choice.
ADDRESS: Mapping[str, str] = {
    "first_name": "firstName",
    "last_name": "lastName",
    "company_name": "companyName",
    "house_number": "houseNumber",
    "line1": "addressLine1",
    "line2": "addressLine2",
    "postal_code": "zipCode",
    "city": "city",
    "region": "region",
    "country": "country",
    "email": "email",
    "phone": "phone",
}

# Where a field of `errors` points to, once `order.` is cut off.
_FIELDS: Mapping[str, str] = {
    "supplierCode": "productId",
    "supplierComRef": "productId",
    "sku": "productId",
    "qty": "quantity",
    "zipCode": "postalCode",
    "addressLine1": "line1",
    "addressLine2": "line2",
}
_HEADS: Mapping[str, str] = {"items": "lines", "delivery": "shipTo"}
_METADATA_REFERENCE = f"metadata.{CLIENT_ORDER_ID}"
_SEGMENT = re.compile(r"^([^\[\]]+)((?:\[\d+\])?)$")
_PRODUCT = re.compile(r"^([^:\s\x00-\x1f\x7f]{1,10}):([^\x00-\x1f\x7f]{1,200})$")
_SPACES = str.maketrans("", "", " \u00a0\u202f")
_MOST_WAIT = 600.0


@dataclass(frozen=True, slots=True)
class Article:
    """A product as Rexel names it: the manufacturer's trigram and the manufacturer's own reference."""

    supplier: str
    reference: str

    @property
    def native(self) -> str:
        """Return the id that stands for the two."""
        return f"{self.supplier}:{self.reference}"

    @property
    def rexel_reference(self) -> str:
        """Return Rexel's own reference: the concatenation."""
        return self.supplier + self.reference

    def sent(self, with_supplier: bool) -> str:
        """Return `supplierComRef` as this account has to send it."""
        return self.rexel_reference if with_supplier else self.reference


def article(native: str) -> Article | None:
    """Read `SCH:APCRBCV202`; None for what cannot be a product of Rexel."""
    match = _PRODUCT.match(native)
    if match is None or match.group(2) != match.group(2).strip():
        return None
    return Article(match.group(1), match.group(2))


def article_of(data: Mapping[str, Any], with_supplier: bool = False) -> Article | None:
    """Read the product that part of an answer is about, or None where it names none."""
    supplier, reference = values.text(data.get("supplierCode"), 10), values.text(data.get("supplierComRef"), 200)
    if supplier is None or reference is None:
        return None
    supplier, reference = supplier.strip(), reference.strip()
    if with_supplier:
        reference = reference.removeprefix(supplier) or reference
    return Article(supplier, reference)


def number(value: Any) -> str | None:
    """Return decimal text for a number, or for text with a decimal point or comma (`1.234,56`); None for nothing.

    Raises MalformedResponse for anything else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = value.translate(_SPACES)
        if value.rfind(",") > value.rfind("."):
            value = value.replace(".", "").replace(",", ".")
        elif "," in value or value.count(".") > 1:
            value = value.replace(",", "") if "," in value else value.replace(".", "")
    return values.amount(value)


def quantity(value: Any) -> int | str | None:
    """Return a quantity: an integer where it is whole, else decimal text; None for nothing."""
    text = number(value)
    if text is None:
        return None
    amount = Decimal(text)
    if amount.adjusted() > 17:
        raise MalformedResponse("A quantity has more digits than there are goods.")
    return int(amount) if amount == amount.to_integral_value() else text


def count(value: Any) -> int | None:
    """Return a quantity that has to be whole. Raises MalformedResponse when it is not."""
    counted = quantity(value)
    if isinstance(counted, str):
        raise MalformedResponse("A quantity of pieces is not a whole number.")
    return counted


def day(value: Any) -> str | None:
    """Return an RFC 3339 date for `2026-11-24`, `20261124`, `24/11/2026` or a date-time; None for anything else."""
    text = values.text(value, 64)
    if text is None:
        return None
    french = re.match(r"^(\d{2})/(\d{2})/(\d{4})$", text.strip())
    moment = values.timestamp("-".join(reversed(french.groups())) if french else text)
    return None if moment is None else moment.date().isoformat()


def member(field: str) -> str:
    """Return the canonical member that a field of `errors` is about; unknown fields keep the provider's name."""
    path = field.removeprefix("order.")
    if path in {"reference", _METADATA_REFERENCE}:
        return "reference"
    segments = path.split(".")
    if segments[0] == "metadata":
        return path
    named = [_SEGMENT.match(part) for part in segments]
    words = [match.groups() if match else (part, "") for match, part in zip(named, segments, strict=True)]
    head, rest = words[0], words[1:]
    canonical = [_HEADS.get(head[0], head[0]) + head[1], *(_FIELDS.get(name, name) + index for name, index in rest)]
    return ".".join(canonical)


def wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `Retry-After` (a number, or a date taken from the answer's own Date), at most 600."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), _MOST_WAIT)
    until, sent = _http_date(text), _http_date(headers.get("date", ""))
    if until is None or sent is None:
        return None
    return min(max((until - sent).total_seconds(), 0.0), _MOST_WAIT)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def valid_until(now: datetime, days: int) -> str:
    """Return the day until which a quote asked for at `now` is to be valid."""
    return (now.astimezone(UTC) + timedelta(days=days)).date().isoformat()
