"""Answers that came while the journal was away: durable beside it, told from there, and stored when it is back."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.stores.sealing import Sealing
from gateway.stores.spool import Spool, SpoolFull
from gateway.stores.spooled import SpooledJournal
from gateway.stores.sqlite import SqliteJournal
from policies.journal import Change, JournalUnavailable, Operation
from support.journals import ACCOUNT, answer, fact, operation, step

pytestmark = pytest.mark.blocking_allowed("a spool blocks its caller, which is the test here")

KEY = bytes(range(32))
SENDING = fact("sending", "place")
ANSWERED = fact("answer", "executed", status=201)


class Away:
    """A journal that can be away."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.journal = journal
        self.away = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.journal, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            if self.away:
                raise JournalUnavailable("away")
            return await method(*arguments, **named)

        return call


class Here:
    """A journal with a spool beside it, and an operation that is about to be answered."""

    def __init__(self, folder: Path, inner: SqliteJournal) -> None:
        self.spool = Spool(folder / "spool", Sealing((KEY,)))
        self.inner = inner
        self.away = Away(inner)
        self.journal: SpooledJournal = self.started()
        self.sent = operation()

    def started(self) -> SpooledJournal:
        """Return the journal as a new process has it."""
        journal: Any = self.away
        return SpooledJournal(journal, Spool(self.spool.path, Sealing((KEY,))))

    async def begin(self) -> None:
        """Claim, and store the intent."""
        claimed = await self.journal.claim(operation())
        self.sent = replace(claimed, state="sending", version=1, attempts=1, doubt=True)
        assert await self.journal.update(self.sent, Change((SENDING,), (step(),)))

    async def answered(self) -> Operation:
        """Store the provider's yes; return what is to be stored."""
        placed = replace(self.sent, state="succeeded", version=2, doubt=False, answer=answer(), subject="acme:1")
        assert await self.journal.update(placed, Change((ANSWERED, fact("ended", "succeeded")), (step(answer=b"yes"),)))
        return placed


@pytest.fixture
async def here(tmp_path: Path) -> Any:
    """A journal in memory."""
    inner = SqliteJournal(None, ephemeral=True)
    await inner.open()
    found = Here(tmp_path, inner)
    await found.begin()
    yield found
    await inner.close()


async def test_an_answer_is_spooled_and_told_while_the_journal_is_away_and_stored_when_it_is_back(here: Here) -> None:
    """The caller gets what the provider said; a repetition with the key too."""
    here.away.away = True
    placed = await here.answered()
    for told in (await here.journal.get(placed.id), await here.journal.find("shop", "key-1")):
        assert told is not None
        assert (told.state, told.answer, told.evidence[-1].kind) == ("succeeded", answer(), "ended")
    assert b"succeeded" not in here.spool.path.read_bytes()
    here.away.away = False
    await here.journal.take_due("worker", 60.0, [ACCOUNT], 10)
    stored = await here.inner.get(placed.id)
    assert stored is not None
    assert (stored.state, stored.subject, stored.answer) == ("succeeded", "acme:1", answer())
    assert [one.kind for one in stored.evidence] == ["claimed", "sending", "answer", "ended"]
    assert await here.inner.steps(placed.id) == [step(answer=b"yes")]
    assert not here.spool.path.exists()


async def test_a_process_that_died_meanwhile_loses_nothing(here: Here) -> None:
    """The next one reads the spool and stores it at its first look."""
    here.away.away = True
    placed = await here.answered()
    here.away.away = False
    following = here.started()
    await following.open()
    told = await following.get(placed.id)
    assert told is not None
    assert told.state == "succeeded"
    await following.take_due("worker", 60.0, [ACCOUNT], 10)
    stored = await here.inner.get(placed.id)
    assert stored is not None
    assert stored.state == "succeeded"


