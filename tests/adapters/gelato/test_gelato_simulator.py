"""The simulator is strict where GelatoConnect is, and tells what it did."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from adapters.contract import codec
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpResponse
from adapters.gelato.simulator import GelatoSimulator

_HEADERS = {"content-type": "application/json", "x-api-key": "sandbox-key:sandbox-secret"}
# Order Management API documentation, "Submit Order", Request Format, with an address where the page hides it.
_EXAMPLE: dict[str, Any] = {
    "orderReferenceId": "test",
    "orderType": "order",
    "currency": "EUR",
    "retailCurrency": "GBP",
    "shipmentMethodUid": "normal,standard,fed_ex_2_day",
    "shippingAddress": {
        "country": "SE",
        "firstName": "My first name",
        "lastName": "My last name",
        "addressLine1": "17",
        "addressLine2": "Address 1",
        "city": "City",
        "postCode": "11111",
        "state": "",
        "email": "me@example.com",
        "phone": "+47222222",
        "companyName": "MyCompany",
    },
    "items": [
        {
            "itemReferenceId": "test1",
            "productUid": "flat_product_pf_a4_pt_200-gsm-uncoated_cl_4-0_ct_none_prt_none_sft_none_set_none_hor",
            "quantity": 1,
            "files": [{"type": "default", "url": "https://www.example.com/path/to/printfile.pdf"}],
        }
    ],
}


def _send(simulator: GelatoSimulator, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
    sent = body if isinstance(body, bytes) else b"" if body is None else codec.encode(body)
    given = {**_HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return simulator.handle(Received(method, path, (), given, sent)).response


@pytest.fixture
def simulator(connector: Any) -> GelatoSimulator:
    """Return the connector's simulator."""
    assert isinstance(connector.simulator, GelatoSimulator)
    return connector.simulator


def test_the_documented_example_is_confirmed_with_three_fields(simulator: GelatoSimulator) -> None:
    """Empty text in optional members is fine; a connector's prefix is too."""
    for path in ("/order", "/api/your-partner-prefix/order"):
        response = _send(simulator, "POST", path, _EXAMPLE)
        assert response.status == 200
        assert list(response.object()) == ["id", "orderReferenceId", "createdAt"]
        assert response.object()["createdAt"] == "2026-11-22T10:00:00+00:00"


@pytest.mark.parametrize("key", ["", "sandbox-key", "Bearer sandbox-key:sandbox-secret", "sandbox-secret:sandbox-key"])
def test_only_key_and_secret_joined_by_a_colon_are_accepted(simulator: GelatoSimulator, key: str) -> None:
    """Anything else is 401 in the provider's shape."""
    response = _send(simulator, "POST", "/order", _EXAMPLE, x_api_key=key)
    assert response.status == 401
    assert response.object()["code"] == 401
    assert not simulator.orders()


_NOTHING = object()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("orderReferenceId", _NOTHING),
        ("orderReferenceId", ""),
        ("orderType", "quote"),
        ("currency", _NOTHING),
        ("currency", "euro"),
        ("retailCurrency", "pounds"),
        ("shipmentMethodUid", "normal, standard"),
        ("shipmentMethodUid", "pigeon"),
        ("shippingAddress", None),
        ("shippingAddress.country", "UK"),
        ("shippingAddress.country", "US"),
        ("shippingAddress.firstName", _NOTHING),
        ("shippingAddress.postCode", 11111),
        ("shippingAddress.email", "[email protected]"),
        ("shippingAddress.phone", ""),
        ("shippingAddress.isBusiness", "no"),
        ("metadata", {"a": "b"}),
        ("metadata", [{"key": "a"}]),
        ("items", []),
        ("items", {"0": {}}),
        ("items.0.itemReferenceId", ""),
        ("items.0.productUid", _NOTHING),
        ("items.0.productUid", "spaceship_product"),
        ("items.0.productName", "Poster"),
        ("items.0.quantity", 0),
        ("items.0.quantity", "1"),
        ("items.0.quantity", True),
        ("items.0.retailPriceInclVat", "19.99"),
        ("items.0.files", []),
        ("items.0.files.0.type", "top"),
        ("items.0.files.0.url", "printfile.pdf"),
    ],
)
def test_a_submission_is_checked(simulator: GelatoSimulator, path: str, value: Any) -> None:
    """What the documentation requires is required, and its types are its types."""
    body = deepcopy(_EXAMPLE)
    target: Any = body
    *folders, name = path.split(".")
    for folder in folders:
        target = target[int(folder)] if folder.isdecimal() else target[folder]
    if value is _NOTHING:
        del target[name]
    else:
        target[name] = value
    response = _send(simulator, "POST", "/order", body)
    assert response.status == 400
    assert list(response.object()) == ["code", "message"]
    assert not simulator.orders()


