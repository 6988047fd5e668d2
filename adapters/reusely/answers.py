"""Reusely's answers: the envelope around every result, the paginator inside it, and our cursor over its pages.

{"status_code": 200, "message": "…", "result": …}          some endpoints write `data` for `result`
{"current_page": 1, "data": […], "last_page": 3, …}        a paginator (Laravel's) as result
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from adapters.contract.errors import InvalidOrder, MalformedResponse, Violation
from adapters.contract.models import values
from adapters.contract.wire import HttpResponse

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of a list as the provider wrote it, and whether it says that there are more."""

    items: tuple[dict[str, Any], ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a list goes on: a page of the provider's, and how many of its items were given already."""

    page: int = 1
    offset: int = 0

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        """Return the cursor that `text` writes, the beginning for None. Raises InvalidOrder for one we did not make."""
        if text is None:
            return cls()
        match = re.fullmatch(r"1\.([1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})", text)
        if match is None:
            raise InvalidOrder(Violation("cursor", "not a cursor of this list"))
        return cls(int(match[1]), int(match[2]))

    def cut(self, items: Sequence[T], limit: int, *, more: bool) -> tuple[Sequence[T], str | None]:
        """Return at most `limit` of the page's items from here on, and the text of the next cursor."""
        end = self.offset + max(limit, 1)
        if end < len(items):
            return items[self.offset : end], f"1.{self.page}.{end}"
        return items[self.offset :], f"1.{self.page + 1}.0" if more else None


def payload(response: HttpResponse) -> Any:
    """Return what the envelope holds. Raises MalformedResponse when it holds neither `result` nor `data`."""
    body = response.object()
    for member in ("result", "data"):
        if member in body:
            return body[member]
    raise MalformedResponse("The answer has neither result nor data.")


def as_object(value: Any) -> dict[str, Any]:
    """Return a JSON object. Raises MalformedResponse for anything else."""
    if not isinstance(value, dict):
        raise MalformedResponse("An object was expected.")
    return value


def rows(response: HttpResponse, page: int = 1) -> Rows:
    """Return the rows of a list, bare or in a paginator. Raises MalformedResponse for anything else.

    A list that says nothing of further pages has one: guessing on would never end where `page` is ignored.
    """
    found: Any = payload(response)
    paginator = response.object()
    if isinstance(found, dict):
        found, paginator = found.get("data"), found
    if not isinstance(found, list):
        raise MalformedResponse("A list was expected.")
    return Rows(tuple(as_object(row) for row in found), bool(found) and _more(paginator, page))


def _more(paginator: dict[str, Any], page: int) -> bool:
    meta = paginator.get("meta")
    for source in (paginator, meta if isinstance(meta, dict) else {}):
        last = values.integer(source.get("last_page"))
        if last is not None:
            return page < last
        if values.text(source.get("next_page_url")) is not None:
            return True
    return False


def named(row: dict[str, Any], noun: str) -> tuple[str, str]:
    """Return the name and slug of a brand, a device, a model. Raises MalformedResponse for a row without slug."""
    slug = values.text(row.get(f"{noun}_slug")) or values.text(row.get("slug"))
    if slug is None:
        raise MalformedResponse(f"A {noun} has no slug.")
    return values.text(row.get(f"{noun}_name")) or values.text(row.get("name")) or slug, slug
