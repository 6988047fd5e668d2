"""Writes over the API: keys, replays, conflicts, waits, and the status code as certainty."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from support.running import CALM, Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCESS = "\n      email: reseller@shop.example\n      password: simulated-password"
RESELLER = f"""\
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
{CALM}
    timeouts:
      order: 2
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway() -> AsyncIterator[Running]:
    """A gateway with one simulated provider, for all tests here."""
    async with running_gateway(RESELLER) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def running(gateway: Running) -> AsyncIterator[Running]:
    """The gateway, with a provider that has no faults."""
    yield gateway
    await gateway.faults("reseller", {})


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A key of the test's own."""
    return f"key-{abs(hash(request.node.name))}"


@pytest.fixture
def codes(key: str) -> dict[str, Any]:
    """An order with a reference of the test's own."""
    return {"reference": f"PO-{key}", "lines": [{"productId": "reseller:266-235", "quantity": 1}]}


async def placed(running: Running, order: Mapping[str, Any]) -> int:
    """Return how many orders with that reference there really are at the provider."""
    orders = (await running.truth("reseller"))["orders"]
    return sum(found["reference"].partition(":")[0] == order["reference"] for found in orders)


async def test_an_order_is_placed_once_and_its_answer_is_replayed(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """The same key and content, spelled quoted or bare, in any member order, get the first answer again."""
    first = await running.call("POST", "/v1/orders", codes, key=key)
    turned = dict(reversed(codes.items()))
    second = await running.call("POST", "/v1/orders", turned, key=f'"{key}"')
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert first.headers["Location"] == second.headers["Location"] == f"/v1/orders/{first.body['id']}"
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert await placed(running, codes) == 1


async def test_many_duplicates_at_once_are_one_order(running: Running, key: str, codes: dict[str, Any]) -> None:
    """Fifty identical requests at once place one order, and all are answered with it."""
    answers = await asyncio.gather(*(running.call("POST", "/v1/orders", codes, key=key) for _ in range(50)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert await placed(running, codes) == 1


async def test_the_same_key_with_another_content_is_refused_with_the_fate_of_the_first(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """422, `placed` of the first operation, a link to it, and nothing is sent."""
    first = await running.call("POST", "/v1/orders", codes, key=key)
    other = {**codes, "lines": [{"productId": "reseller:266-235", "quantity": 2}]}
    second = await running.call("POST", "/v1/orders", other, key=key)
    assert (second.status, second.problem) == (422, "idempotency-key-reused")
    assert second.body["placed"] == "yes"
    assert second.body["operation"] == f"/v1/operations/{first.body['operation']}"
    assert await placed(running, codes) == 1


async def test_the_same_key_on_another_endpoint_is_refused(running: Running, key: str, codes: dict[str, Any]) -> None:
    """The key names one intended write, whatever the endpoint."""
    first = await running.call("POST", "/v1/orders", codes, key=key)
    second = await running.call("POST", f"/v1/orders/{first.body['id']}/cancellation", {}, key=key)
    assert second.problem == "idempotency-key-reused"


async def test_another_key_with_the_same_reference_is_refused(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """A reference names one live or placed order."""
    await running.call("POST", "/v1/orders", codes, key=key)
    second = await running.call("POST", "/v1/orders", codes, key=f"{key}-other")
    assert (second.status, second.problem, second.body["placed"]) == (409, "duplicate-order-reference", "yes")
    assert await placed(running, codes) == 1


async def test_a_refusal_does_not_use_the_key_up(running: Running, key: str, codes: dict[str, Any]) -> None:
    """What the gateway refuses can be mended and sent again with the same key."""
    wrong = {**codes, "lines": [{"productId": "reseller:266-235", "quantity": 0}]}
    refused = await running.call("POST", "/v1/orders", wrong, key=key)
    assert (refused.status, refused.body["placed"], refused.body["retry"]) == (400, "no", "same-key")
    assert [one["name"] for one in refused.body["violations"]] == ["lines[0].quantity"]
    mended = await running.call("POST", "/v1/orders", codes, key=key)
    assert mended.status == 201


async def test_a_verdict_of_the_provider_is_final_for_its_key(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """Out of stock is replayed; the reference is free again for another key."""
    gone = {**codes, "lines": [{"productId": "reseller:302-271", "quantity": 1}]}
    first = await running.call("POST", "/v1/orders", gone, key=key)
    second = await running.call("POST", "/v1/orders", gone, key=key)
    assert (first.status, first.problem) == (422, "out-of-stock")
    assert (first.body["placed"], first.body["retry"]) == ("no", "new-key")
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (await running.call("POST", "/v1/orders", codes, key=f"{key}-other")).status == 201


@pytest.mark.parametrize(
    ("fault", "status", "problem", "fate"),
    [
        ("lost-reply-before", 504, "outcome-unknown", "unknown"),
        ("lost-reply-after", 504, "outcome-unknown", "unknown"),
        ("reset", 504, "outcome-unknown", "unknown"),
        ("slow", 504, "outcome-unknown", "unknown"),
        ("500", 504, "outcome-unknown", "unknown"),
        ("503", 504, "outcome-unknown", "unknown"),
        ("html", 504, "outcome-unknown", "unknown"),
        ("429", 503, "provider-capacity", "no"),
        ("429-bare", 503, "provider-capacity", "no"),
    ],
)
async def test_what_cannot_be_told_is_504_and_what_was_not_done_is_503(
    running: Running, key: str, codes: dict[str, Any], fault: str, status: int, problem: str, fate: str
) -> None:
    """After a byte was sent only a clear answer is believed; no 500 or 502 is ever answered for an order."""
    await running.faults("reseller", {fault: 1.0})
    answer = await running.call("POST", "/v1/orders", codes, key=key)
    assert (answer.status, answer.problem, answer.body["placed"]) == (status, problem, fate)
    assert answer.body["retry"] == "same-key"
    operation = await running.call("GET", answer.body["operation"])
    assert operation.body["placed"] == fate
    assert await placed(running, codes) == (fault in {"lost-reply-after", "slow"})


@pytest.mark.parametrize("fault", ["truncated", "wrong-type"])
async def test_an_unreadable_success_leaves_doubt_where_the_body_was_to_tell(
    running: Running, key: str, codes: dict[str, Any], fault: str
) -> None:
    """At this provider 200 may be a refusal (`success: false`): without the body nobody knows."""
    await running.faults("reseller", {fault: 1.0})
    answer = await running.call("POST", "/v1/orders", codes, key=key)
    assert await placed(running, codes) == 1
    assert (answer.status, answer.problem, answer.body["placed"]) == (504, "outcome-unknown", "unknown")


async def test_an_unknown_outcome_is_never_sent_again(running: Running, key: str, codes: dict[str, Any]) -> None:
    """Repeating with the same key joins the operation, and the provider sees one request."""
    await running.faults("reseller", {"lost-reply-after": 1.0})
    await running.call("POST", "/v1/orders", codes, key=key)
    await running.faults("reseller", {})
    again = await running.call("POST", "/v1/orders", codes, key=key)
    assert (again.status, again.problem) == (504, "outcome-unknown")
    assert await placed(running, codes) == 1


async def test_what_was_not_executed_is_done_under_the_same_key(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """After a 429 the key is not used up: the same request places the order."""
    await running.faults("reseller", {"429": 1.0})
    refused = await running.call("POST", "/v1/orders", codes, key=key)
    assert int(refused.headers["Retry-After"]) >= 1
    await running.faults("reseller", {})
    answer = await running.call("POST", "/v1/orders", codes, key=key)
    assert answer.status == 201
    assert await placed(running, codes) == 1


async def test_respond_async_answers_at_once_and_the_operation_tells_the_rest(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """202 with a Location; reading the operation leads to the order."""
    answer = await running.call("POST", "/v1/orders", codes, key=key, headers={"Prefer": "respond-async"})
    assert answer.status == 202
    assert answer.headers["Preference-Applied"] == "respond-async"
    joined = await running.call("POST", "/v1/orders", codes, key=key)
    assert joined.status == 201
    operation = await running.call("GET", answer.headers["Location"])
    assert (operation.body["state"], operation.body["placed"]) == ("succeeded", "yes")
    assert operation.body["result"] == joined.body


@pytest.mark.parametrize("prefer", ["handling=lenient", "wait=soon", "return=minimal"])
async def test_a_preference_that_is_not_known_is_refused(
    running: Running, key: str, codes: dict[str, Any], prefer: str
) -> None:
    """A preference may change the meaning; nothing is placed on a guess."""
    answer = await running.call("POST", "/v1/orders", codes, key=key, headers={"Prefer": prefer})
    assert (answer.status, answer.body["placed"]) == (400, "no")
    assert await placed(running, codes) == 0


async def test_a_caller_who_hangs_up_cancels_nothing(running: Running, key: str, codes: dict[str, Any]) -> None:
    """The operation goes on without its caller, and the order is found by its key."""
    task = asyncio.create_task(running.call("POST", "/v1/orders", codes, key=key))
    for _ in range(1000):
        mine = await running.call("GET", f"/v1/operations?reference={codes['reference']}")
        if mine.body["items"]:
            break
    task.cancel()
    joined = await running.call("POST", "/v1/orders", codes, key=key)
    assert joined.status == 201
    found = await running.call("GET", f"/v1/orders?idempotency-key={key}")
    assert [order["id"] for order in found.body["items"]] == [joined.body["id"]]


async def test_a_write_without_a_key_is_refused(running: Running, key: str, codes: dict[str, Any]) -> None:
    """No key, an unreadable key, or two of them: 400, nothing sent."""
    assert (await running.call("POST", "/v1/orders", codes)).problem == "idempotency-key-missing"
    assert (await running.call("POST", "/v1/orders", codes, key="a b")).problem == "idempotency-key-invalid"
    assert await placed(running, codes) == 0


async def test_a_faulty_repetition_is_told_the_fate_of_the_first(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """A preference that is not known is refused; that the order is placed stays true."""
    first = await running.call("POST", "/v1/orders", codes, key=key)
    again = await running.call("POST", "/v1/orders", codes, key=key, headers={"Prefer": "return=minimal"})
    assert (again.status, again.body["placed"]) == (400, "yes")
    assert again.body["operation"] == f"/v1/operations/{first.body['operation']}"


async def test_options_for_another_adapter_are_refused(running: Running, key: str, codes: dict[str, Any]) -> None:
    """Nothing is dropped silently, a misspelt name neither."""
    answer = await running.call("POST", "/v1/orders", {**codes, "providerOptions": {"resellr": {"x": 1}}}, key=key)
    assert [one["name"] for one in answer.body["violations"]] == ["providerOptions.resellr"]
    assert await placed(running, codes) == 0


async def test_a_placed_operation_cannot_be_withdrawn_and_says_so(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """409 with the truth about the order."""
    first = await running.call("POST", "/v1/orders", codes, key=key)
    path = f"/v1/operations/{first.body['operation']}"
    answer = await running.call("DELETE", path, key=f"{key}-withdraw")
    assert (answer.status, answer.problem, answer.body["placed"]) == (409, "not-cancellable", "yes")


async def test_an_order_without_an_id_is_found_by_its_key_as_open(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """An empty list would say that there is none; what is not known is said with the operation to follow."""
    await running.faults("reseller", {"lost-reply-after": 1.0})
    unknown = await running.call("POST", "/v1/orders", codes, key=key)
    await running.faults("reseller", {})
    found = await running.call("GET", f"/v1/orders?idempotency-key={key}")
    assert found.body["items"] == []
    problem = found.body["incomplete"][0]["problem"]
    assert (problem["placed"], problem["operation"]) == ("unknown", unknown.body["operation"])
    assert (await running.call("GET", f"/v1/orders?idempotency-key={key}&status=shipped")).status == 400


async def test_a_reference_the_provider_knows_already_is_not_told_as_not_placed(
    running: Running, key: str, codes: dict[str, Any]
) -> None:
    """The order that has it may be ours, from before a restart that forgot: nobody is told to order anew."""
    url = running.gateway.simulator_urls["reseller"]
    await running.call("POST", "/v1/orders", codes, key=key)
    async with running_gateway(
        RESELLER.replace("simulated: true", f"base_url: {url}\n    credentials:{ACCESS}")
    ) as other:
        answer = await other.call("POST", "/v1/orders", codes, key=key)
    assert (answer.status, answer.problem, answer.body["placed"]) == (504, "outcome-unknown", "unknown")
    assert answer.body["retry"] == "same-key"
