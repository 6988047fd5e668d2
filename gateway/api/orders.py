"""Orders: place, read, list, cancel, change delivery, shipments."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from pydantic import Field

from adapters.contract.adapter import WriteContext
from adapters.contract.errors import Refusal
from adapters.contract.models.requests import (
    Country,
    DeliveryChange,
    NewCancellation,
    NewOrder,
    NewShipment,
    OrderQuery,
    Reference,
    Request,
    ShipmentChange,
    ShortText,
)
from adapters.contract.models.resources import Order, Page, Status
from adapters.contract.models.values import AwareDatetime
from gateway.api.body import ApiError, refuse, refuse_violations
from gateway.api.catalog import Limit
from gateway.api.context import Answer, Call, Query
from gateway.api.keys import KeyInvalid, parse_key
from gateway.api.lists import Listing, listed, page_answer
from gateway.api.problems import Incomplete, ProblemViolation, problem
from gateway.api.writes import carried_out, earlier, read_key
from gateway.errors import describe
from gateway.operations.answers import operation_path, without_goods
from gateway.operations.intents import Intent
from gateway.operations.twins import likeness
from gateway.providers.provider import Provider
from gateway.routing import Facts, NoRoute, choose
from policies.journal import Operation
from policies.operation import PLACED


class OrdersQuery(Query):
    """Which orders. `idempotency-key` finds the order that the caller placed with that key."""

    provider: ShortText | None = None
    status: Status | None = None
    reference: Reference | None = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    country: Country | None = None
    idempotency_key: Annotated[str, Field(max_length=300)] | None = None
    limit: Limit = 50
    cursor: Annotated[str, Field(max_length=4096)] | None = None


async def place_order(call: Call) -> Answer:
    """Place an order at the provider that is named, that the products belong to, or that the rules choose."""
    content = await call.content()
    key = read_key(call, "orders.place", (), content)
    if (answer := await earlier(call, key)) is not None:
        return answer
    await call.context.prepared()
    order = call.validated(NewOrder, content)
    provider, order = _routed(call, order)
    intent = Intent("orders.place", order)
    _primed(provider, intent)
    return await carried_out(
        call,
        key,
        provider,
        intent,
        reference=order.reference,
        twin=likeness(order),
        valid_until=_still_wanted(order.valid_until),
    )


def _still_wanted(until: datetime | None) -> datetime | None:
    """Return until when the order is wanted. Raises ApiError when that is over."""
    if until is not None and until <= datetime.now(UTC):
        refuse_violations([ProblemViolation(name="validUntil", reason="is over")])
    return until


async def get_order(call: Call) -> Answer:
    """Read one order."""
    provider, native = call.resource()
    order = await provider.run(provider.adapter.get_order(native), call.trip())
    return Answer(order if call.caller.may("goods:read") else without_goods(order))


async def list_orders(call: Call) -> Answer:
    """List orders, newest first as far as each provider does so."""
    query = call.query(OrdersQuery)
    if query.idempotency_key is not None:
        others = [name for name in call.http.query if name != "idempotency-key"]
        if others:
            refuse_violations(
                ProblemViolation(name=name, reason="not together with idempotency-key") for name in others
            )
        return await _by_key(call, query.idempotency_key)
    filters = query.model_dump(mode="json", exclude={"limit", "cursor", "provider"}, exclude_none=True)

    def read(provider: Provider, limit: int, cursor: str | None) -> Awaitable[Page[Order]]:
        wanted = OrderQuery(
            status=query.status,
            reference=query.reference,
            created_after=query.created_after,
            created_before=query.created_before,
            country=query.country,
            limit=limit,
            cursor=cursor,
        )
        return provider.run(provider.adapter.list_orders(wanted), call.trip())

    pages, cursor, incomplete = await listed(
        call, "list_orders", filters, query.provider, query.limit, query.cursor, read
    )
    orders = sorted((order for page in pages for order in page.items), key=_newest_first)
    if not call.caller.may("goods:read"):
        orders = [without_goods(order) for order in orders]
    return page_answer(orders, cursor, incomplete)


def _newest_first(order: Order) -> float:
    """Return the sort key; orders without a time come last, in the provider's order."""
    return -order.created_at.timestamp() if order.created_at is not None else 0.0


async def cancel_order(call: Call) -> Answer:
    """Cancel an order, or some of its lines."""
    return await _change(call, "orders.cancel", NewCancellation)


async def change_delivery(call: Call) -> Answer:
    """Change where to, or how, an order is sent."""
    return await _change(call, "orders.changeDelivery", DeliveryChange)


async def list_shipments(call: Call) -> Answer:
    """List the shipments of an order."""
    provider, native = call.resource()
    page = await provider.run(provider.adapter.list_shipments(native), call.trip())
    return Answer(Listing(items=page.items, next_cursor=page.next_cursor))


