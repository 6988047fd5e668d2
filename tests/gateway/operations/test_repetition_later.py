"""Writes whose caller was told that they go on, and everything that may come between two tries."""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from adapters.contract.flow import Flow
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.config.resilience import Resilience
from gateway.providers.provider import Provider
from policies.errors import CircuitOpen, Withdrawn
from support import virtual_time
from support.pacing import refuse
from support.repetition import BUSY, INSISTENT, NOT_SENT, evidence, paused, written
from support.scripted_provider import (
    COMMIT,
    Network,
    ScriptedAdapter,
    lost,
    placing,
    provider_of,
)
from support.written import Writing, problem_of, status, told

# When the caller was told that it goes on ----------------------------------------------------------------------------


def test_an_order_whose_caller_was_told_so_goes_on_later() -> None:
    """It waits in the journal, nobody's, without doubt and due; whoever takes it then places it once."""

    async def main(writing: Writing) -> None:
        operation = await writing.written(placing, wait=0.0)
        assert (operation.state, operation.doubt, operation.owner, operation.lease_until) == (
            "accepted",
            False,
            None,
            None,
        )
        assert operation.due is not None
        assert operation.due - operation.updated_at <= timedelta(seconds=1)
        ended = await writing.followed(placing)
        assert (ended.id, ended.state, status(ended)) == (operation.id, "succeeded", 201)
        assert len(network.requests) == 4

    network = Network(*[NOT_SENT] * 3)
    written(main, network)


def test_it_is_tried_as_long_as_it_is_wanted_and_no_longer() -> None:
    """More often than while somebody waits; afterwards it is cancelled, and was never placed."""

    async def main(writing: Writing) -> None:
        operation = await writing.written(placing, wait=0.0, valid_until=datetime.now(UTC) + timedelta(seconds=900))
        await writing.looked(8)
        assert (await writing.stored(operation)).state == "accepted"
        assert len(network.requests) == 9
        network.by_step["place"] = HttpResponse(429, {"retry-after": "901"})
        await writing.looked()
        ended = await writing.stored(operation)
        assert (ended.state, told(ended)["placed"], ended.due) == ("cancelled", "no", None)

    network = Network(by_step={"place": NOT_SENT})
    written(main, network)


def test_it_is_not_sent_when_it_is_no_longer_wanted_by_its_turn() -> None:
    """Two clocks: the request still has time, the order has not. Nothing leaves."""

    async def main(writing: Writing) -> None:
        soon = datetime.now(UTC) - timedelta(microseconds=1)
        operation = await writing.followed(placing, wait=0.0, valid_until=soon)
        assert (operation.state, told(operation)["placed"], problem_of(operation)) == (
            "cancelled",
            "no",
            "deadline-exceeded",
        )
        assert network.requests == []

    network = Network()
    written(main, network)


def test_it_waits_for_a_budget_too() -> None:
    """Taken up when there is none, it is put back and nothing is sent."""

    async def main(writing: Writing) -> None:
        operation = await writing.written(placing, wait=0.0)
        while writing.provider.guard.takes_retry():
            pass
        await writing.looked()
        stored = await writing.stored(operation)
        assert (stored.state, stored.evidence[-1].verdict, len(network.requests)) == ("accepted", "RetryBudget", 1)
        await asyncio.sleep(30.0)
        await writing.looked()
        assert (await writing.stored(operation)).state == "succeeded"

    network = Network(NOT_SENT)
    written(main, network)


def test_what_never_left_needs_no_budget() -> None:
    """The budget bounds what a provider is sent besides; a request that found no room here was not sent at all."""

    async def main(writing: Writing) -> None:
        await refuse(writing.provider.pacer, COMMIT, 30.0)
        operation = await writing.written(placing, wait=0.0)
        assert evidence(operation)[-1] == ("again", "CapacityExceeded")
        await asyncio.sleep(31.0)
        while writing.provider.guard.takes_retry():
            pass
        await writing.looked()
        assert (await writing.stored(operation)).state == "succeeded"
        assert network.steps() == ["place"]

    network = Network()
    written(main, network)


