"""What the simulated Rexel demands of the body of an order or a quote, as the `errors` it would answer."""

from collections.abc import Callable
from typing import Any

from adapters.rexel import simulator_articles as articles

Faults = list[dict[str, str]]
Check = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_quantity(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_metadata(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(content, str) for content in value.values())


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


_ORDER: dict[str, Check] = {
    "accountId": _is_text,
    "reference": _is_text,
    "currency": _is_text,
    "quoteId": _is_text,
    "items": _is_rows,
    "delivery": _is_object,
    "metadata": _is_metadata,
}
_ITEM: dict[str, Check] = {"supplierCode": _is_text, "supplierComRef": _is_text, "quantity": _is_quantity}
_DELIVERY: dict[str, Check] = dict.fromkeys(
    (
        "firstName", "lastName", "companyName", "houseNumber", "addressLine1", "addressLine2", "zipCode", "city",
        "region", "country", "email", "phone",
    ),
    _is_text,
)  # fmt: skip
_QUOTE: dict[str, Check] = {"accountId": _is_text, "lines": _is_rows, "validUntil": _is_text}
_QUOTE_LINE: dict[str, Check] = {"sku": _is_text, "qty": _is_quantity}


def order_faults(body: Any) -> Faults:
    """Return what is wrong with the body of an order."""
    if not isinstance(body, dict) or set(body) != {"order"} or not isinstance(body["order"], dict):
        return [_fault("order", "the body is one object, order")]
    order = body["order"]
    faults = _members("", order, _ORDER, ())
    if ("items" in order) == ("quoteId" in order):
        faults.append(_fault("items", "either items or quoteId is required"))
    if _is_rows(order.get("items")):
        faults += _rows("items", order["items"], _ITEM)
        faults += _multiples(order["items"])
    if order.get("currency", "EUR") != "EUR":
        faults.append(_fault("currency", "the account trades in EUR"))
    delivery = order.get("delivery")
    if isinstance(delivery, dict):
        faults += _members("delivery.", delivery, _DELIVERY, ("addressLine1", "zipCode", "city", "country"))
        if delivery.get("country", "FR") not in {"FR", "MC"}:
            faults.append(_fault("delivery.country", "Rexel France delivers in France and Monaco"))
    return faults


def quote_faults(body: Any) -> Faults:
    """Return what is wrong with the body of a quote."""
    if not isinstance(body, dict):
        return [_fault("lines", "the body is an object")]
    faults = _members("", body, _QUOTE, ("lines",))
    if _is_rows(body.get("lines")):
        faults += _rows("lines", body["lines"], _QUOTE_LINE)
    return faults


def _rows(path: str, rows: list[Any], checks: dict[str, Check]) -> Faults:
    faults: Faults = []
    for index, row in enumerate(rows):
        if isinstance(row, dict):
            faults += _members(f"{path}[{index}].", row, checks, tuple(checks))
        else:
            faults.append(_fault(f"{path}[{index}]", "is not an object"))
    return faults


def _members(path: str, value: dict[str, Any], checks: dict[str, Check], required: tuple[str, ...]) -> Faults:
    faults = [_fault(path + name, "is required") for name in required if name not in value]
    for name, content in value.items():
        if name not in checks:
            faults.append(_fault(path + name, "is not known"))
        elif not checks[name](content):
            faults.append(_fault(path + name, "is invalid"))
    return faults


def _multiples(items: list[Any]) -> Faults:
    faults: Faults = []
    for index, item in enumerate(items):
        article = (
            articles.find(item.get("supplierCode"), item.get("supplierComRef")) if isinstance(item, dict) else None
        )
        if article is not None and _is_quantity(item.get("quantity")) and item["quantity"] % article.multiple:
            faults.append(_fault(f"items[{index}].quantity", f"is not a multiple of {article.multiple}"))
    return faults


def _fault(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}
