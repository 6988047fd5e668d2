"""A connection that is cut at the worst moment: what was stored is found out, and nothing is stored twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import pytest

from gateway.stores import postgres_pool
from gateway.stores.postgres import PostgresJournal
from policies.journal import Change, JournalUnavailable
from support.cut_line import Cut, CutLine, cut_line
from support.journals import ACCOUNT, PAST, answer, fact, operation, step
from support.postgres_store import PostgresStore, server_url

CUTS: tuple[Cut, ...] = ("request", "at once", "answer", "silence")


@pytest.fixture
async def line(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CutLine]:
    """Return a line to the server. Silence is not waited for as long as in earnest."""
    monkeypatch.setattr(postgres_pool, "ANSWER_SECONDS", 1.0)
    port = urlsplit(server_url()).port
    assert port is not None
    async with cut_line(port) as carried:
        yield carried


@pytest.fixture
async def journal(line: CutLine) -> AsyncIterator[PostgresJournal]:
    """Return an empty journal at the other end of the line, every statement prepared."""
    store = PostgresStore()
    await (await store.open()).close()
    opened = PostgresJournal(_over(store.url, line), connections=2)
    await opened.open()
    warm = await opened.claim(operation(100, due=PAST))
    await opened.append(warm.id, [fact()])
    (warm,) = await opened.take_due("warm", 60, [ACCOUNT], 1)
    assert await opened.update(replace(warm, version=2, due=None), Change())
    yield opened
    await opened.close()


def _over(url: str, line: CutLine) -> str:
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{line.port}"))


@pytest.mark.parametrize("cut", CUTS)
async def test_a_claim_is_stored_once(journal: PostgresJournal, line: CutLine, cut: Cut) -> None:
    """The caller is told that it won, and it did."""
    line.cut(cut)
    assert await journal.claim(operation()) == operation()
    assert line.cuts == 1
    assert await journal.get(operation().id) == operation()


@pytest.mark.parametrize("cut", CUTS)
async def test_a_claim_in_the_place_of_a_cancelled_one_is_stored_once(
    journal: PostgresJournal, line: CutLine, cut: Cut
) -> None:
    """The facts of the old one stand before its own, once."""
    first = await journal.claim(operation())
    assert await journal.update(replace(first, state="cancelled", version=1), Change())
    again = operation(2, key=first.key)
    line.cut(cut)
    assert await journal.claim(again) == replace(again, evidence=(*first.evidence, *again.evidence))
    assert line.cuts == 1


@pytest.mark.parametrize("cut", CUTS)
async def test_an_update_is_stored_once(journal: PostgresJournal, line: CutLine, cut: Cut) -> None:
    """With its facts, its steps and one event; and the caller is told so."""
    claimed = await journal.claim(operation())
    ended = replace(claimed, state="succeeded", version=1, answer=answer())
    line.cut(cut)
    assert await journal.update(ended, Change((fact("answer"), fact("ended")), (step(),)))
    assert line.cuts == 1
    assert await journal.get(claimed.id) == replace(ended, evidence=(*claimed.evidence, fact("answer"), fact("ended")))
    assert await journal.steps(claimed.id) == [step()]
    assert [event.operation for event in await journal.events(0, 10)] == [claimed.id]


@pytest.mark.parametrize("cut", CUTS)
async def test_an_update_that_came_too_late_is_not_taken_for_stored(
    journal: PostgresJournal, line: CutLine, cut: Cut
) -> None:
    """Another's change with the same version number is not ours."""
    claimed = await journal.claim(operation())
    assert await journal.update(replace(claimed, state="sending", version=1), Change((fact("seen"),)))
    line.cut(cut)
    assert not await journal.update(replace(claimed, state="failed", version=1), Change((fact("seen"),)))
    assert await journal.get(claimed.id) == replace(
        claimed, state="sending", version=1, evidence=(*claimed.evidence, fact("seen"))
    )


@pytest.mark.parametrize("cut", CUTS)
async def test_an_update_without_facts_is_known_by_its_row(journal: PostgresJournal, line: CutLine, cut: Cut) -> None:
    """Each change has a name of its own."""
    claimed = await journal.claim(operation())
    line.cut(cut)
    assert await journal.update(replace(claimed, state="sending", version=1), Change())
    assert len(await journal.events(0, 10)) == 1


