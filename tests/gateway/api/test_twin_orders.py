"""Twin orders over the API: the header, the refusal with its link, and a held order's way out."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.operations.twins import Action, Twins
from support.running import Answered, Running, running_gateway

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
  rexel:
    adapter: rexel
    simulated: true
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A gateway with one simulated provider."""
    async with running_gateway(CONFIGURATION) as started:
        yield started


def choose(running: Running, action: Action) -> None:
    """Have the gateway do this with twins, and forget what it did before."""
    engine = running.gateway._engine
    assert engine is not None
    engine.twins = Twins(engine.journal, action, 3600.0)


async def ordered(running: Running, name: str, quantity: int, **headers: str) -> Answered:
    """Order so many of one thing; `name` is the key and the number."""
    order = {"reference": name, "lines": [{"productId": "rexel:SCH:S520059", "quantity": quantity}]}
    return await running.call("POST", "/v1/orders", order, key=name, headers=headers)


async def resolve(running: Running, operation: str, verdict: dict[str, Any], key: str) -> Answered:
    """Enter a person's verdict."""
    return await running.call("POST", f"/v1/operations/{operation}/resolution", verdict, key=key)


async def test_a_twin_is_placed_and_the_answer_says_so_each_time(running: Running) -> None:
    """The header and the link come with the first answer and with its replays; the first order has neither."""
    choose(running, "warn")
    first = await ordered(running, "W-1", 10)
    second = await ordered(running, "W-2", 10)
    replay = await ordered(running, "W-2", 10)
    assert [first.status, second.status, replay.status] == [201, 201, 201]
    assert "Ordergate-Twin" not in first.headers
    for told in (second, replay):
        assert told.headers["Ordergate-Twin"] == "warned"
        assert told.headers["Link"] == f'</v1/operations/{first.body["operation"]}>; rel="related"'


async def test_a_refused_twin_names_the_first_and_goes_through_when_it_is_meant(running: Running) -> None:
    """409 with the fate of the first; the same key with the header is placed."""
    choose(running, "reject")
    first = await ordered(running, "R-1", 20)
    refused = await ordered(running, "R-2", 20)
    assert (refused.status, refused.problem) == (409, "twin-order")
    assert (refused.body["placed"], refused.body["retry"]) == ("yes", "never")
    assert refused.body["operation"] == refused.headers["Location"] == f"/v1/operations/{first.body['operation']}"
    meant = await ordered(running, "R-2", 20, **{"Ordergate-Allow-Twin": "true"})
    assert meant.status == 201
    assert "Ordergate-Twin" not in meant.headers


async def test_only_the_word_true_allows_a_twin(running: Running) -> None:
    """A word that is not known may mean something else: nothing is placed."""
    answer = await ordered(running, "X-1", 30, **{"Ordergate-Allow-Twin": "yes"})
    assert (answer.status, answer.problem, answer.body["placed"]) == (400, "malformed-request", "no")


async def test_a_held_order_is_202_until_it_is_released_or_dropped(running: Running) -> None:
    """Nothing is sent meanwhile; the verdict is a person's, told again when it is entered again."""
    choose(running, "hold")
    await ordered(running, "H-1", 40)
    held = [await ordered(running, name, 40) for name in ("H-2", "H-3")]
    for told in held:
        assert (told.status, told.headers["Ordergate-Twin"]) == (202, "held")
        assert told.headers["Retry-After"] == "60"
        assert (told.body["state"], told.body["placed"], told.body["attempts"]) == ("held", "pending", 0)
    let_go, dropped = (told.body["id"] for told in held)

    released = await resolve(running, let_go, {"release": True}, "v1")
    assert (released.status, released.body["state"]) == (200, "accepted")
    again = await resolve(running, let_go, {"release": True}, "v1")
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    answer = await ordered(running, "H-2", 40)
    assert answer.status == 201
    # A second verdict comes too late, and nobody may read from the refusal that nothing was placed.
    late = await resolve(running, let_go, {"release": True}, "v1b")
    assert (late.status, late.problem, late.body["placed"]) == (409, "not-cancellable", "yes")
    assert late.body["operation"] == f"/v1/operations/{let_go}"

    no = await resolve(running, dropped, {"placed": "no"}, "v2")
    assert (no.status, no.body["state"], no.body["placed"]) == (200, "cancelled", "no")
    references = [one["reference"] for one in (await running.truth("rexel"))["orders"]]
    assert (references.count("H-2"), references.count("H-3")) == (1, 0)


@pytest.mark.parametrize(
    "verdict", [{}, {"release": False}, {"release": True, "placed": "no"}, {"release": True, "orderId": "rexel:1"}]
)
async def test_a_verdict_is_one_thing(running: Running, verdict: dict[str, Any]) -> None:
    """Released, placed, or not placed: anything else is refused."""
    placed = await ordered(running, "V-1", 50)
    answer = await resolve(running, placed.body["operation"], verdict, "v3")
    assert (answer.status, answer.problem) == (400, "validation-failed")
