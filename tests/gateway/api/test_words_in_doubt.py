"""A provider's words about an order in doubt: in the 504, its replay, the operation, and on the command line.

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
