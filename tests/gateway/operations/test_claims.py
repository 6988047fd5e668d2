"""Whose operation a key or a reference leads to, before anything is begun; and what a result says."""

from dataclasses import replace

import pytest

from adapters.contract.models.resources import ChangedPart, OrderChange
from gateway.operations.answers import state_of
from policies.errors import DuplicateReference, KeyReused
from policies.operation import Attempt, State
from support.scripted_provider import Network, Script, placing, provider_of, reply
from support.written import WritingTo


@pytest.mark.parametrize("answer", [reply(id="1"), reply(422), reply(500)])
async def test_a_key_that_is_used_leads_to_its_operation(answer: Script, writing_to: WritingTo) -> None:
    """Placed, refused or in doubt; with other content it is refused, naming that operation."""
    writing = writing_to(provider_of(Network(answer)))
    operation = await writing.written(placing)
    assert await writing.engine.known("caller", "key", "content") == operation
    with pytest.raises(KeyReused) as reused:
        await writing.engine.known("caller", "key", "other content")
    assert reused.value.operation_id == operation.id


async def test_a_key_that_is_not_used_up_leads_nowhere(writing_to: WritingTo) -> None:
    """Never seen, another caller's, or released: whatever the content is."""
    writing = writing_to(provider_of(Network(reply(429))))
    await writing.written(placing)
    assert await writing.engine.known("caller", "key", "content") is None
    assert await writing.engine.known("caller", "key", "other content") is None
    assert await writing.engine.known("caller", "another key", "content") is None
    await writing.written(placing, "another key")
    assert await writing.engine.known("somebody else", "another key", "other content") is None


async def test_another_callers_operation_is_not_named(writing_to: WritingTo) -> None:
    """The reference is taken; by what is not said."""
    writing = writing_to(provider_of(Network()))
    placed = await writing.written(placing, reference="PO-1")
    theirs = replace(placed, id="theirs", caller="somebody else", key="theirs", reference="PO-2", version=0)
    assert await writing.journal.claim(theirs) == theirs
    for reference, told in (("PO-1", placed.id), ("PO-2", None)):
        with pytest.raises(DuplicateReference) as taken:
            await writing.submit(placing, "new", reference=reference)
        assert taken.value.operation_id == told


@pytest.mark.parametrize(
    ("attempts", "state"),
    [
        ((Attempt("answered", "rejected", 422),), "failed"),
        ((Attempt("answered", "not-executed", 429),), "cancelled"),
        ((Attempt("not-sent"),), "cancelled"),
        # It was taken on, and its process failed afterwards.
        ((Attempt("answered", "executed", 202),), "failed"),
    ],
)
def test_a_change_of_which_nothing_was_done_is_final_only_when_it_was_refused(
    attempts: tuple[Attempt, ...], state: State
) -> None:
    """A key under which nothing was executed and nothing refused is free."""
    change = OrderChange(order_id="shop:7", state="failed", parts=(ChangedPart(id="a", state="failed"),))
    assert state_of(change, attempts) == state
