"""bol's pages behind one cursor: pages of 50 from 1, no total, and an empty page is the end.

A page of fewer than 50 is not documented as the last one, and new items can shift the pages while they are read, so
that items are de-duplicated by id within one answer.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from adapters.contract.errors import InvalidOrder, Violation
from adapters.contract.flow import Flow
from adapters.contract.models.catalog import Product
from adapters.contract.models.resources import Order, Page

Item = TypeVar("Item", Order, Product)

MOST_PAGES = 4
"""Requests that one answer may cost: with a filter, many pages may hold nothing that is wanted."""
_CURSOR = re.compile(r"1\.([1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")


def place_of(cursor: str | None) -> tuple[int, int]:
    """Return the page and the items of it to skip. Raises InvalidOrder for a cursor that was not made here."""
    if cursor is None:
        return 1, 0
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidOrder(Violation("cursor", "not a cursor of this list"))
    return int(match[1]), int(match[2])


def cursor_of(page: int, skip: int) -> str:
    """Return the cursor that goes on with the item `skip` of `page`: version 1 of its form."""
    return f"1.{page}.{skip}"


def walk(
    fetch: Callable[[int], Flow[Sequence[Item] | None]],
    wanted: Callable[[Item], bool],
    limit: int,
    cursor: str | None,
    last_page: int = 999_999,
) -> Flow[Page[Item]]:
    """Read pages until `limit` wanted items are found, an empty page comes (None), or MOST_PAGES were read."""
    page, skip = place_of(cursor)
    found: dict[str, Item] = {}
    for _ in range(MOST_PAGES):
        items = yield from fetch(page)
        if items is None:
            return Page(items=tuple(found.values()))
        for index, item in enumerate(items[skip:], start=skip):
            if len(found) == limit:
                return Page(items=tuple(found.values()), next_cursor=cursor_of(page, index))
            if wanted(item):
                found.setdefault(item.id, item)
        page, skip = page + 1, 0
        if page > last_page:
            return Page(items=tuple(found.values()))
        if len(found) == limit:
            break
    return Page(items=tuple(found.values()), next_cursor=cursor_of(page, 0))
