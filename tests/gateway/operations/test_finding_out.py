"""What becomes of writes whose answer was lost: found out by each provider's own means, without a second order."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from support.running import CALM, Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIGURATION = """\
listen:
  port: 0
admin:
  port: 0
store:
  url: sqlite:{folder}/journal.db
  ephemeral: true
providers:
  bol:
    adapter: bol
    simulated: true
    timeouts:
      order: 1
{calm}
  gelato:
    adapter: gelato
    simulated: true
    settle: 1
    timeouts:
      order: 1
{calm}
  rexel:
    adapter: rexel
    simulated: true
    timeouts:
      order: 1
{calm}
  reseller:
    adapter: reseller
    simulated: true
    settle: 1
    timeouts:
      order: 1
{calm}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """A gateway with a journal in a file, and providers that can be asked."""
    folder: Path = tmp_path_factory.mktemp("journal")
    async with running_gateway(CONFIGURATION.format(folder=folder, calm=CALM)) as started:
        yield started


async def ended(running: Running, operation: str) -> dict[str, Any]:
    """Return the operation when it is not in doubt any more."""
    async with asyncio.timeout(20):
        while True:
            answer = await running.call("GET", operation)
            if answer.body["state"] not in {"unknown", "sending", "pending", "accepted"}:
                found: dict[str, Any] = answer.body
                return found
            await asyncio.sleep(0.05)


def order_of(provider: str, reference: str) -> dict[str, Any]:
    """Return a small order for the provider."""
    line: dict[str, Any] = {
        "gelato": {
            "productId": "gelato:flat_product_pf_a4_pt_200-gsm-uncoated_cl_4-0_ct_none_prt_none_sft_none_set_none_hor",
            "quantity": 1,
            "files": [{"role": "default", "url": "https://files.example.com/poster.pdf"}],
        },
        "rexel": {"productId": "rexel:SCH:S520059", "quantity": 10},
        "reseller": {"productId": "reseller:266-235", "quantity": 1},
    }[provider]
    address = {
        "firstName": "Ada",
        "lastName": "Lovelace",
        "line1": "Unter den Linden 6",
        "city": "Berlin",
        "postalCode": "10117",
        "country": "DE",
        "email": "ada@example.com",
        "phone": "+4930123456",
    }
    return {"reference": reference, "lines": [line]} | (
        {"shipTo": address, "currency": "EUR"} if provider == "gelato" else {}
    )


async def orders(running: Running, provider: str, reference: str) -> int:
    """Return how many orders with that reference there really are."""
    truth = await running.truth(provider)
    return sum(str(one["reference"]).startswith(reference) for one in truth["orders"])


@pytest.mark.parametrize("provider", ["gelato", "rexel", "reseller"])
async def test_an_order_whose_answer_was_lost_is_found(running: Running, provider: str) -> None:
    """504 first; then the provider is asked (or sent the same key again), and the same key is answered 201."""
    order, key = order_of(provider, f"LOST-{provider}"), f"lost-{provider}"
    await running.call("GET", f"/v1/orders?provider={provider}&limit=1")  # logs in before there are faults
    await running.faults(provider, {"lost-reply-after": 1.0})
    try:
        answer = await running.call("POST", "/v1/orders", order, key=key)
    finally:
        await running.faults(provider, {})
    assert (answer.status, answer.problem, answer.body["placed"]) == (504, "outcome-unknown", "unknown")
    found = await ended(running, answer.body["operation"])
    assert (found["state"], found["placed"]) == ("succeeded", "yes"), found
    again = await running.call("POST", "/v1/orders", order, key=key)
    assert (again.status, again.body["id"]) == (201, found["orderId"])
    assert await orders(running, provider, f"LOST-{provider}") == 1


async def test_an_order_that_never_arrived_is_sent_again_where_the_key_is_recognised(running: Running) -> None:
    """Rexel recognises our key, so the same bytes are sent again until one comes through."""
    order = order_of("rexel", "NEVER-rexel")
    await running.faults("rexel", {"lost-reply-before": 1.0})
    try:
        answer = await running.call("POST", "/v1/orders", order, key="never-rexel")
    finally:
        await running.faults("rexel", {})
    assert answer.status == 504
    assert (await ended(running, answer.body["operation"]))["state"] == "succeeded"
    assert await orders(running, "rexel", "NEVER-rexel") == 1


