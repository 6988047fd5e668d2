"""What is refused before bol hears of it, and what becomes of a change that bol carries out in part."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.bol.processes import change_of
from adapters.contract.errors import (
    InvalidOrder,
    LossyTranslation,
    MalformedResponse,
    NoAnswer,
    NotCancellable,
    NotFound,
    ProviderError,
    RateLimited,
    Refusal,
    Rejected,
    Unavailable,
)
from adapters.contract.flow import Answer
from adapters.contract.models.requests import NewCancellation, NewShipment, OrderQuery, ShipmentChange
from adapters.contract.wire import HttpResponse

ACCEPTED = HttpResponse(202, {}, b'{"processStatusId": "p1", "status": "PENDING"}')


def orders_by_status(shop: Any) -> dict[str, Any]:
    """Return one order of each status among those that were there at the start."""
    found = {}
    for status in ("accepted", "partiallyShipped", "shipped", "cancelled"):
        found[status] = shop.run(shop.adapter.list_orders(OrderQuery(status=status))).items[0]
    return found


def commits(shop: Any) -> list[Any]:
    """Return the requests that change something."""
    return [request for request, _ in shop.sent if request.effect == "commit"]


def cancel(shop: Any, order: Any, **wanted: Any) -> Any:
    """Cancel an order."""
    cancellation = NewCancellation.model_validate(wanted)
    return shop.run(shop.adapter.cancel_order(order.id.removeprefix("bol:"), cancellation, shop.context))


def ship(shop: Any, order: Any, **wanted: Any) -> Any:
    """Confirm a shipment of an order."""
    shipment = NewShipment.model_validate(wanted)
    return shop.run(shop.adapter.confirm_shipment(order.id.removeprefix("bol:"), shipment, shop.context))


@pytest.mark.parametrize("status", ["shipped", "cancelled"])
@pytest.mark.parametrize("change", [cancel, ship])
def test_what_is_shipped_or_cancelled_is_neither_cancelled_nor_shipped(
    shop: Any, status: str, change: Callable[..., Any]
) -> None:
    """Nothing is open: nothing is sent, whether the lines are named or not."""
    order = orders_by_status(shop)[status]
    with pytest.raises(NotCancellable):
        change(shop, order)
    with pytest.raises(NotCancellable):
        change(shop, order, lines=[{"id": order.lines[0].id}])
    assert not commits(shop)


@pytest.mark.parametrize("change", [cancel, ship])
def test_a_line_of_another_order_is_refused(shop: Any, change: Callable[..., Any]) -> None:
    """Bol takes an item's id alone and would change whatever order it belongs to."""
    first, second = shop.run(shop.adapter.list_orders(OrderQuery(status="accepted"))).items[:2]
    with pytest.raises(InvalidOrder) as refused:
        change(shop, first, lines=[{"id": first.lines[0].id}, {"id": second.lines[0].id}, {"id": first.lines[0].id}])
    assert [violation.name for violation in refused.value.violations] == ["lines[1].id", "lines[2].id"]
    assert not commits(shop)


def test_part_of_an_item_cannot_be_cancelled(shop: Any) -> None:
    """The cancellation request has no quantity: the whole item is cancelled (Retailer API v10 spec)."""
    order = orders_by_status(shop)["partiallyShipped"]
    with pytest.raises(LossyTranslation) as refused:
        cancel(shop, order, lines=[{"id": order.lines[0].id, "quantity": 1}])
    assert [violation.name for violation in refused.value.violations] == ["lines[0].quantity"]
    assert not commits(shop)
    assert cancel(shop, order, lines=[{"id": order.lines[0].id, "quantity": 2}]).state == "pending"


def test_more_than_is_open_cannot_be_shipped(shop: Any) -> None:
    """Three were ordered and one has left: two can still leave."""
    order = orders_by_status(shop)["partiallyShipped"]
    with pytest.raises(InvalidOrder) as refused:
        ship(shop, order, lines=[{"id": order.lines[0].id, "quantity": 3}])
    assert [violation.name for violation in refused.value.violations] == ["lines[0].quantity"]
    assert not commits(shop)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"tracking_code": "3S1"}, ["carrier"]),
        ({"label_id": "l", "carrier": "TNT", "tracking_code": "3S1"}, ["carrier", "trackingCode"]),
    ],
)
def test_a_shipment_that_contradicts_itself_is_refused_before_anything_is_sent(
    shop: Any, wanted: dict[str, str], names: list[str]
) -> None:
    """A transport needs its transporter, and a label excludes a transport (Retailer API v10 spec, ShipmentRequest)."""
    with pytest.raises(InvalidOrder) as refused:
        shop.run(shop.adapter.confirm_shipment("A1", NewShipment.model_validate(wanted), shop.context))
    assert [violation.name for violation in refused.value.violations] == names
    assert [request.step for request, _ in shop.sent] == ["login"]


def test_an_unknown_reason_is_refused_before_anything_is_sent(shop: Any) -> None:
    """Reasons are bol's, in lowerCamelCase."""
    with pytest.raises(InvalidOrder) as refused:
        shop.run(shop.adapter.cancel_order("A1", NewCancellation(reason="OUT_OF_STOCK"), shop.context))
    assert [violation.name for violation in refused.value.violations] == ["reason"]
    assert [request.step for request, _ in shop.sent] == ["login"]


