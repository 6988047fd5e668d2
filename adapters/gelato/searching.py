"""Pages of Search Orders, and which of the orders found is the one that was placed.

Search Orders says neither how many there are nor in which order: a page shorter than asked for is the last one
(Order Management API documentation, "Search Orders"). While orders come and go an offset moves, so that pages overlap
and what was shown on the page before is left out.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any, get_args

from adapters.contract.errors import InvalidOrder, MalformedResponse, UnsupportedOperation, Violation
from adapters.contract.models import values
from adapters.contract.models.requests import NewOrder, OrderQuery
from adapters.contract.models.resources import Status
from adapters.contract.models.values import said
from adapters.contract.wire import present
from adapters.gelato import answers, mapping

LARGEST_PAGE = 100
_OVERLAP = 10
_CURSOR = re.compile(r"1\.([0-9]{1,9})((?:\.[0-9a-f]{12})*)")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list goes on: the offset of the next unread order, and marks of the last ones shown."""

    offset: int = 0
    shown: tuple[str, ...] = ()

    @classmethod
    def of(cls, cursor: str | None) -> "Position":
        """Return the position that a cursor tells. Raises InvalidOrder for one that was not made here."""
        if cursor is None:
            return cls()
        told = _CURSOR.fullmatch(cursor)
        if told is None:
            raise InvalidOrder(Violation("cursor", "is not one of GelatoConnect's lists"))
        return cls(int(told[1]), tuple(told[2].split(".")[1:]))

    @property
    def cursor(self) -> str:
        """Return the position as text."""
        return ".".join(("1", str(self.offset), *self.shown))

    def overlapping(self, limit: int) -> int:
        """Return the offset to ask from: some orders back, yet less than half a page, so that every page gets on."""
        return max(0, self.offset - min(_OVERLAP, (limit - 1) // 2))


def mark(native: str) -> str:
    """Return a short mark by which an order is recognised on the next page."""
    return blake2s(native.encode(errors="replace"), digest_size=6).hexdigest()


def fresh(rows: list[answers.Row], shown: tuple[str, ...]) -> list[answers.Row]:
    """Return the orders that were not shown on the page before, each once."""
    seen, kept = set(shown), []
    for row in rows:
        told = mark(native_id(row))
        if told not in seen:
            seen.add(told)
            kept.append(row)
    return kept


def after(rows: list[answers.Row], offset: int, limit: int) -> str | None:
    """Return the cursor behind a page that was asked for with `offset` and `limit`; None behind the last page."""
    if len(rows) < limit:
        return None
    marks = tuple(mark(native_id(row)) for row in rows[-2 * _OVERLAP :])
    return Position(offset + len(rows), marks).cursor


def native_id(order: answers.Listed) -> str:
    """Return Gelato's id of an order. Raises MalformedResponse when there is none."""
    native = said(order.id)
    if native is None:
        raise MalformedResponse("An order has no id.")
    return native


def criteria(query: OrderQuery) -> dict[str, Any] | None:
    """Return the filters of Search Orders, or None where no order can match.

    Raises InvalidOrder for a status that does not exist, UnsupportedOperation for one that cannot be asked for.
    """
    words = None
    if query.status is not None:
        if query.status not in get_args(Status):
            raise InvalidOrder(Violation("status", f"is none of {', '.join(get_args(Status))}"))
        if query.status == "unknown":
            raise UnsupportedOperation("GelatoConnect cannot be asked for orders with a status that is not known here.")
        words = mapping.words_of(query.status)
        if not words:
            return None
    return present(
        fulfillmentStatus=words,  # singular here; the public API v4 has plural names
        orderReferenceId=query.reference,
        startDate=_iso(query.created_after),
        endDate=_iso(query.created_before),
        countries=[query.country] if query.country else None,
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def candidates(order: NewOrder, rows: list[answers.Row], since: datetime) -> list[str]:
    """Return the ids of orders that have the reference and are young enough, the oldest first."""
    young = {native_id(row): row for row in rows if _has_reference(order, row) and _is_young(row, since)}
    undated = datetime.max.replace(tzinfo=UTC)
    return sorted(young, key=lambda native: values.timestamp(young[native].created_at) or undated)


def is_placed(order: NewOrder, answer: answers.Order, since: datetime) -> bool:
    """Tell whether an order as Get Order tells it is the one placed, and not another with its reference.

    Reference, items with their quantities, and postcode are the same, and it was not created before `since`.
    """
    if not (_has_reference(order, answer) and _is_young(answer, since)):
        return False
    items = answer.items or []
    lines = {order.line_reference(index).strip(): line for index, line in enumerate(order.lines)}
    asked = Counter((order.line_reference(index).strip(), line.quantity) for index, line in enumerate(order.lines))
    if asked != Counter((_plain(item.item_reference_id), item.quantity) for item in items):
        return False
    if not all(_is_product(lines[_plain(item.item_reference_id)].product_id, item) for item in items):
        return False
    postcode = answer.shipping_address.post_code if answer.shipping_address else None
    return order.ship_to is None or _compact(postcode) in {"", _compact(order.ship_to.postal_code)}


def _is_product(product: str | None, item: answers.Item) -> bool:
    """Tell whether an item is of a product: as asked for, or as it is made (finalProductUid)."""
    known = {said(item.product_uid), said(item.final_product_uid)} - {None}
    return product is None or not known or product in known


def _has_reference(order: NewOrder, answer: answers.Listed) -> bool:
    return _plain(answer.order_reference_id) == order.reference.strip()


def _is_young(answer: answers.Listed, since: datetime) -> bool:
    created = values.timestamp(answer.created_at)
    return created is None or created >= since


def _plain(text: str | None) -> str:
    return (text or "").strip()


def _compact(text: str | None) -> str:
    return "".join((text or "").split()).casefold()
