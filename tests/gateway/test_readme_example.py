"""The caller's example of the README orders at most once, whatever is lost on either side of the gateway."""

import asyncio
import importlib.util
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pytest

from adapters.contract.simulator import Simulator
from gateway.operations.twins import Twins
from gateway.simulation import build, served
from gateway.stores import placement
from support.lossy_line import Loss, LossyLine, lossy_line
from support.running import Running, running_gateway

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "place_order.py"
ORDER = {"reference": "PO-1", "lines": [{"productId": "reseller:266-235", "quantity": 1}]}
CONFIGURATION = """\
listen:
  port: 0
admin:
  port: 0
store:
  url: sqlite:{journal}
providers:
  reseller:
    adapter: reseller
    base_url: {url}
    credentials:
      email: {email}
      password: ${{PASSWORD}}
    timeouts:
      order: 1
"""


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example as a module, with pauses that are noted in `example.pauses` instead of taken."""
    spec = importlib.util.spec_from_file_location("place_order_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    pauses: list[float] = []

    async def noted(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(module, "sleep", noted)
    monkeypatch.setattr(module, "pauses", pauses, raising=False)
    return module


@pytest.fixture
def provider() -> Simulator:
    """The provider, in this process."""
    return build("reseller", pace=0)


@pytest.fixture
async def configuration(provider: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A gateway's configuration with that provider, which is real to it; its journal lies where tests may write."""
    monkeypatch.setattr(placement, "objection", lambda *_: None)
    async with served({"reseller": provider}) as urls:
        yield CONFIGURATION.format(
            url=urls["reseller"], email=provider.credentials["email"], journal=tmp_path / "journal.db"
        )


@pytest.fixture
def environ(provider: Simulator) -> dict[str, str]:
    """The environment with the provider's password."""
    return {"PASSWORD": provider.credentials["password"]}


@pytest.fixture
async def running(configuration: str, environ: dict[str, str]) -> AsyncIterator[Running]:
    """A gateway with one provider."""
    async with running_gateway(configuration, environ) as gateway:
        yield gateway


@pytest.fixture
async def line(running: Running) -> AsyncIterator[LossyLine]:
    """A line to the gateway that loses what it is told to."""
    async with lossy_line(running.gateway.url) as between:
        yield between


@pytest.fixture
async def session(line: LossyLine) -> AsyncIterator[aiohttp.ClientSession]:
    """A caller's session through the line, a connection for each request."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(line.url, connector=connector, timeout=aiohttp.ClientTimeout(total=10)) as opened:
        yield opened


def placed_at(provider: Simulator) -> list[str]:
    """Return the reference of each order that there really is at the provider."""
    return [str(order["reference"]).partition(":")[0] for order in provider.orders()]


@pytest.mark.parametrize(
    "losses",
    [
        ["nothing"],
        ["request"],
        ["answer"],
        ["answer", "answer", "answer"],
        ["request", "answer", "request", "answer"],
    ],
)
async def test_what_is_lost_between_caller_and_gateway_costs_time_and_no_second_order(
    example: ModuleType, provider: Simulator, line: LossyLine, session: aiohttp.ClientSession, losses: list[Loss]
) -> None:
    """Each repetition has the same key, so the order is placed once and the caller learns its id."""
    line.lose(losses)
    outcome = await example.place_order(session, ORDER, "order-1")
    assert outcome.placed == "yes"
    assert outcome.order["id"].startswith("reseller:")
    assert len(example.pauses) == len([loss for loss in losses if loss != "nothing"])
    assert placed_at(provider) == ["PO-1"]


@pytest.mark.parametrize(("fault", "orders"), [("lost-reply-after", 1), ("lost-reply-before", 0), ("500", 0)])
async def test_an_unknown_outcome_stays_unknown_and_is_never_ordered_anew(
    example: ModuleType, running: Running, provider: Simulator, session: aiohttp.ClientSession, fault: str, orders: int
) -> None:
    """A reply lost at the provider: the example follows the operation and ends with unknown; one request was made."""
    provider.set_faults({fault: 1.0})
    outcome = await example.place_order(session, ORDER, "order-1")
    assert (outcome.placed, outcome.order) == ("unknown", None)
    assert outcome.problem["type"] == "/problems/outcome-unknown"
    assert outcome.problem["retry"] == "same-key"
    operation = await running.call("GET", outcome.operation)
    assert (operation.body["placed"], operation.body["attempts"]) == ("unknown", 1)
    assert example.pauses[0] == 5  # Retry-After
    truth = provider.truth()
    assert len(truth["orders"]) == orders
    assert truth["requests"]["POST /Order/create"] == 1


async def test_the_same_key_after_an_unknown_outcome_still_orders_nothing(
    example: ModuleType, provider: Simulator, session: aiohttp.ClientSession
) -> None:
    """The next day's attempt with the same key joins the operation, also when the provider works again."""
    provider.set_faults({"lost-reply-after": 1.0})
    await example.place_order(session, ORDER, "order-1", patience=0)
    provider.set_faults({})
    again = await example.place_order(session, ORDER, "order-1", patience=0)
    assert again.placed == "unknown"
    assert placed_at(provider) == ["PO-1"]


