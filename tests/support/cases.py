"""Case files: what an adapter must send and make of the answers, each with the place in the provider's documents.

title: A cross-border order carries retail prices
source: Order Management API documentation, "Submit Order", Request Format
adapter: gelato
settings: {}                       # optional, the adapter's own keys
credentials: {}                    # optional, over the simulator's
currency: EUR                      # optional
call:
  operation: place_order
  order: {reference: test, ...}    # or order_id, query, items, cancellation, change, shipment, shipment_id, ...
exchanges:
  - request:
      method: POST
      target: /order               # path and query as they leave
      headers: {content-type: application/json}   # those that must be there (after authorize)
      absent: [x-secret-key]       # headers that must not be there
      body: |                      # JSON compared by value, digits included; or `text:` compared exactly
        {"orderReferenceId": "test"}
    response:
      status: 200
      headers: {}
      body: |
        {"id": "32884a3e"}         # or `text:`
result: {...}                      # canonical JSON, exactly
error: {type: NotFound, code: ...} # instead of result: class, and the attributes named
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from pydantic import SecretStr
from ruamel.yaml import YAML

from adapters.contract import codec, flow
from adapters.contract.adapter import Adapter, Token, WriteContext
from adapters.contract.errors import AdapterError, ProviderError
from adapters.contract.models import requests, values
from adapters.contract.wire import HttpRequest, HttpResponse
from adapters.registry import load

NOW = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
CONTEXT = WriteContext(operation_id="019315f2-0000-7000-8000-000000000001", now=NOW)
TOKEN = Token(SecretStr("token-of-the-case"), 299.0)

_MODELS: dict[str, type[requests.Request]] = {
    "order": requests.NewOrder,
    "cancellation": requests.NewCancellation,
    "change": requests.DeliveryChange,
    "shipment": requests.NewShipment,
    "shipment_change": requests.ShipmentChange,
}
_QUERIES: dict[str, type[msgspec.Struct]] = {
    "list_categories": requests.CategoryQuery,
    "list_products": requests.ProductQuery,
    "list_orders": requests.OrderQuery,
}
_WRITES = {"place_order", "cancel_order", "change_delivery", "confirm_shipment", "change_shipment", "find_order"}


def case_files(folder: Path) -> Iterator[Path]:
    """Yield the case files below a folder, sorted."""
    yield from sorted(folder.glob("*/cases/*.yaml"))


def build(
    adapter_name: str, settings: dict[str, Any], credentials: dict[str, Any], currency: str | None, name: str = ""
) -> Adapter[Any, Any]:
    """Return an adapter configured over the simulator's credentials and settings."""
    registration = load(adapter_name)
    kind, simulator = registration.adapter, registration.simulator
    return kind(
        name or adapter_name,
        kind.Settings.model_validate({**simulator.settings, **settings}),
        kind.Credentials.model_validate({**simulator.credentials, **credentials}),
        currency,
    )


@dataclass
class Exchange:
    """Plays the provider's part of a case and checks what is sent."""

    adapter: Adapter[Any, Any]
    steps: list[dict[str, Any]]

    def __call__(self, request: HttpRequest) -> HttpResponse | ProviderError:
        assert self.steps, f"one request too many: {request.method} {request.target}"
        step = self.steps.pop(0)
        self._check(step["request"], request)
        answer = step["response"]
        body = answer.get("text", answer.get("body", "")).encode()
        headers = {"content-type": "application/json", **answer.get("headers", {})}
        response = HttpResponse(answer["status"], headers, body)
        return self.adapter.error(request, response) or response

    def _check(self, expected: dict[str, Any], request: HttpRequest) -> None:
        sent = request
        if request.step != "login":
            sent = self.adapter.authorize(request, TOKEN if self.adapter.needs_login else None)
        assert (sent.method, sent.target) == (expected["method"], expected["target"])
        headers = {name.lower(): value for name, value in sent.headers.items()}
        assert expected.get("headers", {}).items() <= headers.items()
        assert not set(expected.get("absent", ())) & set(headers)
        if "origin" in expected:
            assert sent.origin == expected["origin"]
        if "text" in expected:
            assert (sent.body or b"").decode() == expected["text"]
        elif "body" in expected:
            assert codec.decode(sent.body or b"") == codec.decode(expected["body"].encode())
        else:
            assert sent.body is None


def play(path: Path) -> None:
    """Run one case file; raises AssertionError where the adapter does otherwise."""
    case = YAML(typ="safe", pure=True).load(path)
    adapter = build(case["adapter"], case.get("settings", {}), case.get("credentials", {}), case.get("currency"))
    exchange = Exchange(adapter, list(case.get("exchanges", ())))
    call = dict(case["call"])
    operation = call.pop("operation")
    try:
        result = flow.run(getattr(adapter, operation)(**_arguments(operation, call)), exchange)
    except AdapterError as error:
        if "error" not in case:
            raise
        _check_error(case["error"], error)
    else:
        assert "result" in case, f"returned {result!r} where an error was due"
        assert codec.decode(codec.encode(result)) == codec.decode(codec.encode(case["result"]))
    assert not exchange.steps, f"{len(exchange.steps)} requests were never sent"


def _arguments(operation: str, call: dict[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for key, value in call.items():
        if key == "items":
            arguments[key] = [requests.AvailabilityItem.model_validate(item) for item in value]
        elif key == "query":
            times = {name: values.instant(time) for name, time in value.items() if name.startswith("created_")}
            arguments[key] = msgspec.convert({**value, **times}, _QUERIES[operation])
        elif key in _MODELS:
            name = "change" if key == "shipment_change" else key
            name = "wanted" if operation == "has_shipment" else name
            arguments[name] = _MODELS[key].model_validate(value)
        elif key == "since":
            arguments[key] = datetime.fromisoformat(value)
        else:
            arguments[key] = value
    if operation in _WRITES:
        arguments["context"] = CONTEXT
    if operation in {"check_availability", "login"}:
        arguments["now"] = NOW
    return arguments


def _check_error(expected: dict[str, Any], error: AdapterError) -> None:
    assert type(error).__name__ == expected["type"]
    for name, value in expected.items():
        if name == "violations":
            assert [violation.name for violation in getattr(error, name)] == value
        elif name != "type":
            assert getattr(error, name) == value
