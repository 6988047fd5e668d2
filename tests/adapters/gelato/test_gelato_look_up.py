"""What became of an order whose answer was lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.contract.errors import MalformedResponse
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpRequest, HttpResponse, json_body


def test_an_order_whose_answer_was_lost_is_found(connector: Any, order: Callable[..., Any]) -> None:
    """The order was executed, nobody was told, and the search shows it."""
    connector.simulator.set_faults({"lost-reply-after": 1.0})
    began, wanted = connector.context, order()
    request = next(connector.adapter.place_order(wanted, began))
    reply = connector.simulator.handle(Received.of(connector.adapter.authorize(request, None)))
    assert reply.delivery == "dropped"
    connector.simulator.set_faults({})
    connector.wait(1)
    found = connector.run(connector.adapter.find_order(wanted, began.now, began))
    assert [found.id] == [f"prints:{known['id']}" for known in connector.simulator.orders()]


def test_an_order_that_was_never_placed_is_not_found(connector: Any, order: Callable[..., Any]) -> None:
    """Nothing has the reference."""
    connector.place("B-1")
    assert connector.run(connector.adapter.find_order(order("A-1"), connector.now, connector.context)) is None


def test_an_older_order_with_the_reference_is_another(connector: Any, order: Callable[..., Any]) -> None:
    """What was created before the time that is told is not what the write placed: not a second is allowed for here."""
    connector.place("A-1")
    wanted, context = order("A-1"), connector.context
    within, beyond = connector.now, connector.now + timedelta(seconds=1)
    assert connector.run(connector.adapter.find_order(wanted, within, context)) is not None
    assert connector.run(connector.adapter.find_order(wanted, beyond, context)) is None


def test_an_order_becomes_visible_within_the_time_it_settles(
    connect: Callable[..., Any], order: Callable[..., Any]
) -> None:
    """Absence is not yet proof: the trait says how long to look, how often, and what follows."""
    connector = connect(settings={"settle": 30.0}, simulation={"visibility_lag": 20.0})
    began, wanted = connector.context, order()
    connector.place()
    connector.wait(19)
    assert connector.run(connector.adapter.find_order(wanted, began.now, began)) is None
    connector.wait(1)
    assert connector.run(connector.adapter.find_order(wanted, began.now, began)) is not None
    trait = connector.adapter.traits()["place"]
    assert (trait.kind, trait.settle, trait.probes, trait.on_absent) == ("lookup", 30.0, 3, "park")


def test_a_reference_makes_as_many_orders_as_it_is_sent(connector: Any, order: Callable[..., Any]) -> None:
    """Nothing is recognised, so that a look-up has to come before anything is sent again; it finds the first."""
    began = connector.context
    first = connector.place()
    connector.wait(1)
    second = connector.place()
    assert first != second
    assert connector.run(connector.adapter.find_order(order(), began.now, began)).id == f"prints:{first}"


def test_with_prevent_duplicate_the_simulator_answers_the_first_order(connect: Callable[..., Any]) -> None:
    """What Gelato does is not documented: the trait stays a look-up."""
    connector = connect(settings={"prevent_duplicate": True})
    assert connector.place() == connector.place()
    assert connector.adapter.traits()["place"].kind == "lookup"


def test_a_search_that_ignores_the_reference_is_read_to_its_end(connector: Any, order: Callable[..., Any]) -> None:
    """Orders with other references are passed over, page after page."""
    wanted = order("A-1")
    foreign = [{"id": str(number), "orderReferenceId": f"B-{number}"} for number in range(100)]
    asked: list[HttpRequest] = []

    def exchange(request: HttpRequest) -> HttpResponse:
        asked.append(request)
        return HttpResponse(200, {}, json_body({"orders": foreign if len(asked) < 3 else foreign[:5]}))

    connector.exchange = exchange
    assert connector.run(connector.adapter.find_order(wanted, connector.now, connector.context)) is None
    assert [request.body for request in asked] == [
        json_body({"orderReferenceId": "A-1", "limit": 100, "offset": offset}) for offset in (0, 100, 200)
    ]


def test_a_search_without_end_proves_nothing(connector: Any, order: Callable[..., Any]) -> None:
    """Absence is never concluded from what was not read."""
    page = HttpResponse(200, {}, json_body({"orders": [{"id": "1", "orderReferenceId": "B"}] * 100}))
    connector.exchange = lambda _: page
    with pytest.raises(MalformedResponse):
        connector.run(connector.adapter.find_order(order(), connector.now, connector.context))
