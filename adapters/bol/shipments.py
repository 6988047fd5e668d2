"""Shipments of orders: list, confirm, change the tracking code."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from adapters.bol import mapping
from adapters.bol.account import BolAccount
from adapters.bol.orders import Item, items_of, named_items
from adapters.bol.processes import change_of
from adapters.contract.adapter import WriteContext
from adapters.contract.errors import InvalidOrder, NotCancellable, NotFound, Violation
from adapters.contract.flow import Answer, Flow
from adapters.contract.models import values
from adapters.contract.models.requests import NewShipment, ShipmentChange
from adapters.contract.models.resources import OrderChange, Page, Shipment
from adapters.contract.wire import HttpRequest, HttpResponse, present

MOST_PAGES = 20  # of 50 shipments for one order: a bound, not a limit of bol's
MOST_COMPARED = 10
"""How many of an order's newest shipments are read to see whether one is as it was wanted: each takes a request."""
MOST_ITEMS = 100  # Retailer API v10 spec, ShipmentRequest


class BolShipments(BolAccount):
    """Shipments."""

    @override
    def list_shipments(self, order_id: str) -> Flow[Page[Shipment]]:
        """List the shipments of an order, of the last three months. Carrier and tracking code are not in bol's list."""
        found: dict[str, Shipment] = {}
        for page in range(1, MOST_PAGES + 1):
            query = (("page", str(page)), ("order-id", order_id))
            response: HttpResponse = yield self._read("/retailer/shipments", query=query)
            shipments = mapping.objects(response.object(), "shipments")
            if not shipments:
                break
            for raw in shipments:
                shipment = mapping.reduced_shipment(raw)
                found.setdefault(shipment.id, shipment)
        return Page(items=tuple(found.values()))

    @override
    def confirm_shipment(self, order_id: str, shipment: NewShipment, context: WriteContext) -> Flow[OrderChange]:
        """Confirm that all open items, or the named ones, were handed to a carrier.

        The order is read first: bol would ship an item of any order, and a customer may have asked to cancel
        meanwhile, which bol wants to be looked at right before shipping. All lines share one process.
        """
        _check(shipment)
        order: HttpResponse = yield self._read("/retailer/orders/{order_id}", {"order_id": order_id})
        lines = _to_ship(items_of(order.object()), shipment)
        body = present(
            orderItems=lines,
            shipmentReference=shipment.reference,
            shippingLabelId=shipment.label_id,
            transport=present(transporterCode=shipment.carrier, trackAndTrace=shipment.tracking_code),
        )
        # A list of one: what is not known of its answer becomes a part that can be looked up, not an error.
        answers: list[Answer] = yield [self._write("POST", "/retailer/shipments", body, "confirm_shipment")]
        return change_of(self.id(order_id), [(line["orderItemId"], answers[0]) for line in lines])

    @override
    def change_shipment(
        self, order_id: str, shipment_id: str, change: ShipmentChange, context: WriteContext
    ) -> Flow[OrderChange]:
        """Change the tracking code of a shipment's transport, whose id is read from the shipment first."""
        response: HttpResponse = yield self._shipment(shipment_id)
        shipment = response.object()
        if values.text(mapping.member(shipment, "order").get("orderId")) != order_id:
            raise NotFound("The shipment is not of this order.")
        transport_id = values.text(mapping.member(shipment, "transport").get("transportId"))
        if transport_id is None:
            raise NotCancellable("The shipment has no transport.")
        request = self._write(
            "PUT",
            "/retailer/transports/{transport_id}",
            present(transporterCode=change.carrier, trackAndTrace=change.tracking_code),
            "change_shipment",
            {"transport_id": transport_id},
        )
        answers: list[Answer] = yield [request]
        return change_of(self.id(order_id), [(shipment_id, answers[0])])

    @override
    def has_shipment(self, order_id: str, shipment_id: str | None, wanted: NewShipment | ShipmentChange) -> Flow[bool]:
        """Compare what was wanted with the shipment, or with the newest ones of the order, as far as they tell it.

        How many of an item are in one shipment is not compared: `quantityShipped` may be of all.
        """
        if shipment_id is not None:
            response: HttpResponse = yield self._shipment(shipment_id)
            return _is(response.object(), wanted)
        query = (("page", "1"), ("order-id", order_id))
        response = yield self._read("/retailer/shipments", query=query)
        for raw in mapping.objects(response.object(), "shipments")[:MOST_COMPARED]:
            found: HttpResponse = yield self._shipment(mapping.required(raw, "shipmentId"))
            if _is(found.object(), wanted):
                return True
        return False

    def _shipment(self, shipment_id: str) -> HttpRequest:
        return self._read("/retailer/shipments/{shipment_id}", {"shipment_id": shipment_id})


def _is(raw: Mapping[str, Any], wanted: NewShipment | ShipmentChange) -> bool:
    """Tell whether a Shipment has what was wanted of one."""
    transport = mapping.member(raw, "transport")
    stated = {"transporterCode": wanted.carrier, "trackAndTrace": wanted.tracking_code}
    if isinstance(wanted, NewShipment):
        stated["shippingLabelId"] = wanted.label_id
        if wanted.reference not in {None, values.text(raw.get("shipmentReference"))}:
            return False
        items = {mapping.required(item, "orderItemId") for item in mapping.objects(raw, "shipmentItems")}
        if not {line.id for line in wanted.lines or ()} <= items:
            return False
    return all(text in {None, values.text(transport.get(name))} for name, text in stated.items())


def _check(shipment: NewShipment) -> None:
    """Raise InvalidOrder for what bol would refuse: a label beside a transport, a tracking code without a carrier."""
    violations = []
    if shipment.label_id is not None:
        violations += [
            Violation(name, "the label of labelId names the carrier and the tracking code")
            for name, value in (("carrier", shipment.carrier), ("trackingCode", shipment.tracking_code))
            if value is not None
        ]
    elif shipment.tracking_code is not None and shipment.carrier is None:
        violations.append(Violation("carrier", "bol takes a tracking code only with the carrier's code"))
    if violations:
        raise InvalidOrder(*violations)


def _to_ship(items: list[Item], shipment: NewShipment) -> list[dict[str, Any]]:
    """Return the `orderItems` of a ShipmentRequest; without a quantity bol takes all that is open."""
    if shipment.lines is not None:
        named = named_items(items, shipment.lines)
        excess = [
            Violation(f"lines[{index}].quantity", f"only {item.open} open")
            for index, (item, line) in enumerate(named)
            if line.quantity is not None and line.quantity > item.open
        ]
        if excess:
            raise InvalidOrder(*excess)
        return [present(orderItemId=item.id, quantity=line.quantity) for item, line in named]
    # What bol ships itself is not ours to confirm.
    chosen = [item for item in items if item.open > 0 and not item.by_bol]
    if not chosen:
        raise NotCancellable("No item of this order is open for us to ship.")
    requested = [item.id for item in chosen if item.cancellation_requested]
    if requested:
        raise InvalidOrder(
            Violation("lines", f"the customer asked to cancel {', '.join(requested)}: name the lines that were shipped")
        )
    if len(chosen) > MOST_ITEMS:
        raise InvalidOrder(Violation("lines", f"bol takes {MOST_ITEMS} items in one shipment: name them"))
    return [{"orderItemId": item.id} for item in chosen]
