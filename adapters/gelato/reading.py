"""Orders of GelatoConnect as callers see them: confirmed, searched, and read in full."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from adapters.contract import tolerant
from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import Line, Money, Order, Totals
from adapters.contract.models.values import said
from adapters.gelato import answers, mapping


class Reading(msgspec.Struct, frozen=True):
    """Reads orders for one account: `identify` makes callers' ids, `currency` is for answers that state none."""

    provider: str
    identify: Callable[[Any], str]
    currency: str | None

    def placed(self, order: NewOrder, sent: Mapping[str, Any], answer: answers.Placed) -> Order:
        """Return a placed order from what was sent and the three fields that confirm it. Raises MalformedResponse."""
        word = said(answer.fulfillment_status)
        return Order(
            id=self._id(answer.id),
            provider=self.provider,
            kind="purchase",
            reference=order.reference,
            status=mapping.status_of(word) if word else "draft" if order.draft else "pending",
            provider_status=word,
            currency=values.text(sent.get("currency")),
            lines=tuple(self._ordered(order, index) for index in range(len(order.lines))),
            ship_to=mapping.address(tolerant.convert(sent.get("shippingAddress"), answers.Address)),
            metadata=order.metadata or None,
            created_at=values.timestamp(answer.created_at),
        )

    def summary(self, row: answers.Row) -> Order:
        """Return what Search Orders tells of an order. Raises MalformedResponse."""
        known = self._known(row)
        total = values.optional_money(row.total_incl_vat, known.currency, tax_included=True)
        return replace(known, totals=Totals(total=total) if total else None, ship_to=mapping.recipient(row))

    def order(self, answer: answers.Order) -> Order:
        """Return an order as Get Order tells it. Raises MalformedResponse."""
        known = self._known(answer)
        totals, prices = None, {}
        if receipt := mapping.purchase_receipt(answer.receipts):
            currency = values.stated_currency(receipt.currency, known.currency)
            if currency:
                totals, prices = mapping.totals(receipt, currency), mapping.line_totals(receipt, currency)
        return replace(
            known,
            lines=tuple([self._line(item, prices) for item in answer.items or ()]),
            totals=totals,
            ship_to=mapping.address(answer.shipping_address),
            delivery=mapping.delivery(answer.shipment),
            shipments=mapping.shipments(answer.shipment),
            metadata=mapping.metadata(answer.metadata),
        )

    def _known(self, answer: answers.Listed) -> Order:
        """Return what both tell in the same members."""
        word = said(answer.fulfillment_status)
        return Order(
            id=self._id(answer.id),
            provider=self.provider,
            kind="purchase",
            reference=said(answer.order_reference_id),
            status=mapping.status_of(word),
            provider_status=word,
            status_reason=mapping.status_reason(answer),
            currency=values.stated_currency(answer.currency, self.currency),
            related_orders=self._related(answer.connected_order_ids),
            created_at=values.timestamp(answer.created_at),
            updated_at=values.timestamp(answer.updated_at),
        )

    def _line(self, item: answers.Item, prices: Mapping[str, Money]) -> Line:
        if item.quantity is None:
            raise MalformedResponse("An item has no quantity.")
        native, product, word = said(item.id), said(item.product_uid), said(item.fulfillment_status)
        return Line(
            quantity=item.quantity,
            id=native,
            reference=said(item.item_reference_id),
            product_id=self.identify(product) if product else None,
            name=said(item.product_name),
            total=prices.get(native or ""),
            status=mapping.status_of(word) if word else None,
            provider_status=word,
            metadata=mapping.metadata(item.metadata),
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

    def _related(self, ids: list[str] | None) -> tuple[str, ...] | None:
        return tuple([self.identify(native) for native in ids if said(native)]) or None if ids else None

    def _id(self, native: str | None) -> str:
        if not said(native):
            raise MalformedResponse("The order has no id.")
        return self.identify(native)
