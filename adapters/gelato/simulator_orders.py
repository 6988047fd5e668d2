"""An order in the simulator: how it goes through its states, and how GelatoConnect shows it.

Source: Order Management API documentation, the response examples of "Update Shipment", "Get Order" and "Search Orders".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapters.contract import codec
from adapters.gelato.simulator_checks import FAMILIES, METHODS, choose_method, family_of

COURSE = ("created", "uploading", "passed", "in_production", "printed", "shipped", "in_transit", "delivered")
"""One step takes `pace` seconds."""

_SHIPPED = COURSE.index("shipped")
_EUROPEAN_UNION = set("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
_CROSS_BORDER = "Order is failing as it\u2019s going to be cross border and product retail prices are missing."
_FACILITIES = {"DE": "db0622e7-d7af-4453-b39f-cdf1b67f3daa", "US": "5b2c1f0e-94b1-4b43-8a0a-0c5be2a0f6b7"}
_CLIENT = "ddb4371a-ad83-4f68-b99d-6b48c7eff366"
_VAT = Decimal("0.19")
_CENT = Decimal("0.01")


@dataclass(slots=True)
class PlacedOrder:
    """One order: what was sent, and what happened to it since. `pace` is the seconds of one step."""

    id: str
    sent: dict[str, Any]
    customer: str
    created: datetime
    pace: float
    new_id: Callable[[], str]
    address: dict[str, Any] = field(init=False)
    method: str = field(init=False)
    ids: dict[str, str] = field(init=False)
    items: list[str] = field(init=False)
    cancelled: datetime | None = None
    changed: datetime | None = None

    def __post_init__(self) -> None:
        """Take address and method as sent, and draw the ids of all that belongs to the order."""
        self.address = self.sent["shippingAddress"]
        self.method = choose_method(self.sent.get("shipmentMethodUid"))
        self.items = [self.new_id() for _ in self.sent["items"]]
        self.ids = {name: self.new_id() for name in ("address", "shipment", "package", "receipt", "return")}

    # What happens ----------------------------------------------------------------------------------------------

    @property
    def reference(self) -> str:
        """Return the caller's reference."""
        return str(self.sent["orderReferenceId"])

    @property
    def is_draft(self) -> bool:
        """Tell whether it is a draft, which stays one."""
        return self.sent.get("orderType") == "draft"

    @property
    def country(self) -> str:
        """Return where it is made: in the USA for the USA, else in Germany."""
        return "US" if self.address["country"] == "US" else "DE"

    def status(self, now: datetime) -> str:
        """Return the fulfillmentStatus."""
        if self.cancelled is not None:
            return "canceled"
        if self.is_draft:
            return "draft"
        step = self._step(now)
        return "failed" if step >= 1 and self._lacks_retail_prices() else COURSE[step]

    def is_open(self, now: datetime) -> bool:
        """Tell whether it can still be cancelled or changed: until it is shipped, and unless it has failed."""
        status = self.status(now)
        return status == "draft" or (status in COURSE and COURSE.index(status) < _SHIPPED)

    def financial_status(self, now: datetime) -> str:
        """Return the financialStatus."""
        status = self.status(now)
        return {"failed": "canceled", "canceled": "canceled", "draft": "draft", "created": "pending"}.get(
            status, "paid"
        )

    def updated(self, now: datetime) -> datetime:
        """Return when it changed last."""
        if self.cancelled is not None:
            return self.cancelled
        step = min(self._step(now), 1) if self._lacks_retail_prices() else self._step(now)
        moved = self.created if self.is_draft else self.created + timedelta(seconds=step * self.pace)
        return max(moved, self.changed or self.created)

    def _step(self, now: datetime) -> int:
        if self.pace <= 0:
            return len(COURSE) - 1
        return min(int((now - self.created).total_seconds() / self.pace), len(COURSE) - 1)

    def _lacks_retail_prices(self) -> bool:
        union = _EUROPEAN_UNION if self.country == "DE" else {"US"}
        crosses = self.address["country"] not in union
        return crosses and any(item.get("retailPriceInclVat") is None for item in self.sent["items"])

    # How it is shown -------------------------------------------------------------------------------------------

    def summary(self, now: datetime) -> dict[str, Any]:
        """Return the order as Search Orders lists it."""
        return {
            **self._head(now),
            "totalInclVat": str(self._sums()["totalInclVat"]),
            "firstName": self.address["firstName"],
            "lastName": self.address["lastName"],
            "country": self.address["country"],
            "itemsCount": len(self.items),
        }

    def full(self, now: datetime) -> dict[str, Any]:
        """Return the order as Get Order tells it."""
        failed = self.status(now) == "failed"
        return {
            **self._head(now),
            "shippingAddress": self.shown_address(),
            "items": [self._item(index, now) for index in range(len(self.items))],
            "shipment": {
                **self.shown_shipment(),
                "id": self.ids["shipment"],
                "shippingAddressId": self.ids["address"],
                "isCheapest": True,
                "minDeliveryDays": 2,
                "maxDeliveryDays": 4,
                "minDeliveryDate": self._day(2),
                "maxDeliveryDate": self._day(4),
                "totalWeight": 139 * sum(int(item["quantity"]) for item in self.sent["items"]),
                "price": codec.number(METHODS[self.method][3]),
                "status": None,
                "packages": self._packages(now),
                "retailShippingPriceInclVat": _as_number(self.sent.get("retailShippingPriceInclVat")),
                "speedType": "",
            },
            "receipts": [] if self.is_draft else [self._receipt()],
            "refusalReason": _CROSS_BORDER if failed else None,
            "refusalReasonDetails": None,
            "comment": _CROSS_BORDER if failed else None,
            "orderedByUserId": None,
            "metadata": self.sent.get("metadata") or [],
            "retailCurrency": self.sent.get("retailCurrency"),
            "paymentMethodType": None,
            "paymentMethodId": None,
            "prepaymentTransactionId": None,
            "discounts": [],
            "returnAddress": {"id": self.ids["return"], "country": None, "companyName": "Gelato Connect Sandbox"},
            "iossNumber": None,
            "digitizationId": None,
            "shipmentMethodUid": self.sent.get("shipmentMethodUid") or "normal",
        }

    def shown_address(self) -> dict[str, Any]:
        """Return the shipping address; text that was not sent is empty or null, as in the documentation's example."""
        empty = {"companyName": "", "addressLine2": "", "state": "", "isBusiness": False}
        unsaid = {"federalTaxId": None, "stateTaxId": None, "registrationState": None}
        return {"id": self.ids["address"], "orderId": self.id, **empty, **unsaid, **self.address}

    def shown_shipment(self) -> dict[str, Any]:
        """Return what Update Shipment answers of the shipment."""
        name, _, tier, _ = METHODS[self.method]
        return {
            "shipmentMethodUid": self.method,
            "shipmentMethodName": name,
            "fulfillmentCountry": self.country,
            "fulfillmentFacilityId": _FACILITIES[self.country],
            "packageCount": 1,
            "initialMinDeliveryDate": self._day(2),
            "initialMaxDeliveryDate": self._day(4),
            "serviceType": tier,
        }

    def _head(self, now: datetime) -> dict[str, Any]:
        return {
            "id": self.id,
            "clientId": _CLIENT,
            "orderReferenceId": self.reference,
            "customerReferenceId": self.customer,
            "fulfillmentStatus": self.status(now),
            "financialStatus": self.financial_status(now),
            "currency": self.sent["currency"],
            "orderType": "draft" if self.is_draft else "order",
            "channel": "api",
            "storeId": None,
            "connectedOrderIds": [],
            "createdAt": written(self.created),
            "updatedAt": written(self.updated(now)),
            "orderedAt": None if self.is_draft else written(self.created),
            "refusalReasonCode": "missing_retail_prices" if self.status(now) == "failed" else None,
            "appServices": [],
        }

    def _item(self, index: int, now: datetime) -> dict[str, Any]:
        sent = self.sent["items"][index]
        family = family_of(sent)
        category, name, price = FAMILIES[family]
        uid = sent.get("productUid") or f"{family}_product_of_{_CLIENT}"
        return {
            "id": self.items[index],
            "itemReferenceId": sent["itemReferenceId"],
            "productUid": uid,
            "storeProductVariantId": None,
            "files": [{"id": None, "threadColors": [], "isVisible": False, **file} for file in sent["files"]],
            "processedFileUrl": None,
            "quantity": sent["quantity"],
            "options": [],
            "category": category,
            "productName": sent.get("productName") or name,
            "fulfillmentStatus": self.status(now),
            "pageCount": None,
            "printJobs": [],
            "eventLog": [],
            "previews": [],
            "finalProductUid": uid,
            "metadata": sent.get("metadata") or [],
            "retailPriceInclVat": _as_number(sent.get("retailPriceInclVat")),
            "attributes": [],
            "price": codec.number(price),
            "appServices": [],
            "productVariant": sent.get("productVariant") or [],
        }

    def _packages(self, now: datetime) -> list[dict[str, Any]]:
        status = self.status(now)
        if status not in COURSE[_SHIPPED:]:
            return []
        code = str(int(self.ids["package"][:8], 16)).zfill(10)
        package = {"id": self.ids["package"], "orderItemIds": self.items, "trackingCode": code}
        return [{**package, "trackingUrl": f"https://tracking.example.com/{code}"}]

    def _receipt(self) -> dict[str, Any]:
        currency = self.sent["currency"]
        lines = [
            {
                "receiptId": self.ids["receipt"],
                "orderId": self.id,
                "type": "product",
                "referenceId": self.items[index],
                "title": f"{item['quantity']}x {item.get('productUid') or item.get('productName')}",
                "currency": currency,
                "amount": 1,
                "discount": 0,
                "price": _as_number(_price(item)),
            }
            for index, item in enumerate(self.sent["items"])
        ]
        return {
            "id": self.ids["receipt"],
            "orderId": self.id,
            "type": "contract",
            "currency": currency,
            "items": lines,
            "transactionType": "purchase",
            **{name: _as_number(amount) for name, amount in self._sums().items()},
            "isCalculated": True,
        }

    def _sums(self) -> dict[str, Decimal]:
        products = sum((_price(item) for item in self.sent["items"]), Decimal("0.00"))
        shipping, packaging = Decimal(METHODS[self.method][3]), Decimal("0.35")
        total = products + shipping + packaging
        vat = (total * _VAT).quantize(_CENT, ROUND_HALF_UP)
        return {
            "productsPrice": products,
            "shippingPrice": shipping,
            "packagingPrice": packaging,
            "discount": Decimal(0),
            "total": total,
            "totalVat": vat,
            "totalInclVat": total + vat,
        }

    def _day(self, days: int) -> str:
        return (self.created + timedelta(days=days)).date().isoformat()


def written(moment: datetime) -> str:
    """Return a time as GelatoConnect writes it: whole seconds and an offset."""
    return moment.replace(microsecond=0).isoformat()


def _price(item: Mapping[str, Any]) -> Decimal:
    return Decimal(FAMILIES[family_of(item)][2]) * int(item["quantity"])


def _as_number(amount: Decimal | int | None) -> Any:
    return None if amount is None else codec.number(str(amount))