async def test_an_order_that_never_arrived_is_parked_where_absence_cannot_be_proven(running: Running) -> None:
    """Three look-ups over the time to settle found nothing: a person decides, and may enter the verdict."""
    order = order_of("gelato", "NEVER-gelato")
    await running.faults("gelato", {"lost-reply-before": 1.0})
    try:
        answer = await running.call("POST", "/v1/orders", order, key="never-gelato")
    finally:
        await running.faults("gelato", {})
    operation = answer.body["operation"]
    # The request may still arrive: who looks at the provider now sees nothing of it.
    early = await running.call("POST", f"{operation}/resolution", {"placed": "no"}, key="verdict-0")
    assert (early.status, early.problem, early.body["placed"]) == (409, "request-in-progress", "unknown")
    assert early.headers["Retry-After"] == "1"
    parked = await ended(running, operation)
    assert (parked["state"], parked["placed"]) == ("parked", "unknown")
    assert sum(one["verdict"] == "absent" for one in parked["evidence"]) >= 3
    half = await running.call("POST", f"{operation}/resolution", {"placed": "yes"}, key="verdict-1")
    assert (half.status, half.problem) == (400, "validation-failed")
    assert half.body["violations"] == [{"name": "orderId", "reason": "required when placed is yes"}]
    verdict = {"placed": "no"}
    told = await running.call("POST", f"{operation}/resolution", verdict, key="verdict-1")
    assert (told.status, told.body["state"], told.body["placed"]) == (200, "failed", "no")
    again = await running.call("POST", f"{operation}/resolution", verdict, key="verdict-1")
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    other = await running.call("POST", f"{operation}/resolution", verdict, key="verdict-2")
    assert (other.status, other.problem) == (409, "not-cancellable")
    assert (await running.call("POST", "/v1/orders", order, key="never-gelato")).status == 422


async def test_a_cancellation_whose_answer_was_lost_is_found_by_its_process(running: Running) -> None:
    """Bol is asked for processes about the order item; the one found is followed to its end."""
    listed = await running.call("GET", "/v1/orders?provider=bol&status=accepted&limit=5")
    order = listed.body["items"][0]["id"]
    lines = (await running.call("GET", f"/v1/orders/{order}")).body["lines"]
    await running.faults("bol", {"lost-reply-after": 0.0})
    body = {"reason": "outOfStock", "lines": [{"id": lines[0]["id"]}]}
    answer = await _with_the_second_answer_lost(running, order, body)
    assert answer["placed"] in {"unknown", "pending"}
    found = await ended(running, f"/v1/operations/{answer['operationId']}")
    assert found["state"] == "succeeded", found
    after = (await running.call("GET", f"/v1/orders/{order}")).body["lines"]
    assert next(line for line in after if line["id"] == lines[0]["id"])["status"] == "cancelled"


async def _with_the_second_answer_lost(running: Running, order: str, body: dict[str, Any]) -> dict[str, Any]:
    """Cancel; the order is read first, and that answer must arrive, so faults begin when the read is over."""
    path, key = f"/v1/orders/{order}/cancellation", "lost-bol"
    before = sum((await running.truth("bol"))["requests"].values())
    sending = asyncio.create_task(running.call("POST", path, body, key=key))
    async with asyncio.timeout(10):
        while sum((await running.truth("bol"))["requests"].values()) == before:  # noqa: ASYNC110 - the simulator has no event
            await asyncio.sleep(0)
    await running.faults("bol", {"lost-reply-after": 1.0})
    try:
        answer = await sending
    finally:
        await running.faults("bol", {})
    operations = await running.call("GET", "/v1/operations?provider=bol&limit=1")
    return {"placed": answer.body.get("placed", "yes"), "operationId": operations.body["items"][0]["id"]}
