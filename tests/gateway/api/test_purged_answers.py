"""A replay whose answer retention has let go: the fate is told, and nothing is executed again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from support.running import Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIGURATION = """\
listen:
  port: 0
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
providers:
  reseller:
    adapter: reseller
    simulated: true
"""
GONE = "reseller:302-271"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A gateway with one simulated provider."""
    async with running_gateway(CONFIGURATION) as started:
        yield started


async def months_later(running: Running) -> None:
    """Let go what retention lets go within 31 days."""
    journal = running.gateway._journal
    assert journal is not None
    while await journal.purge(datetime.now(UTC) + timedelta(days=31)):
        pass


def order(reference: str, product: str = "reseller:266-235", quantity: int = 1) -> dict[str, Any]:
    """Return an order of so many codes."""
    return {"reference": reference, "lines": [{"productId": product, "quantity": quantity}]}


async def test_a_placed_order_is_told_by_its_operation_and_not_placed_again(running: Running) -> None:
    """200 with what is known: placed, and which order; the key still belongs to that content alone."""
    first = await running.call("POST", "/v1/orders", order("A-1"), key="A-1")
    assert first.status == 201
    await months_later(running)
    again = await running.call("POST", "/v1/orders", order("A-1"), key="A-1")
    assert again.status == 200
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == f"/v1/orders/{first.body['id']}"
    told = {name: again.body[name] for name in ("id", "state", "placed", "orderId", "responsePurged")}
    assert told == {
        "id": first.body["operation"],
        "state": "succeeded",
        "placed": "yes",
        "orderId": first.body["id"],
        "responsePurged": True,
    }
    other = await running.call("POST", "/v1/orders", order("A-2"), key="A-1")
    assert (other.status, other.problem, other.body["placed"]) == (422, "idempotency-key-reused", "yes")
    orders = (await running.truth("reseller"))["orders"]
    assert sum(one["reference"] == "A-1:A-1-1" for one in orders) == 1


async def test_a_refusal_stays_a_refusal(running: Running) -> None:
    """The provider's words are gone, its no is not."""
    first = await running.call("POST", "/v1/orders", order("B-1", GONE), key="B-1")
    assert (first.status, first.problem) == (422, "out-of-stock")
    await months_later(running)
    again = await running.call("POST", "/v1/orders", order("B-1", GONE), key="B-1")
    assert (again.status, again.problem) == (422, "rejected-by-provider")
    assert (again.body["placed"], again.body["retry"], again.body["responsePurged"]) == ("no", "new-key", True)
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_the_operation_is_still_to_be_read(running: Running) -> None:
    """Its facts stay; what was let go is said to be."""
    placed = await running.call("POST", "/v1/orders", order("C-1", quantity=2), key="C-1")
    await months_later(running)
    read = await running.call("GET", f"/v1/operations/{placed.body['operation']}")
    assert (read.status, read.body["responsePurged"], "result" in read.body) == (200, True, False)
    assert [one["kind"] for one in read.body["evidence"]] == ["claimed", "sending", "answer", "ended"]
