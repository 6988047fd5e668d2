"""Answers that are not in the order one would like: lists that are not newest first, articles asked for twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.contract import codec, flow
from adapters.contract.errors import Unavailable
from adapters.contract.models.requests import AvailabilityItem, NewOrder
from adapters.contract.wire import HttpRequest, HttpResponse
from support.cases import CONTEXT, NOW, build

ADAPTER = build("rexel", {}, {}, None)
LINE = {"supplierCode": "SCH", "supplierComRef": "APCRBCV202", "quantity": 1}


def row(number: int, age: float, reference: str = "other") -> dict[str, Any]:
    created = (NOW - timedelta(seconds=age)).isoformat()
    return {"id": str(number), "createdAt": created, "reference": reference, "items": [LINE]}


def found(pages: Callable[[int], list[dict[str, Any]]]) -> tuple[Any, int]:
    """Look an order up in a list of pages; return it and how many pages were read."""
    read = 0

    def exchange(request: HttpRequest) -> HttpResponse:
        nonlocal read
        read += 1
        return HttpResponse(200, {}, codec.encode({"orders": pages(int(dict(request.query)["page"]))}))

    order = NewOrder.model_validate({"reference": "PO-1", "lines": [{"productId": "SCH:APCRBCV202", "quantity": 1}]})
    return flow.run(ADAPTER.find_order(order, NOW, CONTEXT), exchange), read


def test_an_old_order_does_not_end_the_look_up_of_an_unsorted_list() -> None:
    """A page that ends with an old order proves nothing while the list is not newest first."""
    unsorted = [row(number, age) for number, age in enumerate([500, 0] * 49 + [0, 5000])]
    order, read = found(lambda page: unsorted if page == 0 else [row(1000, 0, "PO-1")])
    assert (order.id, read) == ("rexel:1000", 2)


def test_an_old_order_ends_the_look_up_of_a_list_that_is_newest_first() -> None:
    """Nobody reads thousands of old orders to learn that a new one is not among them."""
    order, read = found(lambda page: [row(page * 100 + number, number * 10 + 1) for number in range(100)])
    assert (order, read) == (None, 1)


def test_a_look_up_that_cannot_be_finished_does_not_say_absent() -> None:
    """After fifty pages without an end, absence is not proven: the look-up fails instead of answering None."""
    with pytest.raises(Unavailable):
        found(lambda page: [row(page * 100 + number, 0) for number in range(100)])


def test_an_article_asked_for_twice_has_two_prices() -> None:
    """Quantities may have prices of their own; the answers to one article are taken in order."""
    items = [AvailabilityItem(product_id="SCH:APCRBCV202", quantity=quantity) for quantity in (1, 100)]
    rows = [{**LINE, "clientNetPrice": "10,00"}, {**LINE, "clientNetPrice": "8,50"}]
    answers = {"prices": {"productSalePricesExt": {"productDetails": rows}}, "stock": {"getPositionsExt": {}}}
    result = flow.run(
        ADAPTER.check_availability(items, NOW),
        lambda request: HttpResponse(200, {}, codec.encode(answers[request.step])),
    )
    assert [answer.price.amount for answer in result if answer.price] == ["10.00", "8.50"]
