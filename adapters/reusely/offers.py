"""Offers as Reusely lists them, read into canonical orders, and told apart when one is looked for.

The list's members are not published. They are read by the names that the webhook page shows for an offer and the
checkout for what was said; whatever is absent stays absent. Payout accounts, portal links and tokens are never read.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import Address, Line, Money, Order, Shipment, Status, Totals
from adapters.reusely import catalog, mapping
from adapters.reusely.settings import ReuselySettings

_IDS = ("box_id", "offer_id", "order_id", "id")
_DETAILS = ("offer_detail", "order_detail", "items")


def native_id(row: Mapping[str, Any]) -> str | None:
    """Return what an offer is known by: the id of its box, else its number; None where it says neither."""
    return next((text for name in _IDS if (text := values.text(row.get(name), 200))), None)


def answers_to(row: Mapping[str, Any], order_id: str) -> bool:
    """Tell whether an offer has this id, as box or as number."""
    return any(values.text(row.get(name), 200) == order_id for name in _IDS)


def details(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was traded in, as far as the row lists it."""
    listed: list[Any] = next((row[name] for name in _DETAILS if isinstance(row.get(name), list)), [])
    return [detail for detail in listed if isinstance(detail, dict)]


@dataclass(frozen=True, slots=True)
class OfferReader:
    """Reads offers for one account."""

    provider: str
    currency: str | None
    settings: ReuselySettings
    identify: Callable[[str], str]

    def order(self, row: Mapping[str, Any]) -> Order:
        """Return an offer as an order. Raises MalformedResponse for an offer without id."""
        native = native_id(row)
        if native is None:
            raise MalformedResponse("An offer has no id.")
        word = mapping.status_word(row)
        fields = self.custom_fields(row)
        own = self.settings.custom_fields_reference
        total = self._money(row.get("payout_amount"))
        return Order(
            id=self.identify(native),
            provider=self.provider,
            kind="tradeIn",
            reference=fields.pop(own, None) if own else None,
            status=self.status(word),
            provider_status=word,
            currency=self.currency,
            lines=tuple(self._line(detail) for detail in details(row)),
            totals=Totals(total=total) if total else None,
            ship_to=_address(row),
            shipments=_shipments(row),
            metadata=fields or None,
            created_at=values.timestamp(row.get("created_at")),
            updated_at=values.timestamp(row.get("updated_at")),
        )

    def status(self, word: str | None) -> Status:
        """Return what a stage's name means to this account."""
        return mapping.status(word, mapping.status_table(self.settings.statuses))

    def custom_fields(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return an offer's custom fields by name."""
        stated = row.get("custom_fields")
        pairs: list[tuple[Any, Any]] = []
        if isinstance(stated, dict):
            pairs = list(stated.items())
        elif isinstance(stated, list):
            name, value = self.settings.custom_field_name_key, self.settings.custom_field_value_key
            pairs = [(entry.get(name), entry.get(value)) for entry in stated if isinstance(entry, dict)]
        texts = [(values.text(name, 200), values.text(value)) for name, value in pairs]
        return {name: value for name, value in texts if name is not None and value is not None}

    def is_of(self, row: Mapping[str, Any], order: NewOrder, since: datetime) -> bool:
        """Tell whether an offer is what `order` placed at or after `since`, and not another with its reference."""
        own = self.settings.custom_fields_reference
        if own is None or self.custom_fields(row).get(own) != order.reference:
            return False
        created = values.timestamp(row.get("created_at"))
        if created is None or created < since:
            return False
        return _same_customer(row, order) and _same_items(row, order)

    def _line(self, detail: Mapping[str, Any]) -> Line:
        number = values.text(detail.get("product_id"), 20)
        texts = {member: values.text(detail.get(member)) for member in ("description", "notes")}
        return Line(
            id=values.text(detail.get("id"), 200),
            product_id=self.identify(number) if number else None,
            name=values.text(detail.get("product_name")) or values.text(detail.get("name")),
            quantity=_quantity(detail),
            unit_price=self._money(detail.get("price")),
            metadata={member: text for member, text in texts.items() if text} or None,
        )

    def _money(self, value: Any) -> Money | None:
        return values.optional_money(value, self.currency)


def _quantity(detail: Mapping[str, Any]) -> int:
    """Return how many an item is about: one where it does not say. Raises MalformedResponse for what is no number."""
    if detail.get("qty") is None:
        return 1
    stated = values.integer(detail["qty"])
    if stated is None:
        raise MalformedResponse("An item's quantity is not a whole number.")
    return stated


def _address(row: Mapping[str, Any]) -> Address | None:
    address = Address(
        first_name=values.text(row.get("shipping_firstname"), 200),
        last_name=values.text(row.get("shipping_lastname"), 200),
        line1=values.text(row.get("shipping_address"), 200),
        line2=values.text(row.get("shipping_suite"), 200),
        city=values.text(row.get("shipping_city"), 200),
        postal_code=values.text(row.get("shipping_zip"), 200),
        region=values.text(row.get("shipping_state"), 200),
        country=values.stated_country(row.get("shipping_country")),
        email=values.text(row.get("customer_email"), 254),
        phone=values.text(row.get("customer_phone"), 200),
    )
    return address if address != Address() else None


def _shipments(row: Mapping[str, Any]) -> tuple[Shipment, ...] | None:
    """Return the parcel in which the customer sends the devices."""
    code = values.text(row.get("tracking_number"), 200)
    if code is None:
        return None
    return (Shipment(id=code, tracking_code=code, carrier=values.text(row.get("courier"), 200)),)


def _same_customer(row: Mapping[str, Any], order: NewOrder) -> bool:
    """Compare e-mail and postcode with what the order said, as far as the offer says them."""
    email = (order.customer and order.customer.email) or (order.ship_to and order.ship_to.email)
    stated_email = values.text(row.get("customer_email"), 254)
    if email and stated_email and email.casefold() != stated_email.casefold():
        return False
    postcode, stated = order.ship_to and order.ship_to.postal_code, values.text(row.get("shipping_zip"), 200)
    return not (postcode and stated) or _squeezed(postcode) == _squeezed(stated)


def _squeezed(text: str) -> str:
    return text.replace(" ", "").casefold()


def _same_items(row: Mapping[str, Any], order: NewOrder) -> bool:
    """Compare what is traded in: item by item where the offer lists them, by number where it only counts them."""
    listed = details(row)
    if not listed:
        count = values.integer(row.get("number_of_buyback_items"))
        return count in {None, len(order.lines), sum(line.quantity for line in order.lines)}
    theirs: Counter[tuple[str, str | None]] = Counter()
    ours: Counter[tuple[str, str | None]] = Counter()
    by_condition = all(values.text(detail.get("condition_id")) for detail in listed)
    for detail in listed:
        condition = values.text(detail.get("condition_id")) if by_condition else None
        theirs[values.text(detail.get("product_id")) or "", condition] += _quantity(detail)
    for line in order.lines:
        number = str(catalog.product(line.product_id or "")[0])
        ours[number, line.condition if by_condition else None] += line.quantity
    return theirs == ours
