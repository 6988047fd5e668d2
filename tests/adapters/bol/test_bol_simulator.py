"""The simulated bol is strict where bol is, and keeps the truth."""

from typing import Any

import pytest

from adapters.bol.simulator import BolSimulator
from adapters.contract.models.requests import OrderQuery
from adapters.contract.wire import HttpResponse

MEDIA_TYPE = "application/vnd.retailer.v10+json"


def ask(shop: Any, method: str, target: str, body: bytes = b"", **headers: str) -> HttpResponse:
    """Send an authorized request."""
    response = shop.ask(method, target, body, **{**shop.bearer(), **headers})
    assert isinstance(response, HttpResponse)
    return response


CANCEL = b'{"orderItems": [{"orderItemId": "1", "reasonCode": "OTHER"}]}'


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "status"),
    [
        ("GET", "/retailer/orders", {"accept": "application/json"}, b"", 406),
        ("GET", "/retailer/orders", {"accept": "application/vnd.retailer.v9+json"}, b"", 406),
        ("GET", "/retailer/orders", {"accept": f"text/html, {MEDIA_TYPE};q=0.5"}, b"", 200),
        ("GET", "/retailer/products/categories", {"accept-language": "fr"}, b"", 406),
        ("GET", "/retailer/content/catalog-products/0000007740404", {"accept-language": "nl-NL"}, b"", 406),
        ("PUT", "/retailer/orders/cancellation", {}, CANCEL, 400),
        ("PUT", "/retailer/orders/cancellation", {"content-type": "application/json"}, CANCEL, 415),
        ("PUT", "/retailer/orders/cancellation", {"content-type": MEDIA_TYPE}, CANCEL, 202),
        ("POST", "/retailer/products/list", {"content-type": MEDIA_TYPE}, b'{"page": 1}', 415),
        ("POST", "/retailer/products/list", {"content-type": "application/json"}, b'{"page": 1}', 200),
        ("GET", "/shared/process-status/1", {"accept": "application/vnd.advertiser.v10+json"}, b"", 404),
        ("DELETE", "/retailer/orders", {}, b"", 405),
        ("POST", "/retailer/orders/cancellation", {"content-type": MEDIA_TYPE}, CANCEL, 405),
        ("GET", "/retailer/process-status/1", {}, b"", 404),
        ("GET", "/", {}, b"", 404),
    ],
)
def test_method_path_language_and_media_types_are_checked(
    shop: Any, method: str, target: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    """The version is chosen by header; bodies have the media type that the operation declares."""
    assert ask(shop, method, target, body, **headers).status == status


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/retailer/orders?page=0", "page"),
        ("/retailer/orders?page=x", "page"),
        ("/retailer/orders?status=open", "status"),
        ("/retailer/orders?fulfilment-method=FBS", "fulfilment-method"),
        ("/retailer/orders?change-interval-minute=61", "change-interval-minute"),
        ("/retailer/orders?latest-change-date=yesterday", "latest-change-date"),
        ("/retailer/orders?latest-change-date=2026-01-01", "latest-change-date"),
        ("/retailer/shipments?order-id=1&fulfilment-method=FBR", "order-id"),
        ("/shared/process-status?event-type=CANCEL_ORDER", "entity-id"),
        ("/shared/process-status?entity-id=1", "event-type"),
        ("/shared/process-status?entity-id=1&event-type=CANCEL", "event-type"),
        ("/retailer/products/0000007740404/offers?condition=USED", "condition"),
    ],
)
def test_a_query_value_that_bol_does_not_know_is_a_violation(shop: Any, target: str, name: str) -> None:
    """Values are case-sensitive; an unknown parameter is ignored."""
    response = ask(shop, "GET", target)
    assert response.status == 400
    assert [violation["name"] for violation in response.object()["violations"]] == [name]
    assert ask(shop, "GET", "/retailer/orders?method=FBR").status == 200


