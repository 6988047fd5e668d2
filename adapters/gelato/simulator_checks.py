"""What GelatoConnect checks in a request before it accepts it, and the products and shipping methods of the simulator.

Source: Order Management API documentation, "Key Request Parameters" to "Shipping Address Parameters", "Search Orders".
Optional members may be empty or null, and unknown ones are ignored: the documentation's own examples send empty text.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from adapters.contract.models.values import COUNTRIES

FILE_TYPES = {
    "default",
    "front",
    "back",
    "cover",
    "neck-inner",
    "neck-outer",
    "sleeve-left",
    "sleeve-right",
    "inside",
    "chest-left-embroidery",
    "chest-center-embroidery",
    "chest-large-embroidery",
    "sleeve-left-embroidery",
    "sleeve-right-embroidery",
    "wrist-left-embroidery",
    "wrist-right-embroidery",
}

FAMILIES: Mapping[str, tuple[str, str, str]] = {
    "flat": ("Posters", "Classic Matte Paper Poster", "4.20"),
    "large-posters": ("Posters", "Classic Semi-Glossy Poster", "9.85"),
    "frame": ("Framed posters", "Wooden Framed Poster", "28.50"),
    "canvas": ("Canvas", "Slim Canvas", "17.40"),
    "cards": ("Cards", "Folded Greeting Card", "1.35"),
    "mug": ("Mugs", "White Ceramic Mug", "5.20"),
    "apparel": ("T-shirts", "Classic Unisex Crewneck T-Shirt", "8.95"),
    "photobooks-hardcover": ("Photo books", "Hardcover Photo Book", "14.90"),
}
"""Category, name and price of a piece, by what a productUid begins with (up to the first `_`)."""

NAMED_PRODUCTS: Mapping[str, str] = {
    "Framed Poster": "frame",
    "Poster": "large-posters",
    "Canvas Print": "canvas",
    "T-Shirt": "apparel",
    "Photo Book": "photobooks-hardcover",
}
"""The customer's own products, by productName."""

METHODS: Mapping[str, tuple[str, str, str, str]] = {
    "dhl_global_parcel": ("DHL Global Parcel", "dhl", "normal", "4.60"),
    "ups_surepost": ("UPS Surepost", "ups", "standard", "5.10"),
    "dhl_express": ("DHL Express", "dhl", "express", "14.90"),
    "fed_ex_2_day": ("FedEx 2 Day", "fedex", "express", "19.50"),
}
"""Name, carrier, tier and price, by uid."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"https?://[^\s/]+\S*")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Refused(Exception):
    """The request is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def check_order(body: Mapping[str, Any]) -> None:
    """Check Submit Order. Raises Refused."""
    _required_text(body, "orderReferenceId", "orderReferenceId")
    if body.get("orderType") not in (None, "", "order", "draft"):
        raise Refused(400, "orderType must be order or draft")
    _currency(body, "currency", required=True)
    _currency(body, "retailCurrency", required=False)
    _price(body, "retailShippingPriceInclVat", "retailShippingPriceInclVat")
    _metadata(body, "metadata")
    if not isinstance(body.get("preventDuplicate", False), bool | None):
        raise Refused(400, "preventDuplicate must be a boolean")
    choose_method(body.get("shipmentMethodUid"))
    check_address(body.get("shippingAddress"))
    _check_items(body.get("items"))


def check_address(address: Any) -> None:
    """Check a shipping address. Raises Refused."""
    if not isinstance(address, dict):
        raise Refused(400, "shippingAddress is required")
    for name in ("country", "firstName", "lastName", "addressLine1", "city", "postCode", "email", "phone"):
        if not isinstance(address.get(name), str) or not address[name].strip():
            raise Refused(400, f"Invalid shipping address: {name} is required")
    if address["country"] not in COUNTRIES:
        raise Refused(400, "Invalid shipping address: Country is not a valid ISO 3166-1 alpha-2 code")
    if not _EMAIL.fullmatch(address["email"]):
        raise Refused(400, "Invalid shipping address: Email is not a valid format")
    for name in ("addressLine2", "state", "companyName", "federalTaxId", "stateTaxId", "registrationState"):
        if not isinstance(address.get(name), str | None):
            raise Refused(400, f"Invalid shipping address: {name} must be a string")
    if address["country"] in {"US", "CA", "AU"} and not address.get("state"):
        raise Refused(400, "Invalid shipping address: State is required")
    if not isinstance(address.get("isBusiness"), bool | None):
        raise Refused(400, "Invalid shipping address: isBusiness must be a boolean")


