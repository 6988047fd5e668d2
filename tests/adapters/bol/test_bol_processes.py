"""A process is asked for until its end, by id, in bulk or by what it is about, and never after bol has forgotten it."""

from typing import Any

import pytest

from adapters.bol.processes import state_of
from adapters.contract.errors import UnsupportedOperation
from adapters.contract.models.requests import NewCancellation, NewShipment

PACE = 5.0
DAY = 24 * 3600.0
FAILING, TOO_SLOW, SLOW_BUT_DONE = "2000000099026", "2000000099033", "2000000099040"


def start(shop: Any, ean: str) -> tuple[str, str, str]:
    """Cancel a new order of one product; return order, item and process."""
    body = f'{{"lines": [{{"ean": "{ean}", "quantity": 1}}]}}'.encode()
    order_id = shop.ask("POST", "/_simulator/orders", body).object()["id"]
    change = shop.run(shop.adapter.cancel_order(order_id, NewCancellation(), shop.context))
    return order_id, change.parts[0].id, change.parts[0].process


@pytest.mark.parametrize(
    ("ean", "state", "status"),
    [
        ("0000007740404", "succeeded", "cancelled"),
        (FAILING, "failed", "accepted"),
        (TOO_SLOW, "timeout", "accepted"),
        (SLOW_BUT_DONE, "timeout", "cancelled"),
    ],
)
def test_a_process_ends_in_one_of_three_ways(shop: Any, ean: str, state: str, status: str) -> None:
    """SUCCESS, FAILURE and TIMEOUT are ends; a TIMEOUT says nothing about what happened."""
    order_id, item, process = start(shop, ean)
    shop.wait(PACE)
    (found,) = shop.run(shop.adapter.poll([process]))
    assert (found.state, found.entity_id, found.final) == (state, item, False)
    assert (found.message is None) is (state == "succeeded")
    assert shop.run(shop.adapter.get_order(order_id)).status == status


def test_one_process_is_asked_for_by_id_and_many_in_bulk(shop: Any) -> None:
    """Answers come in the order of the questions, the same question twice included, and what is missing is gone."""
    processes = [start(shop, "0000007740404")[2] for _ in range(3)]
    shop.sent.clear()
    shop.run(shop.adapter.poll(processes[:1]))
    states = shop.run(shop.adapter.poll([processes[2], "unknown", processes[0], processes[2]]))
    assert [(state.id, state.state) for state in states] == [
        (processes[2], "pending"),
        ("unknown", "gone"),
        (processes[0], "pending"),
        (processes[2], "pending"),
    ]
    assert [(request.method, request.route) for request, _ in shop.sent] == [
        ("GET", "/shared/process-status/{process_id}"),
        ("POST", "/shared/process-status"),
    ]
    assert all(request.effect == "read" for request, _ in shop.sent)
    assert shop.run(shop.adapter.poll([])) == ()


def test_more_than_a_thousand_processes_are_asked_for_in_several_requests(shop: Any) -> None:
    """The bulk request takes 1 to 1000 ids (Shared API v10 spec)."""
    shop.run(shop.adapter.poll([]))
    shop.sent.clear()
    states = shop.run(shop.adapter.poll([f"p{number}" for number in range(1001)]))
    assert len(states) == 1001
    assert len(shop.sent) == 2


def test_a_process_is_kept_for_a_day_after_its_end_and_then_gone(shop: Any) -> None:
    """After the retention bol answers 404, or leaves it out: that says nothing, and is the end of asking."""
    _, _, process = start(shop, "0000007740404")
    shop.wait(PACE)
    assert shop.run(shop.adapter.poll([process]))[0].state == "succeeded"
    shop.wait(DAY)
    shop.token = None
    assert shop.run(shop.adapter.poll([process]))[0].state == "succeeded"
    shop.wait(PACE)
    assert shop.run(shop.adapter.poll([process]))[0].state == "gone"
    assert {state.state for state in shop.run(shop.adapter.poll([process, "other"]))} == {"gone"}


def test_a_cancellation_is_found_by_its_item_at_once(shop: Any) -> None:
    """The answer may be lost: the entity of a change is known from the beginning, and the newest comes first."""
    order_id, item, first = start(shop, FAILING)
    shop.wait(PACE)
    change = shop.run(shop.adapter.cancel_order(order_id, NewCancellation(), shop.context))
    found = shop.run(shop.adapter.find_processes(item, "cancel"))
    assert [(state.id, state.state) for state in found] == [(change.parts[0].process, "pending"), (first, "failed")]
    assert shop.run(shop.adapter.find_processes(item, "confirm_shipment")) == ()


def test_a_shipment_is_found_by_its_item_when_it_has_succeeded(shop: Any) -> None:
    """The entity of a creation is absent while it is pending (API Conventions, Asynchronous Processing)."""
    body = b'{"lines": [{"ean": "0000007740404", "quantity": 1}]}'
    created = shop.ask("POST", "/_simulator/orders", body).object()
    item = created["items"][0]["id"]
    change = shop.run(shop.adapter.confirm_shipment(created["id"], NewShipment(), shop.context))
    assert shop.run(shop.adapter.find_processes(item, "confirm_shipment")) == ()
    shop.wait(PACE)
    found = shop.run(shop.adapter.find_processes(item, "confirm_shipment"))
    assert [(state.id, state.state) for state in found] == [(change.parts[0].process, "succeeded")]


def test_a_step_that_starts_no_process_is_not_looked_for(shop: Any) -> None:
    """Only cancelling, shipping and changing a transport are asynchronous here."""
    with pytest.raises(UnsupportedOperation):
        shop.run(shop.adapter.find_processes("1", "place"))


def test_an_unknown_status_is_not_an_end() -> None:
    """Neither success nor failure: it is worth another look."""
    assert state_of({"status": "PAUSED"}, "1").state == "pending"
    assert state_of({"status": 7, "errorMessage": []}, "1").state == "pending"


def test_every_step_that_changes_something_has_a_trait_with_a_source(shop: Any) -> None:
    """How the fate of a lost answer is found out is declared, and never taken for granted."""
    body = b'{"lines": [{"ean": "0000007740404", "quantity": 1}]}'
    order_id = shop.ask("POST", "/_simulator/orders", body).object()["id"]
    shop.run(shop.adapter.confirm_shipment(order_id, NewShipment(), shop.context))
    start(shop, "0000007740404")
    steps = {request.step for request, _ in shop.sent if request.effect == "commit"}
    assert steps <= set(shop.adapter.traits())
    assert {trait.kind for trait in shop.adapter.traits().values()} == {"async"}
    assert all("API Conventions" in trait.source for trait in shop.adapter.traits().values())
