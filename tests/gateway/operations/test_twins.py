"""Orders that look like one just placed, under another key: noted, held before anything is sent, or refused."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from adapters.contract.models.requests import NewOrder
from gateway.operations.twins import Twins, likeness
from policies.errors import Withdrawn
from policies.journal import Operation
from support.scripted_provider import Network, placing, provider_of, reply
from support.written import Writing, WritingTo, until

ADDRESS = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "line1": "Unter den Linden 6",
    "city": "Berlin",
    "postalCode": "10117",
    "country": "DE",
}
TEA = {"productId": "1", "quantity": 2, "retailPrice": {"amount": "19.90", "currency": "EUR"}}
CUP = {"productId": "2", "quantity": 1}


def order(**members: Any) -> NewOrder:
    """Return an order of tea and a cup."""
    return NewOrder.model_validate({"reference": "PO-1", "shipTo": ADDRESS, "lines": [TEA, CUP]} | members)


def facts(operation: Operation) -> list[tuple[str, str]]:
    """Return what the operation's facts about twins and people say."""
    return [(one.kind, one.verdict) for one in operation.evidence if one.kind in {"twin", "human"}]


async def first_of_two(writing: Writing) -> Operation:
    """Place the order whose twin follows."""
    return await writing.submit(placing, "first", twin="t")


@pytest.mark.parametrize(
    "members",
    [
        {"reference": "PO-2"},
        {"lines": [CUP, TEA]},
        {"metadata": {"job": "7"}},
        {"lines": [TEA | {"reference": "a"}, CUP]},
    ],
)
def test_numbers_notes_and_the_order_of_lines_make_no_difference(members: dict[str, Any]) -> None:
    """A job that is run again makes new numbers; the goods and the recipient are the same."""
    assert likeness(order(**members)) == likeness(order())


@pytest.mark.parametrize(
    "members",
    [
        {"shipTo": ADDRESS | {"line1": "Unter den Linden 7"}},
        {"customer": {"email": "ada@example.com"}},
        {"lines": [TEA | {"quantity": 3}, CUP]},
        {"lines": [TEA | {"retailPrice": {"amount": "19.91", "currency": "EUR"}}, CUP]},
        {"lines": [TEA, TEA, CUP]},
        {"lines": [TEA, CUP | {"inputs": {"player": "7"}}]},
    ],
)
def test_who_gets_what_and_at_which_amount_makes_the_difference(members: dict[str, Any]) -> None:
    """Another recipient, other goods, another quantity or price is another order."""
    assert likeness(order(**members)) != likeness(order())


async def test_a_twin_is_placed_and_noted_by_default(writing_to: WritingTo) -> None:
    """`warn` changes nothing but what is told: the fact names the other operation."""
    network = Network(reply(id="1"), reply(id="2"))
    writing = writing_to(provider_of(network), twins="warn")
    first = await first_of_two(writing)
    second = await writing.submit(placing, "second", twin="t")
    await writing.idle()
    stored = await writing.stored(second)
    assert (stored.state, facts(stored)) == ("succeeded", [("twin", "warned")])
    assert [one.detail for one in stored.evidence if one.kind == "twin"] == [first.id]
    assert len(network.requests) == 2


@pytest.mark.parametrize(
    ("other", "window"), [("another", 3600.0), ("t", 1e-6), ("t", 0.0)], ids=["another", "longer ago", "switched off"]
)
async def test_what_is_no_twin_is_not_held(other: str, window: float, writing_to: WritingTo) -> None:
    """Another order, the same after the window, or a window of nothing."""
    writing = writing_to(provider_of(Network()))
    writing.engine.twins = Twins(writing.journal, "hold", window)
    await writing.submit(placing, "first", twin=other)
    await writing.idle()
    second = await writing.submit(placing, "second", twin="t")
    await writing.idle()
    assert (await writing.stored(second)).state == "succeeded"


async def test_the_twin_of_what_may_have_been_placed_is_held_and_nothing_is_sent(writing_to: WritingTo) -> None:
    """Who was told 504 and orders anew with a new key is the case that this is for."""
    network = Network(reply(500))
    writing = writing_to(provider_of(network), twins="hold")
    await first_of_two(writing)
    await writing.idle()
    held = await writing.submit(placing, "second", twin="t")
    assert (held.state, held.doubt, held.attempts) == ("held", False, 0)
    assert held.due == held.valid_until
    assert await writing.engine.outcome(held.id, 60.0) == held
    await writing.worker.look()
    await writing.idle()
    assert len(network.requests) == 1


async def test_the_twin_of_what_was_not_placed_is_none(writing_to: WritingTo) -> None:
    """A refused order is ordered again with a new key: that is what a new key is for."""
    writing = writing_to(provider_of(Network(reply(422), reply(id="1"))), twins="reject")
    await first_of_two(writing)
    await writing.idle()
    second = await writing.submit(placing, "second", twin="t")
    await writing.idle()
    assert (await writing.stored(second)).state == "succeeded"