async def test_an_update_is_known_by_its_facts_where_others_went_on_since(
    journal: PostgresJournal, line: CutLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it could be found out, a worker claimed the operation: the row tells of that worker only."""
    claimed = await journal.claim(operation(due=PAST))

    async def take(beside: PostgresJournal) -> None:
        assert len(await beside.take_due("other", 60, [ACCOUNT], 1)) == 1

    _before(monkeypatch, journal, "update_again", take)
    line.cut("answer")
    assert await journal.update(replace(claimed, version=1), Change((fact("polled"),)))


async def test_a_claim_that_was_withdrawn_before_it_was_found_out_stays_withdrawn(
    journal: PostgresJournal, line: CutLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding out claims again; it does not take the place of itself."""
    cancelled = replace(operation(), state="cancelled", version=1)

    async def withdraw(beside: PostgresJournal) -> None:
        if await beside.get(operation().id) is not None:
            assert await beside.update(cancelled, Change())

    _before(monkeypatch, journal, "claim", withdraw)
    line.cut("answer")
    assert await journal.claim(operation()) == cancelled


def _before(
    monkeypatch: pytest.MonkeyPatch,
    journal: PostgresJournal,
    name: str,
    happens: Callable[[PostgresJournal], Awaitable[None]],
) -> None:
    """Let something happen in another instance before a command is done."""
    command = getattr(journal._changes, name)

    async def later(*values: object) -> object:
        beside = PostgresJournal(server_url())
        await beside.open()
        await happens(beside)
        await beside.close()
        return await command(*values)

    monkeypatch.setattr(journal._changes, name, later)


@pytest.mark.parametrize("cut", CUTS)
async def test_facts_are_stored_once(journal: PostgresJournal, line: CutLine, cut: Cut) -> None:
    """Those that are there are not added again."""
    claimed = await journal.claim(operation())
    line.cut(cut)
    await journal.append(claimed.id, [fact("late", "executed"), fact("poll")])
    found = await journal.get(claimed.id)
    assert found is not None
    # Cut at once, the first may still be on its way while the second looks: then a fact stands twice, and none is lost.
    expected = [fact("late", "executed"), fact("poll")]
    assert set(found.evidence[1:]) == set(expected)
    assert cut == "at once" or list(found.evidence[1:]) == expected


@pytest.mark.parametrize("cut", ["answer", "silence"])
async def test_what_was_taken_is_given_to_who_took_it(journal: PostgresJournal, line: CutLine, cut: Cut) -> None:
    """Else it would wait for the end of a lease that nobody knows of."""
    claimed = await journal.claim(operation(due=PAST))
    line.cut(cut)
    (taken,) = await journal.take_due("w", 60, [ACCOUNT], 1)
    assert (taken.id, taken.owner, taken.version) == (claimed.id, "w", 1)


@pytest.mark.parametrize("cut", CUTS)
async def test_a_read_is_done_again(journal: PostgresJournal, line: CutLine, cut: Cut) -> None:
    """It changes nothing."""
    claimed = await journal.claim(operation())
    await journal.get(claimed.id)
    line.cut(cut)
    assert await journal.get(claimed.id) == claimed
    assert line.cuts == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda journal: journal.claim(operation(2)),
        lambda journal: journal.update(replace(operation(), state="sending", version=1), Change((fact(),))),
        lambda journal: journal.append(operation().id, [fact()]),
    ],
)
@pytest.mark.parametrize("cut", ["request", "answer"])
async def test_what_cannot_be_found_out_is_told_as_in_doubt(
    journal: PostgresJournal,
    line: CutLine,
    monkeypatch: pytest.MonkeyPatch,
    cut: Cut,
    change: Callable[[PostgresJournal], Awaitable[object]],
) -> None:
    """The database is gone after the cut: whether it was stored, nobody knows; who asks again later is told."""
    monkeypatch.setattr(postgres_pool, "SETTLE_SECONDS", 0.2)
    await journal.claim(operation())
    line.refuses_after_cut = True
    line.cut(cut)
    with pytest.raises(JournalUnavailable, match="not known") as unavailable:
        await change(journal)
    assert unavailable.value.in_doubt
    line.refuses = line.refuses_after_cut = False
    await change(journal)


async def test_who_is_refused_a_connection_knows_that_nothing_was_stored(
    journal: PostgresJournal, line: CutLine
) -> None:
    """A database that is gone is told at once and without doubt, and found again when it is back."""
    await line.end()
    line.refuses = True
    started = time.monotonic()
    with pytest.raises(JournalUnavailable) as unavailable:
        await journal.claim(operation())
    # The broken connection may have been noticed by the first command only.
    if unavailable.value.in_doubt:
        with pytest.raises(JournalUnavailable) as unavailable:
            await journal.claim(operation())
    assert not unavailable.value.in_doubt
    assert time.monotonic() - started < 5
    line.refuses = False
    assert await journal.claim(operation()) == operation()


async def test_a_server_that_never_answers_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting is bounded too."""
    monkeypatch.setattr(postgres_pool, "CONNECT_SECONDS", 0.2)
    held: list[asyncio.StreamWriter] = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    started = time.monotonic()
    with pytest.raises(JournalUnavailable):
        await PostgresJournal(f"postgresql://u:p@127.0.0.1:{port}/d?sslmode=disable").open()
    assert time.monotonic() - started < 3
    for writer in held:
        writer.close()
    server.close()
    await server.wait_closed()
