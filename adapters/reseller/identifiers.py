"""Ids and cursors as callers hold them: each carries what is needed to go on without shared state.

product   265-234             productID, customerStoreProductID: details go by the first, orders by the second
order     9876-55501.1.7      OrderID, its first OrderDetailID, then the distance to each next one
order     9876                OrderID alone, where List Orders states no lines
category  12 · type-3         productCategoryID · productTypeID

and the deliverID that each line of an order is sent with, because the platform has no place for an order's reference:

line      PO-7:A              the order's reference (its ':' written %3A, its '%' written %25), ':', the line's
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from typing_extensions import override

from adapters.contract.errors import InvalidOrder, NotFound, Violation

_PRODUCT = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_ORDER = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}(?:\.[0-9]{1,18}){0,199}))?")
_CATEGORY = re.compile(r"(type-)?([0-9]{1,18})")
_CURSOR = re.compile(r"1\.([0-9]{1,9})\.([0-9]{1,3})\.([0-9]{1,3})(?:\.([0-9]{1,18}))?")
# What the API takes for an order's reference.
_REFERENCE = re.compile(r"[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]{0,62}[^\x00-\x20\x7f])?")

LONGEST = 512
"""The most characters of an id that callers can send back."""


@dataclass(frozen=True, slots=True)
class ProductId:
    """One product under its two names."""

    product: int
    store_product: int

    def __str__(self) -> str:
        return f"{self.product}-{self.store_product}"

    @classmethod
    def parse(cls, text: str) -> "ProductId | None":
        """Return the product that `text` names, or None where no product can be named so."""
        match = _PRODUCT.fullmatch(text)
        found = cls(int(match[1]), int(match[2])) if match else None
        return found if str(found) == text else None


@dataclass(frozen=True, slots=True)
class OrderId:
    """An order and its lines; `lines` is empty where they are not known."""

    order: int
    lines: tuple[int, ...] = ()

    @classmethod
    def of(cls, order: int, lines: Iterable[int]) -> "OrderId":
        """Return the id that an order has wherever it is read: lines in ascending order, each once."""
        return cls(order, tuple(sorted(set(lines))))

    def __str__(self) -> str:
        if not self.lines:
            return str(self.order)
        distances = [
            self.lines[0],
            *(after - before for before, after in zip(self.lines, self.lines[1:], strict=False)),
        ]
        text = f"{self.order}-{'.'.join(map(str, distances))}"
        return text if len(text) <= LONGEST - 64 else str(self.order)

    @classmethod
    def parse(cls, text: str) -> "OrderId":
        """Return the order that `text` names. Raises NotFound where no order can be named so."""
        match = _ORDER.fullmatch(text)
        if match:
            lines: list[int] = []
            for distance in map(int, match[2].split(".") if match[2] else ()):
                lines.append(distance + (lines[-1] if lines else 0))
            found = cls.of(int(match[1]), lines)
            if str(found) == text:
                return found
        raise NotFound("No order has such an id.")


@dataclass(frozen=True, slots=True)
class DeliverId:
    """A line's name at the platform: no two lines have the same, whichever orders they are of."""

    order: str
    line: str

    def __str__(self) -> str:
        return f"{self.order.replace('%', '%25').replace(':', '%3A')}:{self.line}"

    @classmethod
    def parse(cls, text: str | None) -> "DeliverId | None":
        """Return the references that `text` was made of, or None where it cannot have been made here."""
        order, _, line = (text or "").partition(":")
        found = cls(order.replace("%3A", ":").replace("%25", "%"), line)
        return found if _REFERENCE.fullmatch(found.order) and line and str(found) == text else None


def category_filter(text: str) -> tuple[str, str]:
    """Return the query parameter that a category id stands for. Raises InvalidOrder for what is no category id."""
    match = _CATEGORY.fullmatch(text)
    if not match:
        raise InvalidOrder(Violation("category", "not a category id of this provider"))
    return ("typeID" if match[1] else "productCategoryID", match[2])


class PageCursor(msgspec.Struct, frozen=True):
    """Where a list of pages goes on: at item `skip` of page `page`, pages having `size` items.

    `before` is the first id of the page before, where it is needed to see a provider that answers the same page again.
    """

    page: int
    size: int
    skip: int = 0
    before: int | None = None

    @override
    def __str__(self) -> str:
        end = "" if self.before is None else f".{self.before}"
        return f"1.{self.page}.{self.size}.{self.skip}{end}"

    @classmethod
    def parse(cls, text: str | None, first_page: int, size: int) -> "PageCursor":
        """Return the place that `text` names, or the beginning. Raises InvalidOrder for a cursor not made here."""
        if text is None:
            return cls(first_page, size)
        match = _CURSOR.fullmatch(text)
        if match:
            page, stated, skip = int(match[1]), int(match[2]), int(match[3])
            found = cls(page, stated, skip, int(match[4]) if match[4] else None)
            if str(found) == text and page >= first_page and stated <= 100 and skip < stated:
                return found
        raise _not_ours()

    def next(self, limit: int, received: int, first: int | None = None) -> "PageCursor | None":
        """Return where to go on after `limit` items of a page that held `received`, or None at the end."""
        if self.skip + limit < received:
            return PageCursor(self.page, self.size, self.skip + limit, self.before)
        if received < self.size:
            return None
        return PageCursor(self.page + 1, self.size, 0, first)


def _not_ours() -> InvalidOrder:
    return InvalidOrder(Violation("cursor", "not a cursor that this list gave out"))
