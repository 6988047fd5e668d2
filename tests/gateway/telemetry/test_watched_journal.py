"""A journal that is watched does what the journal does, and tells how long it took and what is open."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.telemetry.catalogue import ENDED, JOURNAL_DURATION, OLDEST, OPERATIONS
from gateway.telemetry.instruments import Instrument
from gateway.telemetry.journal import WatchedJournal
from gateway.telemetry.metrics import Labels, Metrics
from policies.journal import Change, JournalFull, JournalUnavailable, Operation
from policies.operation import State
from support.journals import fact, operation
from support.written import QuickJournal


@pytest.fixture
def quick() -> Iterator[QuickJournal]:
    """Return a journal in memory."""
    journal = QuickJournal()
    yield journal
    journal.end()


async def values(metrics: Metrics, instrument: Instrument) -> dict[Labels, float]:
    """Return the series of one instrument: its values, or how many each of a histogram counted."""
    for one in await metrics.collect():
        if one.instrument is instrument:
            return dict(one.values) | {labels: found.count for labels, found in one.distributions.items()}
    return {}


async def test_every_durable_change_is_timed(quick: QuickJournal) -> None:
    """By its command and what came of it; reads are not."""
    metrics = Metrics()
    journal = WatchedJournal(quick, metrics, None, ["acme"])
    claimed = await journal.claim(operation())
    sent = replace(claimed, state="sending", version=1)
    assert await journal.update(sent, Change())
    assert not await journal.update(sent, Change())
    await journal.append(claimed.id, [fact()])
    assert await journal.get(claimed.id) is not None
    assert await values(metrics, JOURNAL_DURATION) == {
        ("claim", "done"): 1,
        ("update", "done"): 1,
        ("update", "refused"): 1,
        ("append", "done"): 1,
    }


@pytest.mark.parametrize(
    ("error", "outcome"), [(JournalFull("full"), "refused"), (JournalUnavailable("gone"), "failed")]
)
async def test_a_journal_that_cannot_is_told_so(error: Exception, outcome: str) -> None:
    """To whoever asked, and in the count."""

    class Unable(QuickJournal):
        async def claim(self, operation: Operation) -> Operation:
            raise error

    metrics, journal = Metrics(), Unable()
    with pytest.raises(type(error)):
        await WatchedJournal(journal, metrics, None, []).claim(operation())
    journal.end()
    assert await values(metrics, JOURNAL_DURATION) == {("claim", outcome): 1}


async def test_what_is_open_is_told_by_account_with_its_age(quick: QuickJournal) -> None:
    """Zero where nothing is open: an alarm needs to see that it is over."""
    metrics = Metrics()
    journal = WatchedJournal(quick, metrics, None, ["acme", "other"])
    old = datetime.now(UTC) - timedelta(hours=2)
    for number, state in enumerate(["accepted", "parked", "parked", "succeeded"], 1):
        await journal.claim(operation(number, state=state, created_at=old + timedelta(minutes=number)))
    counted = await values(metrics, OPERATIONS)
    assert {labels: count for labels, count in counted.items() if count} == {
        ("acme", "accepted"): 1,
        ("acme", "parked"): 2,
    }
    assert counted["other", "parked"] == 0
    aged = await values(metrics, OLDEST)
    assert aged["acme",] == pytest.approx(119 * 60, abs=5)
    assert aged["other",] == 0


async def test_what_ends_here_is_counted(quick: QuickJournal) -> None:
    """Once, in the state that it ended in; what was given up to a person too."""
    metrics = Metrics()
    journal = WatchedJournal(quick, metrics, None, ["acme"])
    states: list[State] = ["succeeded", "parked", "unknown"]
    for number, state in enumerate(states, 1):
        claimed = await journal.claim(operation(number))
        ended = replace(claimed, state=state, version=1)
        assert await journal.update(ended, Change())
        assert not await journal.update(ended, Change())
    assert await values(metrics, ENDED) == {("acme", "succeeded"): 1, ("acme", "parked"): 1}