async def test_without_the_journal_nothing_is_sent(here: Here) -> None:
    """An intent is never spooled, whether or not answers are."""
    other = await here.journal.claim(operation(2))
    here.away.away = True
    await here.answered()
    again = replace(other, state="sending", version=1)
    with pytest.raises(JournalUnavailable):
        await here.journal.update(again, Change((SENDING,)))
    more = replace(here.sent, version=3, attempts=2)
    for facts in ((SENDING,), (ANSWERED, SENDING)):
        with pytest.raises(JournalUnavailable):
            await here.journal.update(more, Change(facts))
    with pytest.raises(JournalUnavailable):
        await here.journal.claim(operation(3))


async def test_an_answer_still_decides_where_somebody_took_the_operation_over(here: Here) -> None:
    """Nothing was sent again, so what was in doubt there is none any more."""
    here.away.away = True
    placed = await here.answered()
    unknown = replace(here.sent, state="unknown", version=2)
    assert await here.inner.update(unknown, Change((fact("waiting", "asking"),)))
    here.away.away = False
    await here.journal.take_due("worker", 60.0, [ACCOUNT], 10)
    stored = await here.inner.get(placed.id)
    assert stored is not None
    assert (stored.state, stored.version) == ("succeeded", 3)


@pytest.mark.parametrize("other", [{"state": "unknown", "attempts": 2}, {"state": "failed", "attempts": 1}])
async def test_where_somebody_sent_again_or_ended_it_the_answer_is_a_late_fact(
    here: Here, other: dict[str, Any]
) -> None:
    """State belongs to who holds the claim; what was seen is kept all the same."""
    here.away.away = True
    placed = await here.answered()
    assert await here.inner.update(replace(here.sent, version=2, **other), Change())
    here.away.away = False
    await here.journal.take_due("worker", 60.0, [ACCOUNT], 10)
    stored = await here.inner.get(placed.id)
    assert stored is not None
    assert stored.state == other["state"]
    assert stored.evidence[-1].kind == "late answer"


async def test_a_commit_in_doubt_that_was_made_is_not_made_twice(here: Here) -> None:
    """The answer was stored, and the connection broke before that was told."""
    here.away.away = True
    placed = await here.answered()
    facts = (ANSWERED, fact("ended", "succeeded"))
    assert await here.inner.update(placed, Change(facts))
    here.away.away = False
    await here.journal.take_due("worker", 60.0, [ACCOUNT], 10)
    stored = await here.inner.get(placed.id)
    assert stored is not None
    assert [one.kind for one in stored.evidence] == ["claimed", "sending", "answer", "ended"]


async def test_where_the_spool_fails_too_the_journal_is_away(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is called stored that is not."""
    monkeypatch.setattr(here.journal._spool, "_most_bytes", 10)
    here.away.away = True
    with pytest.raises(JournalUnavailable):
        await here.answered()
    with pytest.raises(JournalUnavailable):
        await here.journal.get(here.sent.id)


def test_a_torn_line_is_cut_off_and_a_damaged_one_left_out(tmp_path: Path) -> None:
    """A crash in the middle of a line costs that line alone."""
    spool = Spool(tmp_path / "spool", Sealing())
    for body in (b"one", b"two", b"three"):
        spool.append(body)
    lines = spool.path.read_bytes().splitlines(keepends=True)
    spool.path.write_bytes(lines[0] + lines[1].replace(b'"body":"', b'"body":"AA') + lines[2] + lines[0][:20])
    assert spool.read() == [b"one", b"three"]
    spool.append(b"four")
    assert spool.read() == [b"one", b"three", b"four"]


def test_it_is_durable_bounded_and_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Synced before it is called kept; what does not fit leaves nothing behind."""
    synced: list[int] = []
    real = os.fsync

    def noted(handle: int) -> None:
        synced.append(handle)
        real(handle)

    monkeypatch.setattr(os, "fsync", noted)
    spool = Spool(tmp_path / "spool", Sealing(), most_bytes=100)
    spool.append(b"small")
    assert len(synced) == 2  # the file, and its name in the folder
    with pytest.raises(SpoolFull):
        spool.append(b"large" * 100)
    assert spool.read() == [b"small"]
    assert spool.path.stat().st_mode & 0o777 == 0o600
    spool.clear()
    assert spool.read() == []
