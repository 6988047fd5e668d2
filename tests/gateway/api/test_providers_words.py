"""A provider's words, and no others, stand in its name; those about an order in doubt are kept as long as it is.

Expected values: what each provider's documents say of its errors, as its simulator answers them, and as reads are told.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.operations.story import story
from gateway.stores.opening import open_journal
from support.running import CALM, Answered, Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "6b" * 32
DELIVERED_TWICE = {"name": "reseller", "status": 200, "code": "DUPLICATE_DELIVER_ID"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the journal is kept."""
    return tmp_path_factory.mktemp("journal")


def configuration(folder: Path) -> str:
    """Return a gateway with a sealed journal that outlives it."""
    return f"""\
listen:
  port: 0
admin:
  port: 0
store:
  url: sqlite:{folder}/journal.db
  ephemeral: true
  keys: {KEY}
providers:
  rexel:
    adapter: rexel
    simulated: true
{CALM}
  reseller:
    adapter: reseller
    simulated: true
{CALM}
  another:
    adapter: reseller
    simulated: true
{CALM}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(folder: Path) -> AsyncIterator[Running]:
    """A gateway with a provider that knows repetitions by their key, and two accounts at one that knows their lines."""
    async with running_gateway(configuration(folder)) as started:
        await started.call("GET", "/v1/products/rexel:SCH:S520059")  # logs in before there are faults
        yield started


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/v1/orders/reseller:abc", "No order has such an id."),
        ("/v1/products/reseller:abc", "No product has such an id."),
        ("/v1/products/rexel:nope", "Products of Rexel are {supplier code}:{reference}."),
    ],
)
async def test_what_nobody_was_asked_for_is_answered_in_our_words(running: Running, path: str, sentence: str) -> None:
    """404 with the sentence in `detail`, and nothing but the name in `provider`: nothing was sent."""
    answer = await running.call("GET", path)
    assert (answer.status, answer.problem, answer.body["detail"]) == (404, "not-found", sentence)
    assert answer.body["provider"] == {"name": path.split("/")[3].partition(":")[0]}


async def test_silence_has_no_words(running: Running) -> None:
    """A connection that breaks off is told by us."""
    await running.faults("rexel", {"reset": 1.0})
    try:
        answer = await running.call("GET", "/v1/orders/rexel:4711")
    finally:
        await running.faults("rexel", {})
    assert (answer.status, answer.problem, answer.body["provider"]) == (503, "provider-unavailable", {"name": "rexel"})
    assert answer.body["detail"] == "The connection ended before there was a whole answer."


@pytest.mark.parametrize(
    ("fault", "problem"), [("truncated", "provider-unavailable"), ("wrong-type", "provider-malformed")]
)
async def test_an_answer_that_cannot_be_read_has_its_status(running: Running, fault: str, problem: str) -> None:
    """It began with 200, and what is wrong with it, or that it broke off, is our sentence."""
    await running.faults("reseller", {fault: 1.0})
    try:
        answer = await running.call("GET", "/v1/products/reseller:266-235")
    finally:
        await running.faults("reseller", {})
    assert (answer.problem, answer.body["provider"]) == (problem, {"name": "reseller", "status": 200})
    assert answer.body["detail"].endswith(".")


async def ordered(running: Running, name: str) -> Answered:
    """Order at Rexel."""
    order = {"reference": f"PO-{name}", "lines": [{"productId": "rexel:SCH:S520059", "quantity": 10}]}
    return await running.call("POST", "/v1/orders", order, key=f"doubt-{name}")


@pytest.mark.parametrize("fault", ["500", "503", "html"])
async def test_an_order_in_doubt_is_told_in_the_words_that_a_read_is(running: Running, fault: str) -> None:
    """Status, code, message and request id: the same fault says the same to both."""
    await running.faults("rexel", {fault: 1.0})
    try:
        read = await running.call("GET", "/v1/orders/rexel:4711")
        answer = await ordered(running, fault)
    finally:
        await running.faults("rexel", {})
    words = answer.body["provider"]
    assert (answer.status, answer.problem) == (504, "outcome-unknown")
    assert words["status"] == (502 if fault == "html" else int(fault))
    assert ("message" in words) is (fault != "html")
    # Each answer has a request id of its own.
    assert {**words, "requestId": "r"} == {**read.body["provider"], "requestId": "r"}


async def test_the_words_are_replayed_and_kept_over_a_restart(running: Running, folder: Path) -> None:
    """In the replay, the operation, and what `ordergate operations show` tells; without the journal's key nowhere."""
    first = {"reference": "PO-1", "lines": [{"productId": "another:266-235", "quantity": 1}]}
    assert (await running.call("POST", "/v1/orders", first, key="first")).status == 201
    again = {"reference": "PO-1", "lines": [{"productId": "reseller:266-235", "quantity": 2}]}
    answer = await running.call("POST", "/v1/orders", again, key="second")
    words = answer.body["provider"]
    assert (answer.status, answer.problem) == (504, "outcome-unknown")
    assert {name: words[name] for name in DELIVERED_TWICE} == DELIVERED_TWICE
    replay = await running.call("POST", "/v1/orders", again, key="second")
    assert replay.body["provider"] == words
    operation = await running.call("GET", answer.body["operation"])
    assert operation.body["problem"]["provider"] == words
    # A process of its own, as the command is: it knows what is in the journal, and nothing else.
    journal = await open_journal(
        f"sqlite:{folder}/journal.db", ephemeral=True, keys=[bytes.fromhex(KEY)], folder=folder, only_reads=True
    )
    try:
        stored = await journal.get(operation.body["id"])
    finally:
        await journal.close()
    assert stored is not None
    (said,) = (one for one in story(stored, ()).splitlines() if one.startswith("said"))
    assert said.startswith("said        200, code DUPLICATE_DELIVER_ID")
    assert said.endswith(f": {words['message']}")
    files = await asyncio.to_thread(lambda: b"".join(one.read_bytes() for one in folder.glob("journal.db*")))
    assert words["message"].encode() not in files
