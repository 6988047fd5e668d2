"""What a write wants, kept so that its flow can be built again: same intent, same flow, same requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.contract import codec
from adapters.contract.adapter import Adapter, WriteContext
from adapters.contract.flow import Flow
from adapters.contract.models import requests
from adapters.contract.models.resources import Order, OrderChange

_MODELS: Mapping[str, type[requests.Request]] = {
    "orders.place": requests.NewOrder,
    "orders.cancel": requests.NewCancellation,
    "orders.changeDelivery": requests.DeliveryChange,
    "shipments.confirm": requests.NewShipment,
    "shipments.change": requests.ShipmentChange,
}

METHODS: Mapping[str, str] = {
    "orders.place": "place_order",
    "orders.cancel": "cancel_order",
    "orders.changeDelivery": "change_delivery",
    "shipments.confirm": "confirm_shipment",
    "shipments.change": "change_shipment",
}
"""The adapter's method for each kind of write."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A write of some kind: its content, and the native ids of the order and shipment it is about."""

    kind: str
    content: requests.Request
    order_id: str | None = None
    shipment_id: str | None = None

    def flow(self, adapter: Adapter[Any, Any], context: WriteContext) -> Flow[Order | OrderChange]:
        """Return the flow that carries it out."""
        ids = [one for one in (self.order_id, self.shipment_id) if one is not None]
        flow: Flow[Order | OrderChange] = getattr(adapter, METHODS[self.kind])(*ids, self.content, context)
        return flow

    def encoded(self) -> bytes:
        """Return it as JSON, for the journal."""
        content = self.content.model_dump(mode="json", by_alias=True, exclude_none=True)
        return codec.encode({"content": content, "orderId": self.order_id, "shipmentId": self.shipment_id})

    @classmethod
    def decoded(cls, kind: str, text: bytes) -> "Intent":
        """Return the intent that was encoded. Raises ValueError for what this version cannot read."""
        value = codec.decode(text)
        content = _MODELS[kind].model_validate(value["content"])
        return cls(kind, content, value.get("orderId"), value.get("shipmentId"))
