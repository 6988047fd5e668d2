"""Nothing of a cancellation, a delivery change, a shipment or a filter is dropped silently either."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from adapters.contract import flow
from adapters.contract.errors import AdapterError, Refusal
from adapters.contract.models.requests import (
    DeliveryChange,
    NewCancellation,
    NewShipment,
    OrderQuery,
    ProductQuery,
    Request,
    ShipmentChange,
)
from adapters.contract.models.resources import Order
from adapters.contract.wire import HttpRequest
from support.conformance import PACE, Account, Subject
from support.conformance_translation import check_refusal, check_translation, texts

CHANGES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    # operation, member, base, with the member
    ("cancel_order", "reason", "{}", {"reason": "zqreason"}),
    ("change_delivery", "methods", '{"methods": ["zqfirst"]}', {"methods": ["zqother"]}),
    ("confirm_shipment", "reference", "carrier", {"reference": "ZQ-PARCEL"}),
    ("confirm_shipment", "trackingCode", "carrier", {"trackingCode": "3SZQ"}),
    ("confirm_shipment", "labelId", "{}", {"labelId": "zq-label"}),
    ("change_shipment", "carrier", '{"trackingCode": "3SOLD"}', {"trackingCode": "3SOLD", "carrier": "DHL"}),
)
MODELS: Mapping[str, type[Request]] = {
    "cancel_order": NewCancellation,
    "change_delivery": DeliveryChange,
    "confirm_shipment": NewShipment,
    "change_shipment": ShipmentChange,
}


@pytest.mark.parametrize(("operation", "member", "base", "value"), CHANGES, ids=[f"{c[0]}-{c[1]}" for c in CHANGES])
def test_every_member_of_a_change_is_translated_or_refused_by_name(
    subject: Subject, operation: str, member: str, base: str, value: dict[str, Any]
) -> None:
    """A cancellation, a delivery change or a shipment loses nothing on the way either."""
    if not subject.adapter().supports(operation):
        return
    plain = {"carrier": subject.carrier} if base == "carrier" else msgspec.json.decode(base)
    told = change(subject, operation, {**plain, **value})
    if isinstance(told, Refusal):
        check_refusal(told, member)
    else:
        check_translation(told, member, value, change(subject, operation, plain))


def test_a_cancellation_reason_of_the_provider_leaves(subject: Subject) -> None:
    """A reason that the provider knows makes a difference in what is sent."""
    if subject.cancellation_reason is not None:
        told = change(subject, "cancel_order", {"reason": subject.cancellation_reason})
        assert isinstance(told, list)
        assert texts(told) != texts(change(subject, "cancel_order", {}))  # type: ignore[arg-type]


def change(subject: Subject, operation: str, body: Mapping[str, Any]) -> list[HttpRequest] | Refusal:
    """Return what leaves for a change of a new order, or the refusal."""
    account = Account(subject)
    arguments = [account.arranged_order()]
    if operation == "change_shipment":
        shipped = NewShipment(carrier=subject.carrier, tracking_code="3SZQ")
        account.run(account.adapter.confirm_shipment(arguments[0], shipped, account.context))
        account.wait(5 * PACE)
        arguments.append(account.run(account.adapter.list_shipments(arguments[0])).items[0].id)
    account.sent.clear()
    steps: flow.Flow[Any] = getattr(account.adapter, operation)(
        *arguments, MODELS[operation].model_validate(body), account.context
    )
    try:
        account.run(steps)
    except Refusal as refusal:
        assert all(request.effect == "read" for request in account.sent)
        return refusal
    except AdapterError:
        pass
    return account.sent


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "accepted"},
        {"status": "cancelled"},
        {"status": "unknown"},
        {"reference": "T-1"},
        {"reference": "nobody's"},
        {"created_after": NOW},
        {"created_before": NOW - timedelta(days=30)},
        {"country": "NL"},
    ],
    ids=str,
)
def test_a_filter_of_orders_is_obeyed_or_refused(account: Account, filters: dict[str, Any]) -> None:
    """Every order that is listed passes the filter; a filter that cannot be is refused with a sentence."""
    if not account.adapter.supports("list_orders"):
        return
    account.arranged_order()
    told = listed(account, OrderQuery(**filters))
    if isinstance(told, Refusal):
        assert told.violations or next(iter(filters)).partition("_")[0] in told.detail
        return
    for order in told:
        for name, value in filters.items():
            match name:
                case "created_after":
                    assert order.created_at is None or order.created_at >= value
                case "created_before":
                    assert order.created_at is None or order.created_at <= value
                case "country":
                    assert order.ship_to is None or order.ship_to.country == value
                case _:
                    assert getattr(order, name) == value


def listed(account: Account, query: OrderQuery) -> tuple[Order, ...] | Refusal:
    """Return the orders that are listed, or the refusal."""
    try:
        found: tuple[Order, ...] = account.run(account.adapter.list_orders(query)).items
    except Refusal as refusal:
        return refusal
    return found


@pytest.mark.parametrize("filters", [{"q": "zqnothing"}, {"ean": "4006381333931"}, {"category": "99999"}], ids=str)
def test_a_filter_of_products_is_obeyed_or_refused(account: Account, filters: dict[str, str]) -> None:
    """A search for what does not exist finds nothing, fails, or is refused: never just everything."""
    if account.adapter.supports("list_products"):
        try:
            page = account.run(account.adapter.list_products(msgspec.convert(filters, ProductQuery)))
        except AdapterError:
            return
        assert page.items == ()