@pytest.mark.parametrize(
    ("method", "target", "body", "names"),
    [
        ("PUT", "/retailer/orders/cancellation", b"[]", ["body"]),
        ("PUT", "/retailer/orders/cancellation", b"{}", ["orderItems"]),
        ("PUT", "/retailer/orders/cancellation", b'{"orderItems": [{}, {}]}', ["orderItems"]),
        ("PUT", "/retailer/orders/cancellation", b'{"orderItems": [3]}', ["orderItems[0]"]),
        (
            "PUT",
            "/retailer/orders/cancellation",
            b'{"orderItems": [{"orderItemId": "", "reasonCode": "LATE"}]}',
            ["orderItems[0].orderItemId", "orderItems[0].reasonCode"],
        ),
        ("POST", "/retailer/shipments", b'{"orderItems": []}', ["orderItems"]),
        ("POST", "/retailer/shipments", b'{"orderItems": [{"orderItemId": 1}]}', ["orderItems[0].orderItemId"]),
        (
            "POST",
            "/retailer/shipments",
            b'{"orderItems": [{"orderItemId": "1", "quantity": true}], "shipmentReference": ""}',
            ["orderItems[0].quantity", "shipmentReference"],
        ),
        (
            "POST",
            "/retailer/shipments",
            b'{"orderItems": [{"orderItemId": "1"}], "shippingLabelId": "l", "transport": {"transporterCode": "TNT"}}',
            ["shippingLabelId"],
        ),
        (
            "POST",
            "/retailer/shipments",
            b'{"orderItems": [{"orderItemId": "1"}], "transport": {"trackAndTrace": "3S"}, "carrier": "x"}',
            ["carrier", "transport.transporterCode"],
        ),
        ("PUT", "/retailer/transports/1", b'{"transporterCode": "TNT"}', ["trackAndTrace"]),
        ("POST", "/shared/process-status", b'{"processStatusQueries": []}', ["processStatusQueries"]),
        (
            "POST",
            "/shared/process-status",
            b'{"processStatusQueries": [{"id": "1"}]}',
            ["processStatusQueries[0].id", "processStatusQueries[0].processStatusId"],
        ),
    ],
)
def test_a_body_that_does_not_meet_the_specification_is_refused_by_name(
    shop: Any, method: str, target: str, body: bytes, names: list[str]
) -> None:
    """Required members, sizes, enumerations and types of the Retailer API v10 spec; an empty text is a value."""
    response = ask(shop, method, target, body, content_type=MEDIA_TYPE)
    assert response.status == 400
    assert sorted(violation["name"] for violation in response.object()["violations"]) == names


def test_limits_are_kept_and_what_exceeds_them_is_counted(shop: Any) -> None:
    """The order list: 25 a minute. Good answers tell the limit, the 429 how long to wait."""
    shop.wait(30)
    first = ask(shop, "GET", "/retailer/orders")
    assert {name: first.headers[name] for name in ("x-ratelimit-limit", "x-ratelimit-remaining")} == {
        "x-ratelimit-limit": "25",
        "x-ratelimit-remaining": "24",
    }
    for _ in range(24):
        assert ask(shop, "GET", "/retailer/orders").status == 200
    refused = ask(shop, "GET", "/retailer/orders")
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")
    assert refused.object() == {
        "title": "Too Many Requests",
        "status": 429,
        "detail": "Too many requests, retry in 30 seconds.",
    }
    assert "x-ratelimit-limit" not in refused.headers
    assert shop.simulator.truth()["limits_exceeded"] == 1
    shop.wait(30)
    assert ask(shop, "GET", "/retailer/orders").status == 200


def test_the_limits_are_public(shop: Any) -> None:
    """A list without authentication, numbers as text."""
    response = shop.ask("GET", "/retailer/public/ratelimits")
    assert response.status == 200
    assert {
        "path": "/retailer/orders",
        "methods": "GET, OPTIONS, HEAD",
        "maxCapacity": "25",
        "timeToLive": "1",
        "timeUnit": "MINUTES",
    } in response.json()


def test_handled_orders_are_listed_for_two_days_and_by_the_day_of_their_change(shop: Any) -> None:
    """The list has open orders, and those handled in the last 48 hours; older ones by `latest-change-date`."""

    def shipped(query: str = "") -> int:
        return len(ask(shop, "GET", f"/retailer/orders?status=SHIPPED{query}").object().get("orders", []))

    assert shipped() == 2  # one shipped, one in part
    shop.wait(3 * 24 * 3600)
    shop.token = None
    assert shipped() == 1
    assert shipped("&latest-change-date=2026-11-21") == 1
    assert shipped("&change-interval-minute=60") == 0


