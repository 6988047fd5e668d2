"""Orders of GelatoConnect as callers see them: confirmed, searched, and read in full."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import Address, Line, Money, Order, Totals
from adapters.gelato import mapping


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads orders for one account: `identify` makes callers' ids, `currency` is for answers that state none."""

    provider: str
    identify: Callable[[Any], str]
    currency: str | None

    def placed(self, order: NewOrder, sent: Mapping[str, Any], answer: Mapping[str, Any]) -> Order:
        """Return a placed order from what was sent and the three fields that confirm it. Raises MalformedResponse."""
        word = values.text(answer.get("fulfillmentStatus"), 200)
        return Order(
            id=self._id(answer),
            provider=self.provider,
            kind="purchase",
            reference=order.reference,
            status=mapping.status_of(word) if word else "draft" if order.draft else "pending",
            provider_status=word,
            currency=values.text(sent.get("currency")),
            lines=tuple(self._ordered(order, index) for index in range(len(order.lines))),
            ship_to=mapping.address(sent.get("shippingAddress")),
            metadata=order.metadata or None,
            created_at=values.timestamp(answer.get("createdAt")),
        )

    def summary(self, answer: Mapping[str, Any]) -> Order:
        """Return what Search Orders tells of an order. Raises MalformedResponse."""
        known = self._known(answer)
        total = values.optional_money(answer.get("totalInclVat"), known.currency, tax_included=True)
        recipient = Address(
            first_name=values.text(answer.get("firstName")),
            last_name=values.text(answer.get("lastName")),
            country=values.stated_country(answer.get("country")),
        )
        return replace(
            known,
            totals=Totals(total=total) if total else None,
            ship_to=recipient if recipient != Address() else None,
        )

    def order(self, answer: Mapping[str, Any]) -> Order:
        """Return an order as Get Order tells it. Raises MalformedResponse."""
        known = self._known(answer)
        receipt = mapping.purchase_receipt(answer.get("receipts"))
        currency = values.stated_currency(receipt.get("currency"), known.currency)
        prices = mapping.line_totals(receipt, currency)
        items = mapping.objects(answer.get("items"), "items")
        return replace(
            known,
            lines=tuple([self._line(item, prices) for item in items]),
            totals=mapping.totals(receipt, currency),
            ship_to=mapping.address(answer.get("shippingAddress")),
            delivery=mapping.delivery(answer.get("shipment")),
            shipments=mapping.shipments(answer.get("shipment")),
            metadata=mapping.metadata(answer.get("metadata")),
        )

    def _known(self, answer: Mapping[str, Any]) -> Order:
        """Return what both tell in the same members."""
        word = values.text(answer.get("fulfillmentStatus"), 200)
        return Order(
            id=self._id(answer),
            provider=self.provider,
            kind="purchase",
            reference=values.text(answer.get("orderReferenceId")),
            status=mapping.status_of(word),
            provider_status=word,
            status_reason=mapping.status_reason(answer),
            currency=values.stated_currency(answer.get("currency"), self.currency),
            related_orders=self._related(answer.get("connectedOrderIds")),
            created_at=values.timestamp(answer.get("createdAt")),
            updated_at=values.timestamp(answer.get("updatedAt")),
        )

    def _line(self, item: Mapping[str, Any], prices: Mapping[str, Money]) -> Line:
        quantity = values.integer(item.get("quantity"))
        if quantity is None:
            raise MalformedResponse("An item has no quantity.", status=200)
        native, product = values.text(item.get("id"), 512), values.text(item.get("productUid"), 512)
        word = values.text(item.get("fulfillmentStatus"), 200)
        return Line(
            quantity=quantity,
            id=native,
            reference=values.text(item.get("itemReferenceId")),
            product_id=self.identify(product) if product else None,
            name=values.text(item.get("productName")),
            total=prices.get(native or ""),
            status=mapping.status_of(word) if word else None,
            provider_status=word,
            metadata=mapping.metadata(item.get("metadata")),
        )

    def _ordered(self, order: NewOrder, index: int) -> Line:
        line = order.lines[index]
        return Line(
            quantity=line.quantity,
            reference=order.line_reference(index),
            product_id=self.identify(line.product_id) if line.product_id else None,
            name=line.product.name if line.product else None,
            metadata=line.metadata or None,
        )

    def _related(self, value: Any) -> tuple[str, ...] | None:
        ids = [values.text(native, 512) for native in value] if isinstance(value, list) else []
        return tuple(self.identify(native) for native in ids if native) or None

    def _id(self, answer: Mapping[str, Any]) -> str:
        native = values.text(answer.get("id"), 512)
        if native is None:
            raise MalformedResponse("The order has no id.", status=200)
        return self.identify(native)
