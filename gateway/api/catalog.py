"""Categories and products, which are kept for a while; availability, which never is."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, TypeVar

import msgspec
from pydantic import Field

from adapters.contract import codec
from adapters.contract.category_tree import cut, start_of
from adapters.contract.errors import AdapterError
from adapters.contract.flow import Flow
from adapters.contract.models.catalog import Availability, Category
from adapters.contract.models.requests import (
    AvailabilityItem,
    AvailabilityRequest,
    CategoryQuery,
    Identifier,
    ProductQuery,
    ShortText,
)
from adapters.contract.models.resources import Page, PartProblem, Resource
from gateway.api.body import refuse_violations
from gateway.api.caching import told_headers, wish
from gateway.api.context import Answer, Call, Query
from gateway.api.lists import Listing, listed
from gateway.api.problems import Incomplete, ProblemViolation
from gateway.cache import Content, Question, Told
from gateway.errors import AdapterFault, describe
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip
from policies.errors import PolicyError

T = TypeVar("T")
_read_tree = codec.reader(list[Category])
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


class _TranslatedListing(Resource, frozen=True, kw_only=True):
    """A list whose items are JSON already."""

    items: msgspec.Raw
    next_cursor: str | None = None
    incomplete: tuple[Incomplete, ...] | None = None


async def list_categories(call: Call) -> Answer:
    """List categories, or those directly below `parent`."""
    query = call.query(CategoriesQuery)
    account, parent = _narrowed(call, query.provider, query.parent, "parent")
    read = partial(_categories, call, parent)
    return _listing(
        *await listed(call, "list_categories", {"parent": query.parent}, account, query.limit, query.cursor, read)
    )


def _categories(call: Call, parent: str | None, provider: Provider, limit: int, cursor: str | None) -> Awaitable[Told]:
    adapter, query = provider.adapter, CategoryQuery(parent=parent, limit=limit, cursor=cursor)
    if adapter.has("category_tree"):
        return _from_tree(call, query, provider)
    asked = ("list_categories", parent or "", str(limit), cursor or "")
    return _told(call, provider, asked, lambda: adapter.list_categories(query), _page)


async def _from_tree(call: Call, query: CategoryQuery, provider: Provider) -> Told:
    """Return a page of a tree that comes in one answer. The tree is kept: bol may be asked for it once a minute."""
    adapter, start = provider.adapter, start_of(query.cursor)
    told = await _told(call, provider, ("list_categories",), adapter.category_tree, _tree)
    page = cut(_read_tree(told.content.body), start, query.limit, query.parent and adapter.id(query.parent))
    return msgspec.structs.replace(told, content=_page(page))


async def list_products(call: Call) -> Answer:
    """List or search products."""
    query = call.query(ProductsQuery)
    account, category = _narrowed(call, query.provider, query.category, "category")
    filters = {"category": query.category, "q": query.q, "ean": query.ean}
    read = partial(_products, call, category, query)
    return _listing(*await listed(call, "list_products", filters, account, query.limit, query.cursor, read))


def _products(
    call: Call, category: str | None, query: ProductsQuery, provider: Provider, limit: int, cursor: str | None
) -> Awaitable[Told]:
    return _told(
        call,
        provider,
        ("list_products", category or "", query.q or "", query.ean or "", str(limit), cursor or ""),
        lambda: provider.adapter.list_products(
            ProductQuery(category=category, q=query.q, ean=query.ean, limit=limit, cursor=cursor)
        ),
        _page,
    )


async def get_product(call: Call) -> Answer:
    """Read one product."""
    provider, native = call.resource()
    flow = partial(provider.adapter.get_product, native)
    told = await _told(call, provider, ("get_product", native), flow, _one)
    return Answer(told.content.body, headers=told_headers([told]))


async def _told(
    call: Call,
    provider: Provider,
    asked: tuple[str, ...],
    flow: Callable[[], Flow[T]],
    translated: Callable[[T], Content],
) -> Told:
    """Return a provider's answer, kept or new, to an operation with its parameters. The caller may use the provider."""

    async def ask(trip: Trip) -> Content:
        return translated(await provider.run(flow(), trip))

    cache = call.context.cache
    question = Question((provider.name, *asked), cache.lifetime(provider.name, asked[0]), ask)
    told = await cache.tell(question, call.trip(), wish(call.http.headers))
    if told.joined is not None:
        call.trips.append(told.joined)
    return told


def _one(resource: Resource) -> Content:
    return Content(codec.encode(resource))


def _tree(categories: tuple[Category, ...]) -> Content:
    return Content(codec.encode(categories))


def _page(page: Page[Any]) -> Content:
    """Return the items of a page, each id once."""
    items = page.items
    if len({item.id for item in items}) < len(items):
        items = tuple({item.id: item for item in items}.values())
    return Content(codec.encode(items), page.next_cursor)


def _listing(told: Sequence[Told], cursor: str | None, incomplete: tuple[Incomplete, ...]) -> Answer:
    """Return the answer for a list. Ids of several providers are never the same: each begins with the provider."""
    if len(told) == 1:
        items = told[0].content.body
    else:
        parts = [one.content.body[1:-1] for one in told]
        items = b"[" + b",".join([part for part in parts if part]) + b"]"
    listing = _TranslatedListing(items=msgspec.Raw(items), next_cursor=cursor, incomplete=incomplete or None)
    return Answer(listing, headers=told_headers(told, (cursor, incomplete), whole=not incomplete))


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
