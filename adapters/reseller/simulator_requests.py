"""What the simulated tenant makes of request bodies: names in any case, types and required members checked."""

from typing import Any

from adapters.reseller.simulator_orders import Refused


def folded(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object with its own names in lower case, as .NET binds them."""
    return {name.lower(): part for name, part in value.items()}


def whole(value: Any, name: str) -> int:
    """Return a whole number, in the query as text. Raises Refused with 400."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return value
    raise Refused("VALIDATION_ERROR", f"{name} must be a whole number.", status=400)


def text_of(value: Any, name: str) -> str:
    """Return text that says something. Raises Refused with 400."""
    if isinstance(value, str) and value.strip():
        return value
    raise Refused("VALIDATION_ERROR", f"{name} must be text.", status=400)


def basket_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the basket's lines with members of the right types. Raises Refused with 400."""
    basket = body.get("basketdata")
    if not isinstance(basket, list) or not basket or not all(isinstance(entry, dict) for entry in basket):
        raise Refused("VALIDATION_ERROR", "basketData must hold at least one line.", status=400)
    return [
        {
            "deliverid": text_of(entry.get("deliverid"), "deliverID"),
            "customerstoreproductid": _number(entry.get("customerstoreproductid"), "customerStoreProductID"),
            "quantity": _number(entry.get("quantity"), "quantity"),
            "requiredata": _required(entry.get("requiredata", [])),
        }
        for entry in map(folded, basket)
    ]


def _number(value: Any, name: str) -> int:
    """Return a JSON number above 0: numbers in quotes are not read from bodies."""
    if isinstance(value, str) or whole(value, name) < 1:
        raise Refused("VALIDATION_ERROR", f"{name} must be a number above 0.", status=400)
    return whole(value, name)


def _required(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise Refused("VALIDATION_ERROR", "requireData must be a list.", status=400)
    return [
        {
            "productrequireid": _number(entry.get("productrequireid"), "productRequireID"),
            "value": text_of(entry.get("value"), "value"),
        }
        for entry in map(folded, value)
    ]
