"""The list of orders: windows over pages, cursors, filters. Paging is our choice: the documents name none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.contract.errors import InvalidOrder, MalformedResponse, Violation
from adapters.contract.models import values
from adapters.contract.models.requests import OrderQuery
from adapters.contract.models.resources import Order
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.rexel import mapping
from adapters.rexel.catalog import HEADERS
from adapters.rexel.settings import RexelSettings

LOOK_UP_SIZE = 100
LOOK_UP_PAGES = 50

_CURSOR = re.compile(r"^1-(\d{1,9})$")
_ROWS = ("orders", "content", "elements", "items")


@dataclass(frozen=True, slots=True)
class Window:
    """The orders from `offset` on, `size` at most; read as the page of that size in which they begin."""

    offset: int
    size: int

    @classmethod
    def of(cls, cursor: str | None, size: int) -> "Window":
        """Return the window of a cursor. Raises InvalidOrder for a cursor that is not one of ours."""
        if cursor is None:
            return cls(0, size)
        match = _CURSOR.match(cursor)
        if match is None or not cursor.isascii():
            raise InvalidOrder(Violation("cursor", "not a cursor of this list"))
        return cls(int(match.group(1)), size)

    @property
    def cursor(self) -> str:
        """Return the text that leads back here."""
        return f"1-{self.offset}"

    @property
    def page(self) -> int:
        """Return the page, from 0, in which the window begins."""
        return self.offset // self.size

    def rows(self, response: HttpResponse) -> tuple[list[Any], "Window | None"]:
        """Return the window's part of an answer, and the window that follows or None at the end."""
        body = response.json()
        rows = _rows(body)
        if len(rows) > self.size:  # the answer is the whole list: it does not page
            end = self.offset + self.size
            return rows[self.offset : end], Window(end, self.size) if end < len(rows) else None
        end = (self.page + 1) * self.size
        total = values.integer(body.get("totalElements")) if isinstance(body, dict) else None
        ended = len(rows) < self.size if total is None else end >= total or not rows
        return rows[self.offset % self.size :], None if ended else Window(end, self.size)


def _rows(body: Any) -> list[Any]:
    if isinstance(body, dict):
        body = next((body[name] for name in _ROWS if name in body), body)
    if not isinstance(body, list):
        raise MalformedResponse("The answer has no list of orders.")
    return body


def request(window: Window, settings: RexelSettings, account: str | None, status: str | None = None) -> HttpRequest:
    """Return the request for a window, for an account and a canonical status where stated."""
    query = {
        "accountId": account,
        "status": mapping.PROVIDER_STATUSES.get(status) if status else None,
        "page": str(window.page + settings.first_page),
        "size": str(window.size),
    }
    pairs = tuple((name, value) for name, value in query.items() if value is not None)
    return HttpRequest("GET", settings.orders_path, query=pairs, headers=HEADERS, step="orders")


def matches(order: Order, query: OrderQuery) -> bool:
    """Tell whether an order passes the filters that Rexel is not known to have. What is not told does not pass."""
    created = order.created_at
    return (
        query.status in {None, order.status}
        and query.reference in {None, order.reference}
        and (query.country is None or (order.ship_to is not None and order.ship_to.country == query.country))
        and (query.created_after is None or (created is not None and created >= query.created_after))
        and (query.created_before is None or (created is not None and created < query.created_before))
    )


def is_past(seen: Sequence[Order], since: datetime) -> bool:
    """Tell whether a list that shows itself to be newest first has come to orders from before `since`."""
    times = [order.created_at for order in seen]
    known = [moment for moment in times if moment is not None]
    if not known or len(known) < len(times):
        return False
    # One order proves no sorting; two or more in falling order do, as far as anything seen can.
    return len(known) > 1 and known[-1] < since and known == sorted(known, reverse=True)
