"""What sealing promises: with a key no body is readable in what is stored, and no other key opens it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from policies.journal import Change, JournalRefused, Operation, Step
from support.journals import Store, answer, operation, step

KEY, OTHER = b"k" * 32, b"o" * 32
CANARY = b"canary-4711"


async def _store_canaries(store: Store, keys: Sequence[bytes]) -> Operation:
    journal = await store.open(keys)
    claimed = await journal.claim(operation(content=CANARY + b"-content"))
    ended = replace(claimed, state="succeeded", version=1, answer=answer(CANARY + b"-answer"))
    kept = step(request=CANARY + b"-request", answer=CANARY + b"-reply")
    assert await journal.update(ended, Change((), (kept,)))
    await journal.close()
    return ended


async def _read(store: Store, keys: Sequence[bytes]) -> tuple[Operation | None, list[Step]]:
    journal = await store.open(keys)
    try:
        return await journal.get(operation().id), await journal.steps(operation().id)
    finally:
        await journal.close()


async def test_with_a_key_no_body_is_readable_in_the_store(store: Store) -> None:
    """Content, requests, replies and answers are sealed; without a key they are found, so the search finds them."""
    await _store_canaries(store, [KEY])
    assert CANARY not in await store.stored_bytes()


async def test_without_a_key_bodies_are_stored_as_they_are(store: Store) -> None:
    """So the test above can fail."""
    await _store_canaries(store, [])
    assert (await store.stored_bytes()).count(CANARY) >= 4 or not store.durable


@pytest.mark.parametrize("keys", [[KEY], [OTHER, KEY]])
async def test_a_key_that_is_configured_opens_wherever_it_stands(store: Store, keys: list[bytes]) -> None:
    """The first key seals, all open: a new one is put in front."""
    if not store.durable:
        return
    ended = await _store_canaries(store, [KEY])
    found, steps = await _read(store, keys)
    assert found == ended
    assert [(kept.request, kept.answer) for kept in steps] == [(CANARY + b"-request", CANARY + b"-reply")]


@pytest.mark.parametrize("keys", [[], [OTHER]])
async def test_a_missing_key_is_told_at_the_start(store: Store, keys: list[bytes]) -> None:
    """A store whose bodies cannot be opened is refused, and the refusal tells no key."""
    if not store.durable:
        return
    await _store_canaries(store, [KEY])
    with pytest.raises(JournalRefused, match="not configured") as refused:
        await store.open(keys)
    assert KEY.decode() not in str(refused.value)
    assert (await _read(store, [KEY]))[0] is not None


async def test_bodies_from_before_the_first_key_are_read(store: Store) -> None:
    """A key can be configured later."""
    if not store.durable:
        return
    ended = await _store_canaries(store, [])
    assert (await _read(store, [KEY]))[0] == ended


async def test_a_key_that_sealed_nothing_that_is_kept_may_go(store: Store) -> None:
    """An old key can be left out once retention let go what it sealed."""
    if not store.durable:
        return
    journal = await store.open([KEY])
    await journal.close()
    journal = await store.open([OTHER])
    await journal.close()