def test_items_name_their_product_in_one_way_and_have_references_of_their_own(simulator: GelatoSimulator) -> None:
    """Both ways are not used in the same order request."""
    (item,) = _EXAMPLE["items"]
    named = {**item, "itemReferenceId": "test2", "productName": "Poster", "productVariant": {"PaperSize": "A3"}}
    del named["productUid"]
    assert _send(simulator, "POST", "/order", {**_EXAMPLE, "items": [named]}).status == 200
    assert _send(simulator, "POST", "/order", {**_EXAMPLE, "items": [item, named]}).status == 400
    assert _send(simulator, "POST", "/order", {**_EXAMPLE, "items": [item, item]}).status == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/order", b"{", {}, 400),
        ("POST", "/order", b"[]", {}, 400),
        ("POST", "/order", b"{}", {"content_type": "text/plain"}, 415),
        ("PUT", "/order", b"{}", {}, 405),
        ("GET", "/orders/search", None, {}, 405),
        ("GET", "/order/nobody", None, {}, 404),
        ("POST", "/order/nobody/cancel", None, {}, 404),
        ("PUT", "/order/nobody/shipment", b'{"shipmentMethodUid":"normal"}', {}, 404),
        ("PUT", "/order/nobody/shipment", b"{}", {}, 400),
        ("GET", "/catalogs", None, {}, 404),
        ("POST", "/orders/search", b'{"limit":101}', {}, 400),
        ("POST", "/orders/search", b'{"limit":0}', {}, 400),
        ("POST", "/orders/search", b'{"offset":-1}', {}, 400),
        ("POST", "/orders/search", b'{"offset":1.5}', {}, 400),
        ("POST", "/orders/search", b'{"fulfillmentStatus":"draft"}', {}, 400),
        ("POST", "/orders/search", b'{"startDate":"yesterday"}', {}, 400),
        ("POST", "/orders/search", b'{"fulfillmentStatuses":["draft"]}', {}, 200),
    ],
)
def test_a_request_is_checked(
    simulator: GelatoSimulator, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    """Errors have the provider's shape; names of the public API v4 are ignored, not understood."""
    response = _send(simulator, method, path, body, **headers)
    assert response.status == status
    assert status == 200 or response.object()["code"] == status


def test_the_hundred_and_first_request_in_a_second_is_refused(connector: Any, simulator: GelatoSimulator) -> None:
    """All requests count, and the truth tells how often the limit was exceeded."""
    statuses = [_send(simulator, "GET", "/order/nobody").status for _ in range(101)]
    assert statuses == [404] * 100 + [429]
    connector.wait(1)
    assert _send(simulator, "GET", "/order/nobody").status == 404
    assert simulator.truth()["limits_exceeded"] == 1


def test_the_same_seed_makes_the_same_orders(connect: Callable[..., Any]) -> None:
    """Ids come from the seed."""
    assert connect(simulation={"seed": 7}).place() == connect(simulation={"seed": 7}).place()
    assert connect(simulation={"seed": 7}).place() != connect(simulation={"seed": 8}).place()


def test_at_pace_zero_an_order_is_delivered_at_once(connect: Callable[..., Any]) -> None:
    """Every step is over when it begins."""
    connector = connect(simulation={"pace": 0.0})
    assert connector.status(connector.place()) == "delivered"


def test_the_truth_tells_every_order(connector: Any, simulator: GelatoSimulator) -> None:
    """Drafts and failed orders are orders too."""
    connector.place("A-1")
    connector.place("A-2", draft=True)
    connector.place("A-3", country="CH")
    connector.wait(2)
    told = _send(simulator, "GET", "/_simulator/truth").object()
    assert [(order["reference"], order["status"]) for order in told["orders"]] == [
        ("A-1", "passed"),
        ("A-2", "draft"),
        ("A-3", "failed"),
    ]


def test_the_oldest_orders_are_forgotten_and_counted(connector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator's memory is bounded."""
    monkeypatch.setattr(GelatoSimulator, "most_orders", 2)
    for number in range(5):
        connector.place(f"A-{number}")
    assert [order["reference"] for order in connector.simulator.orders()] == ["A-3", "A-4"]
    assert connector.simulator.truth()["forgotten"] == 3


@pytest.mark.parametrize("fault", ["429", "500", "503"])
def test_a_fault_is_the_providers_own_error(connector: Any, simulator: GelatoSimulator, fault: str) -> None:
    """A dealt 429 and a dealt server error have the provider's shape."""
    simulator.set_faults({fault: 1.0})
    response = _send(simulator, "POST", "/order", _EXAMPLE)
    assert (response.status, response.object()["code"]) == (int(fault), int(fault))
    assert not simulator.orders()
