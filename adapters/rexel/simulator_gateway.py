"""The simulated TIBCO gateway before prices and stock: JSON becomes XML, so fields have an order and no strangers."""

from datetime import datetime, timedelta
from typing import Any

from adapters.contract.simulator import Received, json_response
from adapters.contract.wire import HttpResponse
from adapters.rexel import simulator_articles as articles
from adapters.rexel.simulator_access import failure

CUSTOMER = "1234567"
SCHEMA_ERROR = "BW-RESTJSON-100016"

_OUTER = (
    "idCodOrigin", "idNumVersion", "idCustomer", "productDetails", "agenceCode", "zipCode", "city", "salesAgreement",
)  # fmt: skip
_INNER = ("supplierCode", "supplierComRef", "orderingQty")
_REQUIRED = {"idNumVersion", "idCustomer", "productDetails"}


class SchemaFault(Exception):
    """The request does not have the fields of the schema, in their order."""


def prices(received: Received, now: datetime) -> HttpResponse:
    """Answer customer prices."""
    try:
        asked = _asked(received, ("getProductSalePricesExt",), quantities=True)
    except SchemaFault as fault:
        return _schema_error(fault)
    return _answer(asked, "productSalePricesExt", now, [articles.price(article) for article in _known(asked)])


def positions(received: Received, now: datetime) -> HttpResponse:
    """Answer stock positions; the root `getStockPositions` goes without quantities."""
    try:
        root = next(iter(received.json())) if received.body[:1] == b"{" else ""
        asked = _asked(received, ("getPositionsExtRequest", "getStockPositions"), root != "getStockPositions")
    except (SchemaFault, ValueError, StopIteration) as fault:
        return _schema_error(fault)
    delivery = (now + timedelta(days=1)).date().isoformat()
    back_order = (now + timedelta(days=30)).date().isoformat()
    rows = [articles.position(article, delivery, back_order) for article in _known(asked)]
    return _answer(asked, "getPositionsExt", now, rows)


def _answer(asked: dict[str, Any], root: str, now: datetime, rows: list[dict[str, Any]]) -> HttpResponse:
    if asked["idCustomer"] != CUSTOMER:
        return failure(now, 403)
    for wanted in asked["productDetails"]:
        article = articles.find(wanted["supplierCode"], wanted["supplierComRef"])
        if article is not None and article.fate == "prohibited":
            message = (
                f"Product reference : {article.reference} and supplier code : {article.supplier} "
                "was either prohibited or unavailable for sale."
            )
            return failure(now, 400, message)
    # One product is told as an object, several as a list, products that Rexel does not sell not at all.
    details = {"productDetails": rows[0] if len(rows) == 1 else rows} if rows else {}
    return json_response(200, {"data": {root: details}})


def _known(asked: dict[str, Any]) -> list[articles.Article]:
    found = (articles.find(wanted["supplierCode"], wanted["supplierComRef"]) for wanted in asked["productDetails"])
    return [article for article in found if article is not None]


def _asked(received: Received, roots: tuple[str, ...], quantities: bool) -> dict[str, Any]:
    """Return the inner object of a request. Raises SchemaFault."""
    try:
        body = received.json()
    except ValueError as error:
        raise SchemaFault("the body is not JSON") from error
    if not isinstance(body, dict) or len(body) != 1 or next(iter(body)) not in roots:
        raise SchemaFault(f"the root element is not {' or '.join(roots)}")
    inner = next(iter(body.values()))
    _sequence(inner, _OUTER, _REQUIRED)
    details = inner["productDetails"]
    if not isinstance(details, list) or not details:
        raise SchemaFault("productDetails is not a list of products")
    for product in details:
        _sequence(product, _INNER if quantities else _INNER[:2], set(_INNER if quantities else _INNER[:2]))
    return {**inner, "productDetails": details}


def _sequence(value: Any, order: tuple[str, ...], required: set[str]) -> None:
    if not isinstance(value, dict):
        raise SchemaFault("an element is not an object")
    names = list(value)
    if not set(names) <= set(order) or names != sorted(names, key=order.index):
        raise SchemaFault(f"the elements {', '.join(names)} are not in the sequence {', '.join(order)}")
    if not required <= set(names):
        raise SchemaFault(f"missing: {', '.join(sorted(required - set(names)))}")
    for name, content in value.items():
        if name == "orderingQty":
            _quantity(content)
        elif name != "productDetails" and not (isinstance(content, str) and content):
            raise SchemaFault(f"{name} is not text")


def _quantity(content: Any) -> None:
    number = isinstance(content, int) and not isinstance(content, bool)
    if not (number or (isinstance(content, str) and content.isdecimal())) or int(content) < 1:
        raise SchemaFault("orderingQty is not a quantity")


def _schema_error(fault: Exception) -> HttpResponse:
    return json_response(400, {"code": SCHEMA_ERROR, "message": f"{SCHEMA_ERROR}: {fault}"})