def test_every_answer_has_a_request_id(shop: Any) -> None:
    """Bol's support asks for it (API Conventions, Support and tracing)."""
    good, bad = ask(shop, "GET", "/retailer/orders"), ask(shop, "GET", "/retailer/orders/1")
    assert good.headers["x-request-id"] != bad.headers["x-request-id"]
    assert good.headers["content-type"] == f"{MEDIA_TYPE};charset=UTF-8"


def test_the_same_seed_makes_the_same_shop(open_shop: Any) -> None:
    """Ids repeat with the seed, and differ without; faults do not change who ordered."""
    first, again, other = (open_shop(seed=seed).simulator.orders() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    "body", [b"[]", b'{"lines": [{"ean": "1", "quantity": 1}]}', b'{"lines": [{"ean": "0000007740404"}]}', b"{"]
)
def test_a_customer_cannot_order_what_is_not_there(shop: Any, body: bytes) -> None:
    """The control path says what is wrong and adds nothing."""
    before = shop.simulator.orders()
    assert shop.ask("POST", "/_simulator/orders", body).status == 400
    assert shop.ask("GET", "/_simulator/orders").status == 404
    assert shop.simulator.orders() == before


def test_an_order_that_a_customer_makes_is_in_the_truth_and_in_the_list(shop: Any) -> None:
    """Whoever plays the customer can ask for a cancellation, too."""
    made = shop.ask("POST", "/_simulator/orders", b'{"cancellationRequest": true}').object()
    assert made in shop.simulator.truth()["orders"]
    newest = shop.run(shop.adapter.list_orders(OrderQuery())).items[0]
    assert newest.id == f"bol:{made['id']}"
    assert newest.lines[0].cancellation_requested


def test_a_shipment_by_label_carries_the_labels_code_and_is_delivered_in_time(shop: Any) -> None:
    """Transport events follow one another, a step of the pace apart."""
    made = shop.ask("POST", "/_simulator/orders", b'{"lines": [{"ean": "0000007740404", "quantity": 1}]}').object()
    label = "d4c50077-0c19-435f-9bee-1b30b9f4ba1a"
    body = f'{{"orderItems": [{{"orderItemId": "{made["items"][0]["id"]}"}}], "shippingLabelId": "{label}"}}'
    assert ask(shop, "POST", "/retailer/shipments", body.encode(), content_type=MEDIA_TYPE).status == 202
    shop.wait(5)
    listed = ask(shop, "GET", f"/retailer/shipments?order-id={made['id']}").object()["shipments"]
    transport: dict[str, Any] = {}
    for events in (1, 2, 3, 4, 4):
        transport = ask(shop, "GET", f"/retailer/shipments/{listed[0]['shipmentId']}").object()["transport"]
        assert [event["eventCode"] for event in transport["transportEvents"]] == [
            "PRE_ANNOUNCED",
            "AT_TRANSPORTER",
            "IN_TRANSIT",
            "DELIVERED_AT_CUSTOMER",
        ][:events]
        shop.wait(5)
    assert (transport["transporterCode"], transport["shippingLabelId"]) == ("TNT", label)


def test_server_errors_have_bols_own_bodies(shop: Any) -> None:
    """500 has been captured as a page of HTML, 503 is a problem."""
    assert shop.simulator.server_error(500).headers["content-type"] == "text/html"
    assert shop.simulator.server_error(503).object()["status"] == 503
    assert BolSimulator.unfaulted == ("/token",)


@pytest.mark.parametrize(
    "target", ["/retailer/orders?page=2", "/retailer/shipments?page=2", "/retailer/shipments?order-id=unknown"]
)
def test_an_empty_page_is_an_empty_object(shop: Any, target: str) -> None:
    """Captured so: not an empty list under its name."""
    assert ask(shop, "GET", target).body == b"{}"
