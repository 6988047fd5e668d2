"""A line to cancel whose answer was lost: its process is looked for, and only what was looked for can be absent."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from adapters.contract.adapter import ProcessState
from adapters.contract.flow import Flow
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.providers.provider import Provider
from support.scripted_provider import Network, WorkingLater, cancelling, lost, provider_of, reply
from support.written import WritingTo


class Findable(WorkingLater):
    """A provider that can be asked for the processes of a line."""

    traits_told: ClassVar[Mapping[str, Trait]] = {"cancel": Trait("async", source="a test", probes=2)}
    there: tuple[ProcessState, ...] = ()

    @override
    def find_processes(self, part_id: str, step: str) -> Flow[tuple[ProcessState, ...]]:
        _answer: HttpResponse = yield HttpRequest("GET", "/processes", step="find")
        return self.there


@pytest.fixture(autouse=True)
def no_try_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try is surely over as soon as it was made."""
    monkeypatch.setattr(Provider, "order_seconds", 0.0)


DONE = reply(states={"p0": "succeeded"})


async def test_a_process_under_way_is_followed_before_the_lost_one_is_looked_for(writing_to: WritingTo) -> None:
    """Part of the change is known to be under way: it is not called unknown before that part has ended."""
    adapter = Findable()
    adapter.there = (ProcessState("p1", "succeeded"),)
    polled = reply(states={"p0": "succeeded", "p1": "succeeded"})
    network = Network(reply(202, process="p0"), lost(), by_step={"poll": polled})
    writing = writing_to(provider_of(network, adapter))
    operation = await writing.written(lambda: cancelling(["l0", "l1"]))
    assert (operation.state, operation.doubt) == ("pending", True)
    assert "find" not in network.steps()
    await writing.looked(4)
    assert (await writing.stored(operation)).state == "succeeded"
    assert network.steps().count("cancel") == 2
    assert network.steps().index("poll") < network.steps().index("find")


@pytest.mark.parametrize("answer", [lost(), reply(500), reply(429)])
async def test_a_look_up_without_an_answer_is_no_absence(answer: Any, writing_to: WritingTo) -> None:
    """However often it fails, the operation stays in doubt; absence is what the provider says, not what it does not."""
    network = Network(reply(202, process="p0"), lost(), by_step={"find": answer, "poll": DONE})
    writing = writing_to(provider_of(network, Findable()))
    operation = await writing.written(lambda: cancelling(["l0", "l1"]))
    await writing.looked(4)
    found = await writing.stored(operation)
    verdicts = [fact.verdict for fact in found.evidence if fact.kind == "look-up"]
    assert found.state == "unknown"
    assert verdicts
    assert "absent" not in verdicts


class Resending(Findable):
    """One whose lines are sent again where no process is to be seen."""

    traits_told: ClassVar[Mapping[str, Trait]] = {
        "cancel": Trait("async", source="a test", probes=2, on_absent="resend")
    }


def sent_again(**states: str) -> Network:
    """Return the network of two lines: the answer to one is lost, and so it is sent a second time."""
    asked = {"poll": reply(states={"p0": "succeeded", **states}), "find": reply(200)}
    return Network(reply(202, process="p0"), lost(), reply(202, process="second"), by_step=asked)


async def test_of_several_processes_for_a_line_the_one_that_did_it_counts(writing_to: WritingTo) -> None:
    """A cancellation sent twice has two: the second, newer one failed because of the first."""
    adapter = Resending()
    asked = {"poll": reply(states={"p0": "succeeded", "first": "succeeded"}), "find": reply(200)}
    network = Network(reply(202, process="p0"), lost(), lost(), by_step=asked)
    writing = writing_to(provider_of(network, adapter))
    operation = await writing.written(lambda: cancelling(["l0", "l1"]))
    await writing.looked(4)
    assert network.steps().count("cancel") == 3
    adapter.there = (ProcessState("second", "failed"), ProcessState("first", "succeeded"))
    await writing.looked(4)
    assert (await writing.stored(operation)).state == "succeeded"


async def test_more_processes_than_requests_are_a_persons(writing_to: WritingTo) -> None:
    """One request cannot have begun two: which is its own is not to be told, and no guess is made."""
    adapter = Findable()
    adapter.there = (ProcessState("second", "failed"), ProcessState("first", "succeeded"))
    network = Network(reply(202, process="p0"), lost(), by_step={"poll": DONE})
    writing = writing_to(provider_of(network, adapter))
    operation = await writing.written(lambda: cancelling(["l0", "l1"]))
    await writing.looked(4)
    assert (await writing.stored(operation)).state == "parked"


async def test_what_failed_because_it_was_sent_twice_has_not_failed(writing_to: WritingTo) -> None:
    """The first request was late and did it; while nobody can ask for that, nothing is said of it."""
    adapter = Resending()
    network = sent_again(second="failed", first="succeeded")
    writing = writing_to(provider_of(network, adapter))
    operation = await writing.written(lambda: cancelling(["l0", "l1"]))
    await writing.looked(4)
    assert network.steps().count("cancel") == 3
    network.by_step["find"] = reply(500)
    await writing.looked(2)
    assert (await writing.stored(operation)).state == "pending"
    network.by_step["find"] = reply(200)
    adapter.there = (ProcessState("second", "failed"), ProcessState("first", "succeeded"))
    await writing.looked(3)
    assert (await writing.stored(operation)).state == "succeeded"


async def test_what_was_sent_twice_and_failed_twice_has_failed(writing_to: WritingTo) -> None:
    """None of its processes did it."""
    adapter = Resending()
    network = sent_again(second="failed")
    writing = writing_to(provider_of(network, adapter))
    operation = await writing.written(lambda: cancelling(["l0", "l1"]))
    await writing.looked(4)
    adapter.there = (ProcessState("second", "failed"), ProcessState("first", "failed"))
    await writing.looked(2)
    assert (await writing.stored(operation)).state == "partial"


async def test_what_was_sent_twice_and_cannot_be_asked_about_is_a_persons(writing_to: WritingTo) -> None:
    """When the time for doubt is over, a failure that may not be one is not told."""
    adapter = Resending()
    network = sent_again(second="failed")
    writing = writing_to(provider_of(network, adapter))
    operation = await writing.written(lambda: cancelling(["l0", "l1"]))
    await writing.looked(4)
    network.by_step["find"] = reply(500)
    writing.worker._resolver._horizon = 0.0
    await writing.looked(1)
    assert (await writing.stored(operation)).state == "parked"
