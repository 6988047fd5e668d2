"""The simulator and the adapter meet bol's own OpenAPI files, where those are at hand.

They are bol's documents and not part of this project: `ORDERGATE_SHARED` names the folder that has
`providers/bol/retailer-v10.openapi.json` and `shared-v10.openapi.json`.
"""

import json
import os
import re
from collections.abc import Generator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker, ValidationError

from adapters.contract.models.requests import (
    AvailabilityItem,
    CategoryQuery,
    NewCancellation,
    NewShipment,
    OrderQuery,
    ProductQuery,
    ShipmentChange,
)
from adapters.contract.wire import HttpRequest, HttpResponse

FILES = ("retailer-v10.openapi.json", "shared-v10.openapi.json")
FOLDER = Path(os.environ.get("ORDERGATE_SHARED", "")) / "providers" / "bol"

pytestmark = pytest.mark.skipif(
    not os.environ.get("ORDERGATE_SHARED") or not all((FOLDER / name).is_file() for name in FILES),
    reason="ORDERGATE_SHARED does not name a folder with bol's OpenAPI files",
)


@cache
def documents() -> tuple[dict[str, Any], ...]:
    """Return the two documents."""
    return tuple(json.loads((FOLDER / name).read_text(encoding="utf-8")) for name in FILES)


