"""Categories, products, availability: reads that go through to the providers."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from adapters.contract.errors import AdapterError
from adapters.contract.models.catalog import Availability
from adapters.contract.models.requests import (
    AvailabilityItem,
    AvailabilityRequest,
    CategoryQuery,
    Identifier,
    ProductQuery,
    ShortText,
)
from adapters.contract.models.resources import PartProblem
from gateway.api.body import refuse_violations
from gateway.api.context import Answer, Call, Query
from gateway.api.lists import Listing, listed, page_answer
from gateway.api.problems import ProblemViolation
from gateway.errors import AdapterFault, describe
from gateway.providers.provider import Provider
from policies.errors import PolicyError

Limit = Annotated[int, Field(ge=1, le=100)]


class CategoriesQuery(Query):
    """Which categories: of one provider or all, below `parent`."""

    provider: ShortText | None = None
    parent: Identifier | None = None
    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=4096)] | None = None


class ProductsQuery(Query):
    """Which products: of one provider or all, in a category, matching words, or with an EAN."""

    provider: ShortText | None = None
    category: Identifier | None = None
    q: ShortText | None = None
    ean: ShortText | None = None
    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=4096)] | None = None


async def list_categories(call: Call) -> Answer:
    """List categories, or those directly below `parent`."""
    query = call.query(CategoriesQuery)
    account, parent = _narrowed(call, query.provider, query.parent, "parent")
    items, cursor, incomplete = await listed(
        call,
        "list_categories",
        {"parent": query.parent},
        account,
        query.limit,
        query.cursor,
        lambda provider, limit, at: provider.adapter.list_categories(
            CategoryQuery(parent=parent, limit=limit, cursor=at)
        ),
    )
    return page_answer(items, cursor, incomplete)


async def list_products(call: Call) -> Answer:
    """List or search products."""
    query = call.query(ProductsQuery)
    account, category = _narrowed(call, query.provider, query.category, "category")
    items, cursor, incomplete = await listed(
        call,
        "list_products",
        {"category": query.category, "q": query.q, "ean": query.ean},
        account,
        query.limit,
        query.cursor,
        lambda provider, limit, at: provider.adapter.list_products(
            ProductQuery(category=category, q=query.q, ean=query.ean, limit=limit, cursor=at)
        ),
    )
    return page_answer(items, cursor, incomplete)


async def get_product(call: Call) -> Answer:
    """Read one product."""
    provider, native = call.resource()
    return Answer(await provider.run(provider.adapter.get_product(native), call.trip()))


async def check_availability(call: Call) -> Answer:
    """Ask for live price and stock of up to 50 products, each with its answer or its problem, in the same order."""
    wanted = call.validated(AvailabilityRequest, await call.content())
    by_provider: dict[str, list[tuple[int, AvailabilityItem]]] = {}
    providers: dict[str, Provider] = {}
    for index, item in enumerate(wanted.items):
        provider, native = call.split(item.product_id, f"items[{index}].productId")
        providers[provider.name] = provider
        native_item = item.model_copy(update={"product_id": native})
        by_provider.setdefault(provider.name, []).append((index, native_item))
    answered = await asyncio.gather(
        *(_availability(call, providers[name], [item for _, item in items]) for name, items in by_provider.items())
    )
    places = [index for items in by_provider.values() for index, _ in items]
    in_order = dict(zip(places, (one for part in answered for one in part), strict=True))
    return Answer(Listing(items=tuple(in_order[index] for index in range(len(wanted.items)))))


async def _availability(call: Call, provider: Provider, items: Sequence[AvailabilityItem]) -> Sequence[Availability]:
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        found = await provider.run(provider.adapter.check_availability(items, now), call.trip())
        if len(found) != len(items):
            raise AdapterFault
    except (AdapterError, PolicyError, AdapterFault) as error:
        told = describe(error, provider.name)
        reason = PartProblem(title=told.title, code=told.name, message=told.detail)
        return [
            Availability(product_id=provider.adapter.id(one.product_id), as_of=now, problem=reason) for one in items
        ]
    return found


def _narrowed(call: Call, account: str | None, resource: str | None, member: str) -> tuple[str | None, str | None]:
    """Return the provider and the native id that a filter by resource id means."""
    if resource is None:
        return account, None
    provider, native = call.split(resource, member)
    if account is not None and account != provider.name:
        call.provider(account)
        refuse_violations([ProblemViolation(name=member, reason=f"belongs to {provider.name}, not to {account}")])
    return provider.name, native
