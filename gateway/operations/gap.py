"""Asks a provider for its orders since a moment, as far as it can be asked for them."""

from datetime import datetime

import msgspec

from adapters.contract.errors import Refusal
from adapters.contract.models.requests import OrderQuery
from adapters.contract.models.resources import Order
from gateway.operations.engine import WRITE_SECONDS
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within

PAGE = 100
PAGES = 100
"""The most pages that are read of a list."""


class NotListed(Exception):
    """The provider cannot be asked for its orders; the text says why."""


async def orders_since(provider: Provider, since: datetime | None) -> list[Order]:
    """Return the orders created at or after `since`, and those that state no time. Makes reads only.

    Raises NotListed where the provider has no list, or too long a one; AdapterError, PolicyError, AdapterFault.
    """
    if not provider.adapter.supports("list_orders"):
        raise NotListed(provider.adapter.why_not("list_orders"))
    filters = [OrderQuery(limit=PAGE)]
    if since is not None:
        filters.insert(0, OrderQuery(created_after=since, limit=PAGE))
    reason = ""
    for query in filters:
        try:
            return await _read(provider, query, since)
        except Refusal as error:
            # Some filter by time, the others are read until it is past.
            reason = error.detail
    raise NotListed(reason)


async def _read(provider: Provider, query: OrderQuery, since: datetime | None) -> list[Order]:
    found: dict[str, Order] = {}
    for _ in range(PAGES):
        trip = Trip(within(WRITE_SECONDS), request_id="restored")
        page = await provider.run(provider.adapter.list_orders(query), trip)
        young = [one for one in page.items if since is None or one.created_at is None or one.created_at >= since]
        found |= {order.id: order for order in young}
        if page.next_cursor is None or (page.items and not young):
            return list(found.values())
        query = msgspec.structs.replace(query, cursor=page.next_cursor)
    raise NotListed(f"the list has more than {PAGES} pages")
