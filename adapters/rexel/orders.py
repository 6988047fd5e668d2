"""Orders as Rexel answers them, as canonical orders; and whether a found order is the one that was to be placed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import Address, Line, Order
from adapters.contract.wire import HttpResponse
from adapters.rexel import mapping, placing
from adapters.rexel.settings import RexelSettings

# Between our clock and Rexel's, when a look-up asks whether an order is younger than the attempt to place it.


class Reader:
    """Reads Rexel's orders for one account; `name` begins the ids that callers use."""

    def __init__(self, name: str, currency: str | None, settings: RexelSettings) -> None:
        self._name = name
        self._currency = currency
        self._with_supplier = settings.reference_with_supplier

    def order(self, data: Any, native_id: str | None = None) -> Order:
        """Return the canonical order. Raises MalformedResponse for what has no id or cannot be read."""
        if not isinstance(data, dict):
            raise MalformedResponse("An order is not an object.")
        native = values.text(data.get("id"), 200) or native_id
        if native is None:
            raise MalformedResponse("An order has no id.")
        metadata = _texts(data.get("metadata"))
        reference = metadata.pop(mapping.CLIENT_ORDER_ID, None) or values.text(data.get("reference"), 200)
        references = {key: metadata.pop(key) for key in list(metadata) if key.startswith(mapping.LINE_REFERENCE)}
        word = values.text(data.get("status"), 100)
        currency = values.stated_currency(data.get("currency"), self._currency)
        return Order(
            id=f"{self._name}:{native}",
            provider=self._name,
            kind="purchase",
            status=mapping.STATUSES.get(word, "unknown") if word else "unknown",
            provider_status=word,
            reference=reference,
            currency=currency,
            lines=self._lines(data.get("items"), reference, references, currency),
            ship_to=_address(data.get("delivery")),
            metadata=metadata or None,
            created_at=values.timestamp(data.get("createdAt")),
            updated_at=values.timestamp(data.get("updatedAt")),
        )

    def placed(self, answer: HttpResponse, order: NewOrder) -> Order:
        """Return the order that was just placed, filled up from the request where the answer says little."""
        body = answer.object()
        read = self.order(body.get("order", body))
        return msgspec.structs.replace(
            read,
            status=read.status if read.provider_status else "pending",
            reference=read.reference or order.reference,
            lines=read.lines or tuple(self._asked(order)),
            ship_to=read.ship_to or _address(placing.delivery(order.ship_to)),
            metadata=read.metadata or order.metadata,
        )

    def _asked(self, order: NewOrder) -> list[Line]:
        return [
            Line(
                id=str(position),
                reference=order.line_reference(position - 1),
                product_id=f"{self._name}:{line.product_id}",
                quantity=line.quantity,
            )
            for position, line in enumerate(order.lines, 1)
        ]

    def _lines(
        self, items: Any, reference: str | None, references: Mapping[str, str], currency: str | None
    ) -> tuple[Line, ...]:
        rows = [] if items is None else items if isinstance(items, list) else [items]
        return tuple(self._line(position, row, reference, references, currency) for position, row in enumerate(rows, 1))

    def _line(
        self, position: int, row: Any, reference: str | None, references: Mapping[str, str], currency: str | None
    ) -> Line:
        quantity = mapping.count(row.get("quantity")) if isinstance(row, dict) else None
        if quantity is None:
            raise MalformedResponse("An item of an order is not an object with a quantity.")
        article = mapping.article_of(row, self._with_supplier)
        word = values.text(row.get("status"), 100)
        # Without a reference of its own a line has the one that is made of the order's.
        own = references.get(f"{mapping.LINE_REFERENCE}{position}")
        return Line(
            id=values.text(row.get("id"), 200) or str(position),
            reference=own or (f"{reference}-{position}" if reference else None),
            product_id=f"{self._name}:{article.native}" if article else None,
            name=values.text(row.get("itemLabel")),
            quantity=quantity,
            quantity_shipped=mapping.count(row.get("shippedQuantity")),
            unit_price=values.optional_money(mapping.number(row.get("unitPrice")), currency),
            status=mapping.STATUSES.get(word, "unknown") if word else None,
            provider_status=word,
        )


def _texts(data: Any) -> dict[str, str]:
    if not isinstance(data, dict):
        return {}
    return {name: text for name, value in data.items() if name and (text := values.text(value)) is not None}


def _address(data: Any) -> Address | None:
    if not isinstance(data, dict):
        return None
    members: dict[str, Any] = {ours: values.text(data.get(theirs), 200) for ours, theirs in mapping.ADDRESS.items()}
    members["country"] = values.stated_country(members["country"])
    return Address(**members) if any(members.values()) else None


def is_that_order(found: Order, order: NewOrder, since: datetime) -> bool:
    """Tell whether a found order is the one that was to be placed: reference, age, items, quantities, postal code."""
    if found.reference != order.reference or found.created_at is None or found.created_at < since:
        return False
    asked = _quantities((f"{found.provider}:{line.product_id}", line.quantity) for line in order.lines)
    if _quantities((line.product_id, line.quantity) for line in found.lines) != asked:
        return False
    if order.ship_to is None:
        return True
    return found.ship_to is not None and found.ship_to.postal_code == order.ship_to.postal_code


def _quantities(pairs: Iterable[tuple[str | None, int]]) -> dict[str | None, int]:
    """Return how much of each product there is: an order may come back with lines of one product put together."""
    total: dict[str | None, int] = {}
    for product, quantity in pairs:
        total[product] = total.get(product, 0) + quantity
    return total