def choose_method(wanted: Any) -> str:
    """Return the cheapest shipping method of a comma list of uids, carriers and tiers. Raises Refused."""
    if wanted is None or wanted == "":
        wanted = "normal"
    if not isinstance(wanted, str) or " " in wanted:
        raise Refused(400, "shipmentMethodUid must be a comma-separated string without spaces")
    words = {word.lower() for word in wanted.split(",")}
    able = [uid for uid, (_, carrier, tier, _) in METHODS.items() if words & {uid, carrier, tier}]
    if not able:
        raise Refused(400, f"Shipment method {wanted} is not available")
    return min(able, key=lambda uid: Decimal(METHODS[uid][3]))


def family_of(item: Mapping[str, Any]) -> str:
    """Return the product family of an item. Raises Refused for a product that does not exist."""
    if item.get("productUid"):
        family = str(item["productUid"]).partition("_")[0]
    else:
        family = NAMED_PRODUCTS.get(str(item.get("productName")), "")
    if family not in FAMILIES:
        raise Refused(400, f"Product {item.get('productUid') or item.get('productName')} is not found")
    return family


def check_search(body: Mapping[str, Any]) -> None:
    """Check Search Orders. Raises Refused."""
    for name in ("fulfillmentStatus", "financialStatus", "orderReferenceIds", "countries"):
        wanted = body.get(name)
        if wanted is not None and not _is_list_of(wanted, str):
            raise Refused(400, f"{name} must be an array of strings")
    if not isinstance(body.get("orderReferenceId"), str | None):
        raise Refused(400, "orderReferenceId must be a string")
    for name in ("startDate", "endDate"):
        moment(body.get(name), name)
    limit, offset = body.get("limit", 50), body.get("offset", 0)
    if not _is_integer(limit) or not 1 <= limit <= 100:
        raise Refused(400, "limit must be between 1 and 100")
    if not _is_integer(offset) or offset < 0:
        raise Refused(400, "offset must not be negative")


def moment(text: Any, name: str) -> datetime | None:
    """Return an ISO 8601 date as a time. Raises Refused."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise Refused(400, f"{name} must be a date in ISO 8601 format") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _check_items(items: Any) -> None:
    if not items or not _is_list_of(items, dict):
        raise Refused(400, "items is required")
    for index, item in enumerate(items):
        _check_item(item, f"items[{index}]")
    references = [item["itemReferenceId"] for item in items]
    if len(set(references)) < len(references):
        raise Refused(400, "itemReferenceId must be unique within the order")
    if len({bool(item.get("productUid")) for item in items}) > 1:
        raise Refused(400, "Use either productUid or productName in one order")


def _check_item(item: Mapping[str, Any], path: str) -> None:
    _required_text(item, "itemReferenceId", f"{path}.itemReferenceId")
    if item.get("productUid") and (item.get("productName") or item.get("productVariant")):
        raise Refused(400, f"{path}: use either productUid or productName and productVariant")
    if not item.get("productUid"):
        _required_text(item, "productName", f"{path}.productUid or {path}.productName")
        if not isinstance(item.get("productVariant"), dict) or not item["productVariant"]:
            raise Refused(400, f"{path}.productVariant is required")
    family_of(item)
    if not _is_integer(item.get("quantity")) or item["quantity"] < 1:
        raise Refused(400, f"{path}.quantity must be a positive number")
    _price(item, "retailPriceInclVat", f"{path}.retailPriceInclVat")
    _metadata(item, f"{path}.metadata")
    _check_files(item.get("files"), path)


def _check_files(files: Any, path: str) -> None:
    if not files or not _is_list_of(files, dict):
        raise Refused(400, f"{path}.files is required")
    for file in files:
        if not isinstance(file.get("type"), str) or file["type"] not in FILE_TYPES:
            raise Refused(400, f"{path}.files: type {file.get('type')} is not supported")
        if not isinstance(file.get("url"), str) or not _URL.fullmatch(file["url"]):
            raise Refused(400, f"{path}.files: url is not a valid URL")


def _required_text(body: Mapping[str, Any], name: str, path: str) -> None:
    if not isinstance(body.get(name), str) or not body[name].strip():
        raise Refused(400, f"{path} is required")


def _currency(body: Mapping[str, Any], name: str, *, required: bool) -> None:
    stated = body.get(name)
    if not required and not stated:
        return
    if not isinstance(stated, str) or not _CURRENCY.fullmatch(stated):
        raise Refused(400, f"{name} must be an ISO 4217 currency code")


def _price(body: Mapping[str, Any], name: str, path: str) -> None:
    stated = body.get(name)
    if stated is None:
        return
    if isinstance(stated, bool) or not isinstance(stated, int | Decimal) or stated < 0:
        raise Refused(400, f"{path} must be a number")


def _metadata(body: Mapping[str, Any], path: str) -> None:
    stated = body.get("metadata")
    if stated is None:
        return
    pairs = [(pair.get("key"), pair.get("value")) for pair in stated] if _is_list_of(stated, dict) else [(None, None)]
    if not all(isinstance(key, str) and isinstance(value, str) for key, value in pairs):
        raise Refused(400, f"{path} must be an array of key and value")


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, kind) for one in value)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
