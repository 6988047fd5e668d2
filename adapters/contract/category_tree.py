"""Pages cut from a list of categories that a provider gives in one answer."""

import re
from collections.abc import Sequence

from adapters.contract.errors import InvalidOrder, Violation
from adapters.contract.models.catalog import Category
from adapters.contract.models.resources import Page

_CURSOR = re.compile(r"1\.([0-9]{1,9})")


def start_of(cursor: str | None) -> int:
    """Return how many categories the pages before held. Raises InvalidOrder for a cursor that was not made here."""
    if cursor is None:
        return 0
    place = _CURSOR.fullmatch(cursor)
    if place is None:
        raise InvalidOrder(Violation("cursor", "not a cursor that this list gave out"))
    return int(place[1])


def cut(categories: Sequence[Category], start: int, limit: int, parent: str | None) -> Page[Category]:
    """Return a page, from `start` on, of all categories or of those directly below the one with the id `parent`.

    Raises InvalidOrder where no category has the id `parent`.
    """
    if parent is not None:
        if all(category.id != parent for category in categories):
            raise InvalidOrder(Violation("parent", "not a category of this provider"))
        categories = [category for category in categories if category.parent == parent]
    end = start + limit
    return Page(items=tuple(categories[start:end]), next_cursor=f"1.{end}" if end < len(categories) else None)
