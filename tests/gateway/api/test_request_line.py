"""What a path and a method alone decide: HEAD where GET is, and the `instance` of every problem."""

import pytest

from gateway.api.endpoints import ENDPOINTS
from support.gateway_thread import Served
from support.published_contract import PublishedContract

READ = {
    "/v1/categories": "/v1/categories?provider=reseller",
    "/v1/products": "/v1/products?provider=reseller",
    "/v1/products/{id}": "/v1/products/reseller:266-235",
    "/v1/orders": "/v1/orders?provider=reseller",
    "/v1/orders/{id}": "/v1/orders/reseller:none",
    "/v1/orders/{id}/shipments": "/v1/orders/reseller:none/shipments",
    "/v1/operations": "/v1/operations?reference=none",
    "/v1/operations/{id}": "/v1/operations/none",
}
"""What nobody changes between two requests."""
SAME = ("Content-Type", "Content-Length", "X-Content-Type-Options", "Retry-After")


def readable() -> list[str]:
    """Return a path for each endpoint that answers GET, and some that are none."""
    paths = [endpoint.path for endpoint in ENDPOINTS if endpoint.method == "GET"]
    paths = [READ.get(path, path).replace("{provider}", "reseller") for path in paths]
    return [*paths, "/openapi.json", "/docs", "/problems", "/v1/nothing", "/v1/orders?limit=0"]


@pytest.mark.parametrize("path", readable())
def test_head_is_get_without_a_body(attacked: Served, path: str) -> None:
    """The same status and the same headers, the length of what GET sends among them (RFC 9110, section 9.3.2)."""
    got, head = attacked.call("GET", path), attacked.call("HEAD", path)
    assert head.status == got.status
    assert head.body is None
    assert {name: head.headers.get(name) for name in SAME} == {name: got.headers.get(name) for name in SAME}


@pytest.mark.parametrize(("path", "allowed"), [("/v1/orders", "GET,HEAD,POST"), ("/v1/availability", "POST")])
def test_methods_that_are_allowed_are_told(attacked: Served, path: str, allowed: str) -> None:
    """HEAD among them, where GET is."""
    answer = attacked.call("PUT", path)
    assert (answer.status, answer.problem, answer.headers["Allow"]) == (405, "method-not-allowed", allowed)
    assert attacked.call("HEAD", path).status == (200 if "HEAD" in allowed else 405)


@pytest.mark.parametrize(
    ("method", "path", "status", "instance"),
    [
        ("GET", "/v1/nothing?secret=1", 404, "/v1/nothing"),
        ("GET", "/v1/orders?limit=0", 400, "/v1/orders"),
        ("GET", "/v1/orders/reseller:%C3%A9%2F%3F", 404, "/v1/orders/reseller:%C3%A9%2F%3F"),
        ("GET", "/v1/operations/none", 404, "/v1/operations/none"),
        ("PUT", "/v1/orders", 405, "/v1/orders"),
        ("POST", "/v1/orders", 415, "/v1/orders"),
        ("GET", "//attacker.example/v1/orders", 404, "/attacker.example/v1/orders"),
        ("GET", "/", 404, "/"),
    ],
)
def test_a_problem_names_what_it_is_about(
    attacked: Served, contract: PublishedContract, method: str, path: str, status: int, instance: str
) -> None:
    """The path that was asked for, as it came and without its query; never another host."""
    answer = attacked.call(method, path, key="instance" if method == "POST" else None)
    assert (answer.status, answer.body["instance"]) == (status, instance)
    assert contract.complaints(method, path, answer.status, answer.headers, answer.body) == []


def test_a_problem_that_ended_an_operation_names_the_operation(attacked: Served) -> None:
    """Also when it is replayed, so that both answers name the same occurrence."""
    order = {"reference": "I-1", "lines": [{"productId": "reseller:302-271", "quantity": 1}]}
    first, again = (attacked.call("POST", "/v1/orders", order, key="instance-1") for _ in range(2))
    assert (first.status, first.problem) == (422, "out-of-stock")
    assert first.body["instance"] == again.body["instance"] == first.body["operation"]