def test_the_reason_follows_the_caller_then_the_customer_then_the_settings(open_shop: Callable[..., Any]) -> None:
    """A customer's request is confirmed as one; a caller who gives a reason is believed."""
    shop = open_shop(settings={"cancellation_reason": "techIssue"})
    listed = shop.run(shop.adapter.list_orders(OrderQuery(status="accepted"))).items
    requested = next(order for order in listed if order.lines[0].cancellation_requested)
    other = next(order for order in listed if not order.lines[0].cancellation_requested)
    cancel(shop, other)
    cancel(shop, requested)
    cancel(shop, requested, reason="unfindableItem")
    codes = [request.body.split(b'"reasonCode":"')[1].split(b'"')[0] for request in commits(shop)]
    assert codes[-2:] == [b"REQUESTED_BY_CUSTOMER", b"UNFINDABLE_ITEM"]
    assert set(codes[:-2]) == {b"TECH_ISSUE"}


def test_an_order_whose_customer_asked_to_cancel_is_not_shipped_by_the_way(shop: Any) -> None:
    """Bol wants the request to be looked at right before shipping; a caller who means it names the line."""
    listed = shop.run(shop.adapter.list_orders(OrderQuery(status="accepted"))).items
    order = next(order for order in listed if order.lines[0].cancellation_requested)
    with pytest.raises(InvalidOrder) as refused:
        ship(shop, order)
    assert [violation.name for violation in refused.value.violations] == ["lines"]
    assert ship(shop, order, lines=[{"id": order.lines[0].id}]).state == "pending"


def test_what_bol_ships_itself_is_not_confirmed_by_us(open_shop: Callable[..., Any]) -> None:
    """An order fulfilled by bol has nothing for us to ship."""
    shop = open_shop(settings={"fulfilment_method": "FBB"})
    (order,) = shop.run(shop.adapter.list_orders(OrderQuery())).items
    with pytest.raises(NotCancellable):
        ship(shop, order)
    assert not commits(shop)


def test_a_shipment_of_another_order_is_not_found(shop: Any) -> None:
    """The shipment is read for its transport, and must be of the order that was named."""
    order = orders_by_status(shop)["shipped"]
    (shipment,) = shop.run(shop.adapter.list_shipments(order.id.removeprefix("bol:"))).items
    change = ShipmentChange(tracking_code="3S1")
    with pytest.raises(NotFound):
        shop.run(shop.adapter.change_shipment("A1", shipment.id, change, shop.context))
    with pytest.raises(NotFound):
        shop.run(shop.adapter.change_shipment(order.id.removeprefix("bol:"), "1", change, shop.context))
    assert not commits(shop)


def parts(*answers: Answer) -> list[tuple[str, Answer]]:
    """Return answers to items 1, 2 and so on."""
    return [(str(number), answer) for number, answer in enumerate(answers, start=1)]


@pytest.mark.parametrize(
    ("answers", "state", "states"),
    [
        (parts(ACCEPTED, ACCEPTED), "pending", ["pending", "pending"]),
        (parts(ACCEPTED, Rejected(status=400)), "pending", ["pending", "failed"]),
        (parts(ACCEPTED, RateLimited(status=429)), "pending", ["pending", "failed"]),
        (parts(ACCEPTED, Unavailable(status=500)), "unknown", ["pending", "unknown"]),
        (parts(ACCEPTED, NoAnswer("lost", sent=True)), "unknown", ["pending", "unknown"]),
        (parts(Rejected(status=400), Unavailable(status=503)), "unknown", ["failed", "unknown"]),
        (parts(HttpResponse(202, {}, b"<html>")), "unknown", ["unknown"]),
        (parts(ACCEPTED, NoAnswer("refused", sent=False)), "pending", ["pending", "failed"]),
        (parts(ACCEPTED, MalformedResponse(status=202)), "unknown", ["pending", "unknown"]),
        (parts(ACCEPTED, HttpResponse(202, {}, b"{")), "unknown", ["pending", "unknown"]),
        (parts(HttpResponse(202, {}, b'{"status": "PENDING"}')), "unknown", ["unknown"]),
        (parts(HttpResponse(202, {}, b'{"status": "SUCCESS"}')), "done", ["done"]),
        (parts(HttpResponse(202, {}, b'{"status": "FAILURE"}')), "failed", ["failed"]),
        (parts(HttpResponse(202, {}, b'{"status": "TIMEOUT"}')), "unknown", ["unknown"]),
        (
            parts(HttpResponse(202, {}, b'{"status": "SUCCESS"}'), Rejected(status=400)),
            "partial",
            ["done", "failed"],
        ),
    ],
)
def test_a_change_is_as_certain_as_its_least_certain_part(
    answers: list[tuple[str, Answer]], state: str, states: list[str]
) -> None:
    """Unknown outweighs pending, pending outweighs failed; a part that was not executed has failed."""
    change = change_of("bol:A1", answers)
    assert change.state == state
    assert change.parts is not None
    assert [part.state for part in change.parts] == states


@pytest.mark.parametrize(
    ("answers", "raised"),
    [
        (parts(Rejected(status=400)), Rejected),
        (parts(RateLimited(status=429), Rejected(status=400)), RateLimited),
    ],
)
def test_a_change_of_which_nothing_was_accepted_is_an_error(
    answers: list[tuple[str, Answer]], raised: type[ProviderError]
) -> None:
    """Where every part was refused for sure, the first refusal is told."""
    with pytest.raises(raised):
        change_of("bol:A1", answers)


def test_a_refusal_is_raised_by_the_flow_itself(shop: Any) -> None:
    """Operations that bol does not have send nothing and say why."""
    for operation in ("place_order", "change_delivery", "get_account"):
        assert not shop.adapter.supports(operation)
        assert len(shop.adapter.why_not(operation)) > 30
    with pytest.raises(Refusal):
        shop.run(shop.adapter.get_account())
    assert [request.step for request, _ in shop.sent] == ["login"]
