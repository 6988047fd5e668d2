"""What retention lets go is let go while the gateway runs, a batch at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.operations import worker
from policies.journal import Change, JournalUnavailable
from support.scripted_provider import Network, placing, provider_of
from support.written import Writing, WritingTo, until


async def old(writing: Writing, count: int) -> list[str]:
    """Have operations end that ended 8 days ago, by their own word."""
    ids = []
    for number in range(count):
        ended = await writing.written(placing, f"key-{number}")
        long_ago = datetime.now(UTC) - timedelta(days=8)
        # Taken up and ended again: days count from the last end.
        claimed = replace(ended, id=f"old-{number}", key=f"old-{number}", state="accepted", version=0, evidence=())
        await writing.journal.claim(claimed)
        done = replace(claimed, state="succeeded", version=1, updated_at=long_ago, due=None)
        assert await writing.journal.update(done, Change())
        ids.append(done.id)
    return ids


async def test_old_contents_go_in_batches_and_young_ones_stay(
    writing_to: WritingTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until nothing is left to let go; then it is looked again after a while."""
    writing = writing_to(provider_of(Network()))
    ids = await old(writing, 5)
    sizes: list[int] = []
    purge = writing.journal.purge

    async def counted(now: datetime, limit: int = 1000) -> int:
        sizes.append(await purge(now, limit))
        return sizes[-1]

    monkeypatch.setattr(writing.journal, "purge", counted)
    monkeypatch.setattr(worker, "PURGE_BATCH", 2)
    monkeypatch.setattr(worker, "PURGE_PAUSE", 0.0)
    writing.worker.start()
    await until(lambda: sizes[-1:] == [0])
    await writing.worker.stop()
    assert sizes == [2, 2, 1, 0]
    assert [one.content for one in [await writing.journal.get(name) for name in ids] if one] == [b""] * 5
    young = await writing.journal.find("caller", "key-0")
    assert young is not None
    assert young.content


async def test_a_journal_that_is_away_is_tried_again(writing_to: WritingTo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing ends because of it."""
    writing = writing_to(provider_of(Network()))
    tries: list[datetime] = []

    async def away(now: datetime, limit: int = 1000) -> int:
        tries.append(now)
        raise JournalUnavailable("away")

    monkeypatch.setattr(writing.journal, "purge", away)
    monkeypatch.setattr(worker, "PURGE_PAUSE", 0.0)
    monkeypatch.setattr(worker, "PURGE_INTERVAL", 0.0)
    writing.worker.start()
    await until(lambda: len(tries) > 2)
    await writing.worker.stop()
