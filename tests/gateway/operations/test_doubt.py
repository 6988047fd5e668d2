"""What the worker makes of an answer that was lost: by the provider's traits, and never a second order."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from adapters.contract.flow import Flow
from adapters.contract.models.resources import Order
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.providers.provider import Provider
from policies.journal import Change, Operation
from support.scripted_provider import (
    LoggingIn,
    Network,
    ScriptedAdapter,
    cancelling,
    lost,
    placing,
    provider_of,
    reply,
)
from support.written import QuickJournal, WritingTo, status, told

PLACED = Order(id="shop:7", provider="shop", kind="purchase", status="pending")


class Knowing(ScriptedAdapter):
    """A provider with some way to find out; `there` is what it says when it is asked for the order."""

    there: Order | None = None

    def __init__(self, trait: Trait) -> None:
        super().__init__()
        self._trait = trait

    @override
    def traits(self) -> Mapping[str, Trait]:
        return {"place": self._trait}

    @override
    def find_order(self, *_: Any) -> Flow[Order | None]:
        _answer: HttpResponse = yield HttpRequest("GET", "/orders", step="look")
        return self.there


@pytest.fixture(autouse=True)
def no_try_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try is surely over as soon as it was made."""
    monkeypatch.setattr(Provider, "order_seconds", 0.0)


async def test_a_provider_that_says_nothing_leaves_it_to_a_person(writing_to: WritingTo) -> None:
    """Nothing is sent again, and the key still leads to the operation."""
    network = Network(lost())
    writing = writing_to(provider_of(network, Knowing(Trait("none", source="a test"))))
    operation = await writing.written(placing)
    await writing.looked()
    parked = await writing.stored(operation)
    assert (parked.state, status(parked), told(parked)["placed"]) == ("parked", 504, "unknown")
    assert (await writing.written(placing)).id == operation.id
    assert await writing.looked() == 0
    assert network.steps() == ["place"]