async def test_a_held_order_is_sent_when_a_person_lets_it_go(writing_to: WritingTo) -> None:
    """Once, by whichever worker sees it first, and not held again for the same likeness."""
    network = Network(reply(id="1"), reply(id="2"))
    writing = writing_to(provider_of(network), twins="hold")
    await first_of_two(writing)
    held = await writing.submit(placing, "second", twin="t")
    released = await writing.engine.release(held, by="a person")
    assert released.state == "accepted"
    await writing.worker.look()
    await writing.idle()
    stored = await writing.stored(held)
    assert (stored.state, facts(stored)) == ("succeeded", [("twin", "held"), ("human", "released")])
    assert len(network.requests) == 2
    with pytest.raises(Withdrawn):
        await writing.engine.release(stored, by="another person")


async def test_a_held_order_is_dropped_by_a_person_and_its_key_is_free(writing_to: WritingTo) -> None:
    """Nothing was ever sent, so nothing has to be found out."""
    network = Network()
    writing = writing_to(provider_of(network), twins="hold")
    await first_of_two(writing)
    await writing.idle()
    held = await writing.submit(placing, "second", twin="t")
    dropped = await writing.engine.withdraw(held, "a person")
    assert (dropped.state, facts(dropped)[-1]) == ("cancelled", ("human", "dropped"))
    assert await writing.engine.known("caller", "second", "content") is None
    again = await writing.submit(placing, "second", twin="t")
    assert again.state == "held"
    assert len(network.requests) == 1


async def test_a_held_order_that_nobody_looks_at_is_cancelled_when_it_is_no_longer_wanted(
    writing_to: WritingTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing waits for ever, and what was not let go is never sent."""
    network = Network()
    writing = writing_to(provider_of(network), twins="hold")
    await first_of_two(writing)
    await writing.idle()
    for seconds, state in ((60.0, "held"), (0.0, "cancelled")):
        monkeypatch.setattr("gateway.operations.twins.HOLD", seconds)
        held = await writing.submit(placing, state, twin="t")
        await writing.looked()
        assert (await writing.stored(held)).state == state
    assert len(network.requests) == 1


async def test_a_refused_twin_sends_nothing_and_its_key_is_free_for_who_means_it(writing_to: WritingTo) -> None:
    """The same key goes through with the caller's word that it is meant."""
    network = Network(reply(id="1"), reply(id="2"))
    writing = writing_to(provider_of(network), twins="reject")
    await first_of_two(writing)
    await writing.idle()
    refused = await writing.submit(placing, "second", twin="t")
    assert (refused.state, refused.cause) == ("cancelled", "twin")
    assert len(network.requests) == 1
    assert (await writing.submit(placing, "second", twin="t")).state == "cancelled"
    meant = await writing.submit(placing, "second", twin="t", twin_allowed=True)
    await writing.idle()
    assert (await writing.stored(meant)).state == "succeeded"
    assert len(network.requests) == 2


async def test_of_two_at_once_one_is_placed(writing_to: WritingTo) -> None:
    """A button pressed twice within a millisecond: the second one meets the first, and only that one is refused."""
    network = Network()
    writing = writing_to(provider_of(network), twins="reject")
    both = await asyncio.gather(*(writing.submit(placing, key, twin="t") for key in ("first", "second")))
    await writing.idle()
    states = sorted([(await writing.stored(one)).state for one in both])
    assert states == ["cancelled", "succeeded"]
    assert len(network.requests) == 1


async def test_a_twin_that_a_crash_left_behind_is_looked_at_before_it_is_sent(
    writing_to: WritingTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look comes after the claim; a gateway that dies between them does not let a twin through."""
    network = Network()
    writing = writing_to(provider_of(network), twins="hold")
    await first_of_two(writing)
    await writing.idle()

    async def dies(_: object) -> bool:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(writing.engine.twins, "stop", dies)
        with pytest.raises(RuntimeError, match="killed"):
            await writing.submit(placing, "second", twin="t")
    left = await writing.journal.find("caller", "second")
    assert left is not None
    assert left.state == "accepted"
    writing.journal.ahead += timedelta(minutes=2)
    await writing.worker.look()
    await until(lambda: not writing.engine._tasks)
    assert (await writing.stored(left)).state == "held"
    assert len(network.requests) == 1


async def test_what_was_sent_once_is_never_held(writing_to: WritingTo) -> None:
    """An order whose first try was told "not now" goes on: it has gone through the look already, or was in doubt."""
    network = Network(reply(500), reply(id="1"))
    writing = writing_to(provider_of(network), twins="hold")
    doubtful = await first_of_two(writing)
    await writing.idle()
    await writing.submit(placing, "second", twin="t", twin_allowed=True)
    await writing.idle()
    stored = await writing.stored(doubtful)
    assert stored.state == "unknown"
    await writing.looked()
    assert (await writing.stored(doubtful)).state != "held"