def operation_of(method: str, path: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the document and operation of a request; a path without variables wins over one with."""
    for document in documents():
        for template in sorted(document["paths"], key=lambda template: template.count("{")):
            pattern = re.sub(r"\{[^/]+\}", "[^/]+", template)
            found = document["paths"][template].get(method.lower())
            if found is not None and re.fullmatch(pattern, path):
                return document, found
    return None


def plain(schema: Any) -> Any:
    """Return an OpenAPI 3.0 schema as JSON Schema: `nullable` written out, references to `definitions`."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("#/components/schemas/", "#/definitions/")}
    kept = {name: plain(value) for name, value in schema.items() if name not in {"nullable", "example"}}
    return {"anyOf": [kept, {"type": "null"}]} if schema.get("nullable") is True else kept


@cache
def definitions(which: int) -> dict[str, Any]:
    """Return a document's schemas."""
    return {name: plain(schema) for name, schema in documents()[which]["components"]["schemas"].items()}


@cache
def formats() -> FormatChecker:
    """Return a checker that knows dates, and times with an offset and any number of fraction digits."""
    checker = FormatChecker(["date"])

    @checker.checks("date-time", raises=ValueError)
    def _is_time(value: object) -> bool:
        return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None

    return checker


def content_of(part: dict[str, Any], media_type: str) -> Any:
    """Return the schema that a body of this media type must meet."""
    assert media_type in part["content"], f"{media_type} is not one of {list(part['content'])}"
    return part["content"][media_type]["schema"]


def violations(document: dict[str, Any], schema: Any, body: bytes) -> list[str]:
    """Return what is wrong with a body."""
    whole = {"allOf": [plain(schema)], "definitions": definitions(documents().index(document))}
    errors = Draft4Validator(whole, format_checker=formats()).iter_errors(json.loads(body))
    return [f"{list(error.absolute_path)}: {error.message}" for error in errors]


def check_request(request: HttpRequest) -> None:
    """Check a request against its operation: path, query, language, media types and body."""
    found = operation_of(request.method, request.path)
    assert found, f"no operation {request.method} {request.path}"
    document, operation = found
    parameters = {(p["in"], p["name"].lower()): p for p in operation.get("parameters") or []}
    for name, value in request.query:
        assert ("query", name) in parameters, name
        _check_parameter(parameters["query", name]["schema"], value)
    required = {name for (where, name), p in parameters.items() if where == "query" and p.get("required")}
    assert required <= {name for name, _ in request.query}
    if "accept-language" in request.headers:
        assert request.headers["accept-language"] in parameters["header", "accept-language"]["schema"]["enum"]
    success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    assert request.headers["accept"] in success["content"]
    if operation.get("requestBody") is None:
        assert request.body is None
        return
    schema = content_of(operation["requestBody"], request.headers["content-type"])
    assert not violations(document, schema, request.body or b"null")


def _check_parameter(schema: dict[str, Any], value: str) -> None:
    kinds: dict[str, Any] = {"integer": int, "boolean": lambda text: {"true": True, "false": False}[text]}
    Draft4Validator({name: content for name, content in schema.items() if name != "default"}).validate(
        kinds.get(schema["type"], str)(value)
    )


def check_response(request: HttpRequest, response: HttpResponse) -> bool:
    """Check a success against its operation; tell whether there was something to check."""
    if not 200 <= response.status < 300 or response.body == b"{}":
        return False
    found = operation_of(request.method, request.path)
    assert found
    document, operation = found
    assert str(response.status) in operation["responses"], response.status
    media_type = response.headers["content-type"].partition(";")[0]
    schema = content_of(operation["responses"][str(response.status)], media_type)
    assert not violations(document, schema, response.body), response.body
    return True


def everything(shop: Any) -> Generator[Any, Any, None]:
    """Yield flows of every operation, with every kind of order in the shop."""
    adapter = shop.adapter
    for status in ("accepted", "shipped", "cancelled", "partiallyShipped", None):
        page = yield adapter.list_orders(OrderQuery(status=status))
        for order in page.items:
            native = order.id.removeprefix("bol:")
            yield adapter.get_order(native)
            shipments = yield adapter.list_shipments(native)
            for shipment in shipments.items:
                both = ShipmentChange(tracking_code="3SBOL1", carrier="TNT")
                yield adapter.change_shipment(native, shipment.id, both, shop.context)
                yield adapter.change_shipment(native, shipment.id, ShipmentChange(tracking_code="3S2"), shop.context)
                yield adapter.find_processes(shipment.id, "change_shipment")
                yield adapter.has_shipment(native, shipment.id, both)
    for products in ([("0000007740404", 3)], [("2000000099033", 1), ("0000007740404", 1)], [("2000000099026", 1)]):
        lines = ", ".join(f'{{"ean": "{ean}", "quantity": {quantity}}}' for ean, quantity in products)
        made = shop.ask("POST", "/_simulator/orders", f'{{"lines": [{lines}]}}'.encode()).object()
        item = made["items"][0]["id"]
        part = NewShipment.model_validate(
            {"lines": [{"id": item, "quantity": 1}], "carrier": "TNT", "tracking_code": "3S", "reference": "P1"}
        )
        yield adapter.confirm_shipment(made["id"], part, shop.context)
        yield adapter.has_shipment(made["id"], None, part)
        label = NewShipment(label_id="d4c50077-0c19-435f-9bee-1b30b9f4ba1a")
        yield adapter.confirm_shipment(made["id"], label, shop.context)
        change = yield adapter.cancel_order(made["id"], NewCancellation(), shop.context)
        processes = [part.process for part in change.parts]
        yield adapter.poll(processes[:1])
        shop.wait(10)
        yield adapter.poll(processes[:1])
        yield adapter.poll([*processes, "unknown"])
        yield adapter.find_processes(item, "cancel")
        yield adapter.find_processes(item, "confirm_shipment")
        yield adapter.list_shipments(made["id"])
    yield adapter.list_categories(CategoryQuery())
    yield adapter.list_products(ProductQuery(limit=100))
    yield adapter.list_products(ProductQuery(q="lamp", category="14032"))
    for ean in ("0000007740404", "2000000099019"):
        yield adapter.get_product(ean)
    items = [AvailabilityItem(product_id="0000007740404"), AvailabilityItem(product_id="2000000099019")]
    yield adapter.check_availability(items, shop.moment)


def walk(shop: Any) -> None:
    """Run every flow, and let a second pass after each so that no limit is met."""
    flows = everything(shop)
    try:
        wanted = next(flows)
        while True:
            result = shop.run(wanted)
            shop.wait(3)
            shop.token = None
            wanted = flows.send(result)
    except StopIteration:
        return


def test_what_the_adapter_sends_meets_the_specification(shop: Any) -> None:
    """Every path, query, header and body of the adapter is one that bol declares."""
    walk(shop)
    sent = [request for request, _ in shop.sent if request.step != "login"]
    for request in sent:
        check_request(request)
    assert {request.step for request in sent} >= {"cancel", "confirm_shipment", "change_shipment", "read"}
    assert len({(request.method, request.route) for request in sent}) == 15


def test_what_the_simulator_answers_meets_the_specification(shop: Any) -> None:
    """Every 2xx body but empty pages and tokens is valid against bol's schemas."""
    walk(shop)
    checked = {
        (request.method, request.route)
        for request, response in shop.sent
        if request.step != "login" and check_response(request, response)
    }
    assert len(checked) == 15
    assert not shop.simulator.truth()["limits_exceeded"]


def test_a_body_that_does_not_meet_the_specification_would_be_seen() -> None:
    """The check itself can fail."""
    request = HttpRequest("GET", "/retailer/orders")
    headers = {"content-type": "application/vnd.retailer.v10+json;charset=UTF-8"}
    for body in (b'{"orders": [{"orderId": "1"}]}', b'{"orders": null}', b"[]"):
        with pytest.raises(AssertionError):
            check_response(request, HttpResponse(200, headers, body))
    with pytest.raises(ValidationError):
        check_request(HttpRequest("GET", "/retailer/orders", query=(("page", "0"),)))
