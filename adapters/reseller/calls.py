"""The requests that leave, without credentials: JSON asked for, JSON sent, effect and step named."""

from collections.abc import Mapping
from typing import Any

from adapters.contract.errors import ProviderError
from adapters.contract.flow import Answer
from adapters.contract.wire import JSON, Effect, HttpRequest, HttpResponse, Pairs, json_body

LIST_PRODUCTS = "/Products/List"


def get(route: str, path_values: Mapping[str, str] | None = None, query: Pairs = ()) -> HttpRequest:
    """Return a read by GET."""
    return HttpRequest("GET", route, path_values or {}, query, {"accept": JSON})


def post(
    route: str,
    body: Mapping[str, Any] | None = None,
    *,
    path_values: Mapping[str, str] | None = None,
    query: Pairs = (),
    effect: Effect = "read",
    step: str = "read",
) -> HttpRequest:
    """Return a POST: with a JSON body, or with none where the parameters stand in the query string."""
    content = None if body is None else json_body(body)
    headers = {"accept": JSON, "content-type": JSON}
    return HttpRequest("POST", route, path_values or {}, query, headers, content, effect, step)


def products_page(parameters: Pairs) -> HttpRequest:
    """Return List Products: a read by POST, its parameters in the query string."""
    return post(LIST_PRODUCTS, query=parameters)


def product_detail(product: int) -> HttpRequest:
    """Return Get Product Detail."""
    return post("/Products/Detail/{productID}", path_values={"productID": str(product)})


def orders_page(page: int, size: int) -> HttpRequest:
    """Return List Orders."""
    return post("/Order/customer/list", {"page": page, "pageSize": size})


def order_line(line: int) -> HttpRequest:
    """Return Get Order Detail, which reads one line."""
    return get("/Order/detail/{orderDetailID}", {"orderDetailID": str(line)})


def whole_order(order: int) -> HttpRequest:
    """Return the read of an order by its own id, for orders whose lines are not known.

    The documentation does not name it; a public client uses it.
    """
    return get("/Order/Get", query=(("orderID", str(order)),))


def answered(answer: Answer) -> HttpResponse:
    """Return one response of several. Raises the error that came instead."""
    if isinstance(answer, ProviderError):
        raise answer
    return answer