async def test_nobody_is_asked_while_the_request_may_still_arrive(
    writing_to: WritingTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who looked sooner would say that nothing was placed, and then it would be."""
    monkeypatch.setattr(Provider, "order_seconds", 10.0)
    writing = writing_to(provider_of(Network(lost()), Knowing(Trait("none", source="a test"))))
    operation = await writing.written(placing)
    await writing.looked()
    waiting = await writing.stored(operation)
    assert waiting.last_sent_at is not None
    assert (waiting.state, waiting.due) == ("unknown", waiting.last_sent_at + timedelta(seconds=10))


@pytest.mark.parametrize("kind", ["native_key", "natural"])
async def test_what_may_be_repeated_is_sent_again_as_it_was(kind: Any, writing_to: WritingTo) -> None:
    """The same bytes, until an answer comes."""
    network = Network(lost(), lost("not-sent", "connect"), reply(id="7"))
    writing = writing_to(provider_of(network, Knowing(Trait(kind, source="a test", retention=3600.0))))
    operation = await writing.written(placing)
    for _ in range(2):
        assert (await writing.stored(operation)).state == "unknown"
        await writing.looked()
    ended = await writing.stored(operation)
    assert (ended.state, status(ended), told(ended)["id"]) == ("succeeded", 201, "shop:7")
    assert network.requests == [network.requests[0]] * 3


async def test_a_refusal_says_nothing_of_the_try_before_it(writing_to: WritingTo) -> None:
    """The first may have been executed: it is looked for, and only what is not there has failed."""
    network = Network(lost(), reply(422))
    adapter = Knowing(Trait("native_key", source="a test", retention=3600.0, probes=2))
    writing = writing_to(provider_of(network, adapter))
    operation = await writing.written(placing)
    await writing.looked()
    refused = await writing.stored(operation)
    assert (refused.state, refused.cause, refused.doubt) == ("unknown", "refused", True)
    await writing.looked(3)
    ended = await writing.stored(operation)
    assert (ended.state, told(ended)["placed"]) == ("failed", "no")
    assert network.steps() == ["place", "place", "look", "look"]


@pytest.mark.parametrize("there", [PLACED, None])
async def test_an_order_is_looked_for_where_the_provider_can_be_asked(
    there: Order | None, writing_to: WritingTo
) -> None:
    """Found is placed; not found, often enough, is left to a person and never sent again unasked."""
    network = Network(lost())
    adapter = Knowing(Trait("lookup", source="a test", probes=2))
    adapter.there = there
    writing = writing_to(provider_of(network, adapter))
    operation = await writing.written(placing)
    await writing.looked(3)
    ended = await writing.stored(operation)
    assert (ended.state, status(ended)) == (("succeeded", 201) if there else ("parked", 504))
    assert network.steps().count("place") == 1


async def test_an_answer_that_cannot_be_read_is_not_played_back_without_pause(writing_to: WritingTo) -> None:
    """Running the flow again on what was kept tells nothing new: the pauses grow."""

    class InBody(Knowing):
        success_in_body: ClassVar[bool] = True

    network = Network(reply(surprise=1))
    writing = writing_to(provider_of(network, InBody(Trait("native_key", source="a test", retention=3600.0))))
    operation = await writing.written(placing)
    pauses = []
    for _ in range(4):
        operation = await writing.stored(operation)
        assert operation.due is not None
        pauses.append(round((operation.due - operation.updated_at).total_seconds()))
        await writing.looked()
    assert pauses == sorted(set(pauses))
    assert network.steps() == ["place"]


async def test_a_refused_token_is_not_kept_as_the_answer_of_the_try_after_it(writing_to: WritingTo) -> None:
    """While the second try is on its way nobody knows: a restart then must not read "refused" from the journal."""
    seen: list[Any] = []

    async def looked(request: HttpRequest) -> HttpResponse:
        steps = await writing.journal.steps("operation-0000")
        seen.extend((step.phase, step.answer) for step in steps)
        return reply(id="1")

    tokens = [reply(token="t1"), reply(token="t2")]
    network = Network(reply(401), looked, reply(id="1"), by_step={"login": lambda request: tokens.pop(0)})
    provider = provider_of(network, LoggingIn())
    seconds = iter(range(0, 10**6, 10))
    provider._tokens._now = lambda: float(next(seconds))
    writing = writing_to(provider)
    operation = await writing.written(lambda: cancelling(["a", "b"]))
    assert seen == [("partly-sent", None), (None, None)]
    assert operation.state == "succeeded"


async def test_an_order_whose_record_is_cut_off_never_left(writing_to: WritingTo) -> None:
    """The gateway ends while the journal still writes that the order is about to leave: not placed, the key is free."""
    stored = asyncio.Event()

    class Slow(QuickJournal):
        @override
        async def update(self, operation: Operation, change: Change) -> bool:
            done = await super().update(operation, change)
            if operation.state == "sending":
                stored.set()
                for _ in range(5):
                    await asyncio.sleep(0)
            return done

    network = Network()
    writing = writing_to(provider_of(network), Slow())
    operation = await writing.submit(placing)
    await stored.wait()
    await writing.engine.close(0.0)
    ended = await writing.stored(operation)
    assert (ended.state, status(ended), told(ended)["retry"]) == ("cancelled", 503, "same-key")
    assert network.requests == []


async def test_what_comes_too_late_is_still_evidence(writing_to: WritingTo) -> None:
    """Somebody else has decided meanwhile: the state stays, and what was seen is kept beside it."""

    async def meanwhile(request: HttpRequest) -> HttpResponse:
        (taken,) = await writing.journal.take_due("another", 60.0, ["shop"], 1)
        assert taken.id == operation.id
        return reply(id="1")

    writing = writing_to(provider_of(Network(meanwhile)))
    operation = await writing.submit(placing)
    writing.journal.ahead += timedelta(days=1)
    await writing.idle()
    found = await writing.stored(operation)
    assert (found.state, found.owner) == ("sending", "another")
    assert [one.verdict for one in found.evidence if one.kind == "late answer"] == ["executed"]