async def test_a_full_provider_is_waited_for_as_long_as_it_says(
    example: ModuleType, provider: Simulator, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After: nothing was placed, the pause is the one asked for, and the same key goes through.

    The provider asks for a second; the gateway adds a tenth at most, and tells whole seconds.
    """
    provider.set_faults({"429": 1.0})

    async def until_it_has_room(seconds: float) -> None:
        example.pauses.append(seconds)
        if len(example.pauses) == 2:
            provider.set_faults({})

    monkeypatch.setattr(example, "sleep", until_it_has_room)
    outcome = await example.place_order(session, ORDER, "order-1")
    assert outcome.placed == "yes"
    assert len(example.pauses) >= 2
    assert set(example.pauses) <= {1.0, 2.0}
    assert placed_at(provider) == ["PO-1"]


async def test_patience_ends_with_what_is_known(
    example: ModuleType, provider: Simulator, session: aiohttp.ClientSession
) -> None:
    """A provider that stays full: not placed, and the same key can be used again."""
    provider.set_faults({"429": 1.0})
    outcome = await example.place_order(session, ORDER, "order-1", patience=1)
    assert (outcome.placed, outcome.problem["retry"]) == ("no", "same-key")
    assert sum(example.pauses) <= 1
    assert placed_at(provider) == []


async def test_a_refusal_is_final_and_is_not_repeated(
    example: ModuleType, provider: Simulator, session: aiohttp.ClientSession
) -> None:
    """The provider's no needs a new key for a changed order; the gateway's own no does not use the key up."""
    gone = {**ORDER, "lines": [{"productId": "reseller:302-271", "quantity": 1}]}
    refused = await example.place_order(session, gone, "order-1")
    assert (refused.placed, refused.problem["type"]) == ("no", "/problems/out-of-stock")
    assert refused.problem["retry"] == "new-key"
    wrong = await example.place_order(session, {**ORDER, "lines": []}, "order-2")
    assert (wrong.placed, wrong.problem["retry"]) == ("no", "same-key")
    assert [one["name"] for one in wrong.problem["violations"]] == ["lines"]
    assert (await example.place_order(session, ORDER, "order-2")).placed == "yes"
    assert example.pauses == []


async def test_a_key_reference_or_twin_of_another_order_is_an_error(
    example: ModuleType, running: Running, provider: Simulator, session: aiohttp.ClientSession
) -> None:
    """What became of the other order is told, and is not taken for this one's."""
    engine = running.gateway._engine
    assert engine is not None
    engine.twins = Twins(engine.journal, "reject", 3600.0)
    await example.place_order(session, ORDER, "order-1")
    with pytest.raises(example.Conflict) as reused:
        await example.place_order(session, {**ORDER, "reference": "PO-2"}, "order-1")
    assert reused.value.problem["placed"] == "yes"
    with pytest.raises(example.Conflict) as taken:
        await example.place_order(session, ORDER, "order-2")
    assert taken.value.problem["operation"] == reused.value.problem["operation"]
    with pytest.raises(example.Conflict) as twin:
        await example.place_order(session, {**ORDER, "reference": "PO-2"}, "order-2")
    assert (twin.value.problem["placed"], twin.value.problem["operation"]) == ("yes", taken.value.problem["operation"])
    assert placed_at(provider) == ["PO-1"]


async def test_an_operation_that_the_gateway_has_forgotten_is_not_sent_again(
    example: ModuleType,
    provider: Simulator,
    session: aiohttp.ClientSession,
    line: LossyLine,
    configuration: str,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gateway without the first one's journal: its 404 means unknown, and sending again could order twice."""
    provider.set_faults({"lost-reply-after": 1.0})
    async with running_gateway(configuration.replace("journal.db", "another.db"), environ) as restarted:

        async def meanwhile(seconds: float) -> None:
            example.pauses.append(seconds)
            line.target = restarted.gateway.url
            provider.set_faults({})

        monkeypatch.setattr(example, "sleep", meanwhile)
        outcome = await example.place_order(session, ORDER, "order-1")
    assert (outcome.placed, len(example.pauses)) == ("unknown", 1)
    assert placed_at(provider) == ["PO-1"]


@pytest.mark.parametrize("seed", range(2))
async def test_forty_orders_through_everything_that_fails_are_placed_at_most_once(
    example: ModuleType, provider: Simulator, session: aiohttp.ClientSession, line: LossyLine, seed: int
) -> None:
    """What callers were told is what the provider has: yes is one order, no is none, unknown is at most one."""
    chance = random.Random(seed)
    line.lose(chance.choices(("request", "answer", "nothing"), weights=(1, 1, 2), k=120))
    kinds = ("lost-reply-before", "lost-reply-after", "429", "429-bare", "500", "truncated", "wrong-type", "reset")
    provider.set_faults(dict.fromkeys(kinds, 0.06))
    orders: list[dict[str, Any]] = [{**ORDER, "reference": f"PO-{number}"} for number in range(40)]
    outcomes = await asyncio.gather(
        *(example.place_order(session, order, f"order-{order['reference']}", patience=20) for order in orders)
    )
    placed = placed_at(provider)
    for order, outcome in zip(orders, outcomes, strict=True):
        count = placed.count(order["reference"])
        assert count <= 1, order
        assert count == {"yes": 1, "no": 0}.get(outcome.placed, count), (order, outcome)
    assert {"yes", "unknown"} <= {outcome.placed for outcome in outcomes}