def test_what_may_have_been_placed_is_never_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a budget too: "accepted" would say that nothing was executed, and one day "no longer wanted" with it."""

    class Keyed(ScriptedAdapter):
        traits_told: ClassVar[Mapping[str, Trait]] = {"place": Trait("native_key", source="a test", retention=3600.0)}

    async def main() -> None:
        operation = await writing.written(placing, wait=0.0)
        assert evidence(operation)[-1][0] == "again"
        await writing.looked()
        assert (await writing.stored(operation)).state == "unknown"
        while writing.provider.guard.takes_retry():
            pass
        await writing.looked()
        ended = await writing.stored(operation)
        assert (ended.state, status(ended)) == ("succeeded", 201)
        assert network.requests == [network.requests[0]] * 3

    monkeypatch.setattr(Provider, "order_seconds", 0.0)
    network = Network(NOT_SENT, lost())
    with closing(Writing(provider_of(network, Keyed(), resilience=INSISTENT))) as writing:
        virtual_time.run(main())


def test_an_open_circuit_refuses_new_orders_and_keeps_those_that_were_promised() -> None:
    """503 before anything is claimed; what was answered 202 waits in the journal and is placed afterwards."""

    class Probed(ScriptedAdapter):
        @override
        def cheap_read(self) -> Flow[Any]:
            return (yield HttpRequest("GET", "/account", step="probe"))

    async def main() -> None:
        operation = await writing.written(placing, "promised", wait=0.0)
        assert writing.provider.guard.circuit.state == "open"
        with pytest.raises(CircuitOpen):
            await writing.submit(placing, "new")
        assert await writing.journal.find("caller", "new") is None
        await writing.looked()
        assert evidence(await writing.stored(operation))[-1] == ("again", "CircuitOpen")
        assert network.steps() == ["place"]
        network.by_step.clear()
        await asyncio.sleep(11.0)
        await writing.looked()
        assert (await writing.stored(operation)).state == "succeeded"
        assert network.steps() == ["place", "probe", "place"]

    network = Network(by_step={"place": NOT_SENT})
    provider = provider_of(network, Probed(), resilience=Resilience(breaker_failures=1))
    with closing(Writing(provider)) as writing:
        virtual_time.run(main())


# Races ---------------------------------------------------------------------------------------------------------------


def test_an_order_that_is_withdrawn_in_the_pause_is_not_sent() -> None:
    """The claim has a new version: the run cannot record, and so cannot send."""

    async def main(writing: Writing) -> None:
        operation = await writing.submit(placing)
        withdrawn = await writing.engine.withdraw(await paused(writing, operation))
        await writing.idle()
        await asyncio.sleep(30.0)
        assert (await writing.stored(operation)).state == withdrawn.state == "cancelled"
        assert len(network.requests) == 1

    network = Network(BUSY)
    written(main, network)


def test_an_order_that_leaves_again_cannot_be_withdrawn() -> None:
    """Of the two only one takes the next version; here it was the try."""

    async def main(writing: Writing) -> None:
        operation = await writing.submit(placing)
        before = await paused(writing, operation)
        await asyncio.sleep(4.0)
        with pytest.raises(Withdrawn):
            await writing.engine.withdraw(before)
        await writing.idle()
        assert (await writing.stored(operation)).state == "succeeded"

    network = Network(BUSY)
    written(main, network)


def test_a_run_that_lost_its_claim_in_the_pause_sends_nothing() -> None:
    """Somebody else took it when its lease was over, and places it: one order, whoever wakes up later."""

    async def main(writing: Writing) -> None:
        operation = await writing.submit(placing)
        await paused(writing, operation)
        writing.journal.ahead += timedelta(days=1)
        (taken,) = await writing.journal.take_due("another", 60.0, ["shop"], 1)
        await writing.idle()
        stored = await writing.stored(operation)
        assert (stored.owner, stored.version, stored.state) == ("another", taken.version, "accepted")
        assert len(network.requests) == 1

    network = Network(BUSY)
    written(main, network)


def test_the_end_of_the_gateway_ends_the_pause() -> None:
    """The caller who waits is told at once that nothing was placed."""

    async def main(writing: Writing) -> None:
        operation = await writing.submit(placing)
        await paused(writing, operation)
        await writing.engine.close(30.0)
        ended = await writing.stored(operation)
        assert (ended.state, status(ended), told(ended)["placed"]) == ("cancelled", 503, "no")
        assert asyncio.get_running_loop().time() < 1.0

    written(main, Network(BUSY))


def test_what_was_promised_and_not_sent_is_left_to_the_next_gateway() -> None:
    """Its caller was told that it goes on: after the restart it does, once."""

    async def main(writing: Writing) -> None:
        await refuse(writing.provider.pacer, COMMIT, 30.0)
        operation = await writing.submit(placing, wait=0.0)
        await asyncio.sleep(1.0)
        await writing.engine.close(0.0)
        left = await writing.stored(operation)
        assert (left.state, left.owner, left.doubt) == ("accepted", None, False)
        adapter = writing.provider.adapter
        assert isinstance(adapter, ScriptedAdapter)
        following = Writing(provider_of(network, adapter, resilience=INSISTENT), writing.journal)
        await following.looked()
        assert (await following.stored(operation)).state == "succeeded"
        assert network.steps() == ["place"]

    network = Network()
    written(main, network)
