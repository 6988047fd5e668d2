"""What a running gateway really answers is what its OpenAPI document says: every endpoint, every provider."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from support.gateway_thread import Served, gateway_in_thread
from support.published_contract import PublishedContract
from support.running import Answered

POSTER = "gelato:flat_product_pf_a4_pt_200-gsm-uncoated_cl_4-0_ct_none_prt_none_sft_none_set_none_hor"
ADDRESS = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "line1": "Unter den Linden 6",
    "city": "Berlin",
    "postalCode": "10117",
    "country": "DE",
    "email": "ada@example.com",
    "phone": "+4930123456",
}


class Reader:
    """A caller that holds every answer against the document, and remembers what was answered with success."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.contract = PublishedContract(served.call("GET", "/openapi.json").body)
        self.succeeded: set[str] = set()
        self._keys = 0

    def call(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        self._keys += 1
        key = f"contract-{self._keys}" if method != "GET" and path != "/v1/availability" else None
        answer: Answered = self.served.call(method, path, body, key=key, headers=headers)
        assert answer.status == status, (method, path, answer.body)
        complaints = self.contract.complaints(method, path, answer.status, answer.headers, answer.body)
        assert complaints == [], (method, path)
        operation = self.contract.operation(method, path)
        if status < 400 and operation is not None:
            self.succeeded.add(operation["operationId"])
        return answer.body

    def place(self, order: dict[str, Any]) -> str:
        """Place an order; return its id as a segment of a path."""
        self._keys += 1
        placed = self.call("POST", "/v1/orders", {"reference": f"CONTRACT-{self._keys}", **order}, 201)
        return segment(placed)


def segment(resource: Any) -> str:
    return quote(resource["id"], safe=":")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """Call a gateway whose providers nobody else has tired: their documented rates are kept."""
    with gateway_in_thread(pace=0.5) as served:
        yield Reader(served)


def browse(reader: Reader) -> None:
    """Read providers, the catalog and what the gateway says about itself, each list of all providers at once."""
    for path in ("/v1/rate-limits", "/v1/idempotency", "/v1/categories?limit=100", "/v1/orders?limit=100"):
        reader.call("GET", path)
    for provider in reader.call("GET", "/v1/providers")["items"]:
        name = provider["id"]
        reader.call("GET", f"/v1/providers/{name}")
        reader.call(
            "GET", f"/v1/providers/{name}/account", status=200 if "account.get" in provider["operations"] else 501
        )
    for product in reader.call("GET", "/v1/products?limit=20")["items"]:
        reader.call("GET", f"/v1/products/{segment(product)}")
    asked = {"items": [{"productId": "rexel:SCH:S520059", "quantity": 10}, {"productId": POSTER}]}
    reader.call("POST", "/v1/availability", asked)


def buy(reader: Reader) -> None:
    """Place orders with those we buy from, change and cancel, read them again."""
    files = [{"role": "default", "url": "https://files.example.com/poster.pdf"}]
    poster = {"currency": "EUR", "shipTo": ADDRESS, "lines": [{"productId": POSTER, "quantity": 2, "files": files}]}
    kept, cancelled = reader.place(poster), reader.place(poster)
    reader.call("PATCH", f"/v1/orders/{kept}/delivery", {"shipTo": {**ADDRESS, "line2": "2nd floor"}})
    reader.call("POST", f"/v1/orders/{cancelled}/cancellation", {})
    reader.call("GET", f"/v1/orders/{kept}/shipments")
    for one in (
        kept,
        cancelled,
        reader.place({"lines": [{"productId": "rexel:SCH:S520059", "quantity": 20}]}),
        reader.place({"lines": [{"productId": "reseller:266-235", "quantity": 1}]}),
    ):
        reader.call("GET", f"/v1/orders/{one}")


def trade_in(reader: Reader) -> None:
    """Buy a device from a customer."""
    category = "/v1/categories?provider=reusely"
    for _ in range(2):
        parent = segment(reader.call("GET", category)["items"][0])
        category = f"/v1/categories?provider=reusely&parent={parent}"
    model = segment(reader.call("GET", category)["items"][-1])
    product = reader.call("GET", f"/v1/products?provider=reusely&category={model}")["items"][0]
    full = reader.call("GET", f"/v1/products/{segment(product)}")
    order = {
        "kind": "tradeIn",
        "customer": {"email": "contract@example.com", "firstName": "Grace", "lastName": "Hopper"},
        "payout": {"method": "PayPal"},
        "lines": [{"productId": full["id"], "quantity": 1, "condition": full["conditions"][0]["id"]}],
    }
    reader.call("GET", f"/v1/orders/{reader.place(order)}")


def sell(reader: Reader) -> None:
    """Ship what customers ordered, change the parcel, cancel another."""
    orders = reader.call("GET", "/v1/orders?provider=bol&status=accepted")["items"]
    shipped, cancelled = segment(orders[0]), segment(orders[1])
    parcel = {"carrier": "TNT", "trackingCode": "3SCONTRACT001"}
    accepted = {"Prefer": "respond-async"}
    reader.call("POST", f"/v1/orders/{shipped}/shipments", parcel, 200)
    shipments = reader.call("GET", f"/v1/orders/{shipped}/shipments")["items"]
    path = f"/v1/orders/{shipped}/shipments/{quote(shipments[0]['id'], safe='')}"
    reader.call("PATCH", path, {"trackingCode": "3SCONTRACT002", "carrier": "TNT"}, 200)
    reader.call("POST", f"/v1/orders/{cancelled}/cancellation", {"reason": "outOfStock"}, 202, **accepted)
    reader.call("GET", f"/v1/orders/{shipped}")


def look_back(reader: Reader) -> None:
    """Read the fate of the writes, withdraw one that was never executed, and decide on one that is in doubt."""
    reader.served.faults("reseller", {"429": 1.0})
    try:
        order = {"reference": "CONTRACT-WITHDRAWN", "lines": [{"productId": "reseller:266-235", "quantity": 1}]}
        refused = reader.call("POST", "/v1/orders", order, 503)
        reader.served.faults("reseller", {"lost-reply-before": 1.0})
        lost = reader.call("POST", "/v1/orders", order | {"reference": "CONTRACT-LOST"}, 504)
    finally:
        reader.served.faults("reseller", {})
    reader.call("DELETE", refused["operation"])
    # It may still arrive: who says that it did not is told to look again.
    reader.call("POST", f"{lost['operation']}/resolution", {"placed": "no"}, 409)
    reader.call("POST", f"{lost['operation']}/resolution", {"placed": "yes", "orderId": "reseller:1"})
    operations = reader.call("GET", "/v1/operations?limit=100")["items"]
    assert {"succeeded", "cancelled"} <= {operation["state"] for operation in operations}
    reader.call("GET", f"/v1/operations/{operations[-1]['id']}")


def test_every_endpoint_answers_as_it_is_described(reader: Reader) -> None:
    """All simulated providers, every endpoint at least once with success: each answer matches its schema."""
    for walk in (browse, buy, trade_in, sell, look_back):
        walk(reader)
    described = {item[method]["operationId"] for item in reader.contract.document["paths"].values() for method in item}
    assert described == reader.succeeded


@pytest.mark.parametrize(
    "fault", ["500", "503", "429", "html", "wrong-type", "truncated", "reset", "lost-reply-before"]
)
def test_the_problems_of_failing_providers_are_described(reader: Reader, fault: str) -> None:
    """Whatever a provider does, the read and the write are answered with problems that their endpoints name."""
    served, contract = reader.served, reader.contract
    order = {"reference": f"FAULT-{fault}", "lines": [{"productId": "reseller:266-235", "quantity": 1}]}
    served.faults("reseller", {fault: 1.0})
    try:
        for method, path, body in (
            ("GET", "/v1/products/reseller:266-235", None),
            ("GET", "/v1/orders?provider=reseller", None),
            ("POST", "/v1/orders", order),
        ):
            key, fresh = f"fault-{fault}" if body else None, {"Cache-Control": "no-cache"}
            answer = served.call(method, path, body, key=key, headers=fresh)
            assert answer.status >= 400 or (method, answer.status) == ("POST", 202)
            assert contract.complaints(method, path, answer.status, answer.headers, answer.body) == []
            assert answer.problem not in {"internal", "adapter-fault"}
    finally:
        served.faults("reseller", {})