async def confirm_shipment(call: Call) -> Answer:
    """Tell the provider that we shipped."""
    return await _change(call, "shipments.confirm", NewShipment)


async def change_shipment(call: Call) -> Answer:
    """Change a shipment's tracking code."""
    shipment = call.http.match_info["shipment"]
    if not 1 <= len(shipment) <= 512 or not shipment.isprintable():
        refuse_violations([ProblemViolation(name="shipment", reason="not a shipment id")])
    return await _change(call, "shipments.change", ShipmentChange, shipment)


async def _change(call: Call, kind: str, model: type[Request], shipment: str | None = None) -> Answer:
    """Carry out a write on an existing order."""
    provider, native = call.resource()
    order_id = provider.adapter.id(native)
    content = await call.content()
    key = read_key(call, kind, (order_id, shipment or ""), content)
    if (answer := await earlier(call, key)) is not None:
        return answer
    intent = Intent(kind, call.validated(model, content), native, shipment)
    _primed(provider, intent)
    return await carried_out(call, key, provider, intent, subject=order_id)


def _primed(provider: Provider, intent: Intent) -> None:
    """Run a flow to its first request and no further: what an adapter refuses is refused before a key is claimed.

    Flows do the same for the same input, so this sends nothing and decides nothing else.
    """
    context = WriteContext(operation_id="00000000-0000-7000-8000-000000000000", now=_EPOCH)
    try:
        started = intent.flow(provider.adapter, context)
        next(started, None)
        started.close()
    except Refusal as error:
        told = describe(error, provider.name)
        raise ApiError(msgspec.structs.replace(told, placed="no", retry="same-key")) from error
    except Exception:  # noqa: BLE001 - the engine meets it again, and answers and logs it
        return


_EPOCH = datetime.fromisoformat("2000-01-01T00:00:00Z")


def _routed(call: Call, order: NewOrder) -> tuple[Provider, NewOrder]:
    """Return the provider that takes the order, and the order with the provider's own product ids."""
    by_product = [_provider_of(call, line.product_id, index) for index, line in enumerate(order.lines)]
    facts = Facts(
        caller=call.caller.name,
        kind=order.kind,
        country=order.ship_to.country if order.ship_to else None,
        currency=order.currency,
        metadata=order.metadata or {},
    )
    known = [provider.name for provider in call.usable()]
    try:
        name = choose(order.provider, [one for one in by_product if one], facts, call.context.routes, known)
    except NoRoute as error:
        told = tuple(ProblemViolation(name=one.name, reason=one.reason) for one in error.violations)
        refuse("validation-failed", error.detail, violations=told, placed="no", retry="same-key")
    _options_of(order, call.context.providers[name].adapter_name)
    lines = [
        line if line.product_id is None else line.model_copy(update={"product_id": line.product_id.partition(":")[2]})
        for line in order.lines
    ]
    return call.provider(name), order.model_copy(update={"lines": lines})


def _options_of(order: NewOrder, adapter: str) -> None:
    """Refuse options for another adapter than the one that takes the order: nothing is dropped silently."""
    others = [name for name in order.provider_options or () if name != adapter]
    if others:
        refuse_violations(
            ProblemViolation(name=f"providerOptions.{name}", reason=f"the order goes to the adapter {adapter}")
            for name in others
        )


def _provider_of(call: Call, product_id: str | None, index: int) -> str | None:
    """Return the provider a product id names. Raises ApiError when it names none."""
    if product_id is None:
        return None
    return call.split(product_id, f"lines[{index}].productId")[0].name


async def _by_key(call: Call, text: str) -> Answer:
    """Return the order that the caller placed with an idempotency key: a list of one or none."""
    try:
        operation = await call.context.journal.find(call.caller.name, parse_key([text]))
    except KeyInvalid as error:
        refuse_violations([ProblemViolation(name="idempotency-key", reason=str(error))])
    if operation is None or operation.kind != "orders.place":
        return Answer(Listing(items=()))
    if operation.subject is None:
        return Answer(Listing(items=(), incomplete=_open(operation)))
    provider, native = call.split(operation.subject, "idempotency-key")
    order = await provider.run(provider.adapter.get_order(native), call.trip())
    return page_answer([order if call.caller.may("goods:read") else without_goods(order)], None, ())


def _open(operation: Operation) -> tuple[Incomplete, ...] | None:
    """Return why there is no order to show of an operation that may have placed one."""
    placed = PLACED[operation.state]
    if placed == "no":
        return None
    name = "request-in-progress" if placed == "pending" else "outcome-unknown"
    told = problem(name, placed=placed, retry="same-key", operation=operation_path(operation.id))
    return (Incomplete(provider=operation.account, problem=told),)
