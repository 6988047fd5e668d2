"""A success status proves that an order was placed, where the provider says so by status."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support.running import CALM, Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIGURATION = f"""\
listen:
  port: 0
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
providers:
  rexel:
    adapter: rexel
    simulated: true
{CALM}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A gateway with one provider, which answers 200 for an order and 4xx for a refusal."""
    async with running_gateway(CONFIGURATION) as started:
        yield started


@pytest.mark.parametrize("fault", ["truncated", "wrong-type"])
async def test_the_order_is_placed_and_its_id_is_still_to_be_found(running: Running, fault: str) -> None:
    """202 with the operation, `placed: yes`, and the same key never orders again."""
    order = {"reference": f"PO-{fault}", "lines": [{"productId": "rexel:SCH:S520059", "quantity": 10}]}
    await running.call("GET", "/v1/products/rexel:SCH:S520059")  # logs in before there are faults
    await running.faults("rexel", {fault: 1.0})
    try:
        answer = await running.call("POST", "/v1/orders", order, key=f"unreadable-{fault}")
    finally:
        await running.faults("rexel", {})
    assert (answer.status, answer.body["placed"], answer.body["state"]) == (202, "yes", "succeeded")
    assert answer.headers["Location"] == f"/v1/operations/{answer.body['id']}"
    again = await running.call("POST", "/v1/orders", order, key=f"unreadable-{fault}")
    # Its id may have been found meanwhile.
    assert again.status == 201 or (again.status, again.body["placed"]) == (202, "yes")
    orders = (await running.truth("rexel"))["orders"]
    assert sum(found["reference"] == order["reference"] for found in orders) == 1
