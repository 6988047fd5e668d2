"""What the provider said last of a write in doubt: its caller is told, and it is kept until something surer is known.

Expected values: `provider {name, status, code, message, requestId}` of the API's text, from what the network answered.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from adapters.contract.traits import Trait
from adapters.contract.wire import HttpResponse, json_body
from gateway.operations.story import story
from gateway.providers.provider import Provider
from support.scripted_provider import Network, ScriptedAdapter, cancelling, lost, placing, provider_of, reply
from support.written import WritingTo, status, told


class Repeatable(ScriptedAdapter):
    """A provider that recognises a repetition, and cannot be asked."""

    def traits(self) -> Mapping[str, Trait]:
        return {"place": Trait("native_key", source="a test", retention=3600.0)}


def broken(message: str, code: int = 503) -> HttpResponse:
    """Return a failure in the provider's words."""
    return HttpResponse(code, {"x-request-id": "r-1"}, json_body({"message": message}))


SAID = {"name": "shop", "status": 503, "message": "Down until noon.", "requestId": "r-1"}


@pytest.fixture(autouse=True)
def no_try_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try is surely over as soon as it was made."""
    monkeypatch.setattr(Provider, "order_seconds", 0.0)


async def test_a_write_in_doubt_is_answered_in_the_providers_words(writing_to: WritingTo) -> None:
    """Status, message and request id stand in the problem, and in what people are shown."""
    writing = writing_to(provider_of(Network(broken("Down until noon."))))
    operation = await writing.written(placing)
    assert (operation.state, status(operation), told(operation)["provider"]) == ("unknown", 504, SAID)
    assert "said        503, request id r-1: Down until noon." in story(operation, ()).splitlines()


async def test_silence_takes_no_word_back(writing_to: WritingTo) -> None:
    """What was said of the first try is told while the second is without an answer."""
    writing = writing_to(provider_of(Network(broken("Down until noon."), lost()), Repeatable()))
    operation = await writing.written(placing)
    await writing.looked()
    waiting = await writing.stored(operation)
    assert (waiting.attempts, waiting.state, told(waiting)["provider"]) == (2, "unknown", SAID)


async def test_a_person_who_has_to_look_is_told_the_words(writing_to: WritingTo) -> None:
    """Nothing can be found out here, and they may say enough."""
    writing = writing_to(provider_of(Network(broken("Down until noon."))))
    operation = await writing.written(placing)
    await writing.looked()
    parked = await writing.stored(operation)
    assert (parked.state, status(parked), told(parked)["provider"]) == ("parked", 504, SAID)


async def test_later_words_take_the_place_of_earlier_ones(writing_to: WritingTo) -> None:
    """The last ones are told."""
    writing = writing_to(provider_of(Network(broken("Down until noon."), broken("Down for good.", 500)), Repeatable()))
    operation = await writing.written(placing)
    await writing.looked()
    assert told(await writing.stored(operation))["provider"] == SAID | {"status": 500, "message": "Down for good."}


async def test_nothing_is_said_where_nothing_was_answered(writing_to: WritingTo) -> None:
    """The provider's name alone."""
    operation = await writing_to(provider_of(Network(lost()))).written(placing)
    assert (status(operation), told(operation)["provider"]) == (504, {"name": "shop"})
    assert not any(line.startswith("said") for line in story(operation, ()).splitlines())


async def test_a_refusal_of_what_is_then_not_there_is_told_in_its_words(writing_to: WritingTo) -> None:
    """Lost, refused when it was repeated, and looked for in vain: it failed for the reason that the provider gave."""

    class Asked(Repeatable):
        def find_order(self, *_: Any) -> Any:
            return (yield from ())

    refusal = HttpResponse(422, {}, json_body({"message": "No such street."}))
    writing = writing_to(provider_of(Network(lost(), refusal), Asked()))
    operation = await writing.written(placing)
    await writing.looked(6)
    ended = await writing.stored(operation)
    assert (ended.state, status(ended)) == ("failed", 422)
    assert told(ended)["provider"] == {"name": "shop", "status": 422, "message": "No such street."}


async def test_a_change_in_doubt_is_answered_in_the_words_of_its_last_part(writing_to: WritingTo) -> None:
    """One line is done, and nobody knows of the other."""
    writing = writing_to(provider_of(Network(reply(id="1"), broken("Down until noon."))))
    operation = await writing.written(lambda: cancelling(["a", "b"]))
    assert (operation.state, told(operation)["provider"]) == ("unknown", SAID)
