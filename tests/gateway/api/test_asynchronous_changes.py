"""Changes that a provider carries out later: bol's cancellations and shipments, line by line."""

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
  bol:
    adapter: bol
    simulated: true
{CALM}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A gateway with bol, whose processes end at once."""
    async with running_gateway(CONFIGURATION) as started:
        yield started


async def open_orders(running: Running) -> list[str]:
    """Return the ids of customers' orders that nothing happened to yet."""
    answer = await running.call("GET", "/v1/orders?provider=bol&status=accepted&limit=50")
    return [order["id"] for order in answer.body["items"]]


async def test_a_cancellation_ends_when_its_processes_end(running: Running) -> None:
    """200 with each line done and its process; the order is cancelled then."""
    order = (await open_orders(running))[0]
    answer = await running.call("POST", f"/v1/orders/{order}/cancellation", {"reason": "outOfStock"}, key="async-1")
    assert (answer.status, answer.body["state"]) == (200, "done")
    assert all(part["state"] == "done" and part["process"] for part in answer.body["parts"])
    assert (await running.call("GET", f"/v1/orders/{order}")).body["status"] == "cancelled"
    again = await running.call("POST", f"/v1/orders/{order}/cancellation", {"reason": "outOfStock"}, key="async-1")
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")


async def test_what_we_conclude_is_not_told_as_the_providers_words(running: Running) -> None:
    """Bol was not asked to cancel what it says is cancelled: the sentence is ours, and so it is `detail`."""
    order = (await open_orders(running))[0]
    path, body = f"/v1/orders/{order}/cancellation", {"reason": "outOfStock"}
    assert (await running.call("POST", path, body, key="twice-1")).status == 200
    answer = await running.call("POST", path, body, key="twice-2")
    assert (answer.status, answer.problem, answer.body["placed"]) == (409, "not-cancellable", "no")
    assert answer.body["detail"] == "Every item is already shipped or cancelled."
    assert answer.body["provider"] == {"name": "bol"}


async def test_a_caller_who_does_not_wait_follows_the_operation(running: Running) -> None:
    """202 first; the operation is pending with its next check, then succeeded with the result."""
    order = (await open_orders(running))[0]
    path, body = f"/v1/orders/{order}/cancellation", {"reason": "outOfStock"}
    answer = await running.call("POST", path, body, key="async-2", headers={"Prefer": "respond-async"})
    assert (answer.status, answer.body["placed"]) == (202, "pending")
    operation = answer.headers["Location"]
    ended = await running.call("POST", path, body, key="async-2", headers={"Prefer": "wait=20"})
    assert ended.status == 200
    told = await running.call("GET", operation)
    assert (told.body["state"], told.body["placed"], told.body["result"]["state"]) == ("succeeded", "yes", "done")
    assert "nextCheckAt" not in told.body


async def test_lost_answers_leave_a_cancellation_unknown(running: Running) -> None:
    """Each line whose answer was lost may have been cancelled: 504, and nothing is sent again."""
    order = (await open_orders(running))[0]
    lines = (await running.call("GET", f"/v1/orders/{order}")).body["lines"]
    await running.faults("bol", {})
    body = {"reason": "outOfStock", "lines": [{"id": lines[0]["id"]}]}
    await running.faults("bol", {"lost-reply-after": 1.0})
    try:
        answer = await running.call("POST", f"/v1/orders/{order}/cancellation", body, key="async-3")
    finally:
        await running.faults("bol", {})
    assert (answer.status, answer.problem) in {(504, "outcome-unknown"), (503, "provider-unavailable")}
    assert answer.body["placed"] == ("unknown" if answer.status == 504 else "no")


async def test_an_order_that_is_not_there_is_404(running: Running) -> None:
    """The provider's verdict on an id, before anything is changed."""
    answer = await running.call("POST", "/v1/orders/bol:A9NOSUCH99/cancellation", {}, key="async-4")
    assert (answer.status, answer.problem, answer.body["placed"]) == (404, "not-found", "no")
