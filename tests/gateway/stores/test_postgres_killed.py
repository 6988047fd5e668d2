"""A server that is killed while many write: every acknowledged change is there, and what was denied is not."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from gateway.stores.postgres import PostgresJournal
from policies.journal import Change, JournalUnavailable, Operation
from support.journals import fact, operation, step
from support.postgres import NoPostgres, Server, own_server, required

WRITERS = 12
KILLS = 2
BETWEEN = 60
"""Acknowledged changes before each kill, and after the last."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server that may be killed."""
    try:
        with own_server() as started:
            yield started
    except NoPostgres as missing:
        if required():
            raise
        pytest.skip(str(missing))


@dataclass
class Told:
    """What writers were told."""

    stored: dict[int, int] = field(default_factory=dict)
    """The last version acknowledged of each operation."""
    denied: dict[int, int] = field(default_factory=dict)
    """The version that was said not to be stored."""
    doubted: int = 0
    acknowledged: int = 0
    progress: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the server runs: who was refused writes on when it does."""
    until: int = BETWEEN
    ended: bool = False

    def acknowledge(self, number: int, version: int) -> None:
        """Note an acknowledged change."""
        self.stored[number] = version
        self.acknowledged += 1
        if self.acknowledged >= self.until:
            self.progress.set()

    async def more(self) -> None:
        """Wait for as many changes as lie between two kills."""
        self.until = self.acknowledged + BETWEEN
        self.progress.clear()
        async with asyncio.timeout(30):
            await self.progress.wait()


async def _write(journal: PostgresJournal, told: Told, numbers: Iterator[int]) -> None:
    while not told.ended:
        number = next(numbers)
        version = 0
        try:
            claimed = await journal.claim(operation(number))
            told.acknowledge(number, 0)
            version = 1
            assert await journal.update(_sending(claimed), Change((fact("sending"),), (step(),)))
            told.acknowledge(number, 1)
        except JournalUnavailable as error:
            if error.in_doubt:
                told.doubted += 1
            else:
                told.denied[number] = version
            await told.started.wait()


def _sending(claimed: Operation) -> Operation:
    return replace(claimed, state="sending", version=1)


@pytest.mark.timeout(120)
async def test_a_killed_server_loses_nothing_that_was_acknowledged(server: Server) -> None:
    """Killed and started again in mid-burst, more than once: the journal says so meanwhile, and heals by itself."""
    journal = PostgresJournal(server.url)
    await journal.open()
    told, numbers = Told(), iter(range(1, 1_000_000))
    told.started.set()
    writers = [asyncio.create_task(_write(journal, told, numbers)) for _ in range(WRITERS)]
    for _ in range(KILLS):
        await told.more()
        refused = len(told.denied) + told.doubted
        told.started.clear()
        await asyncio.to_thread(server.kill)
        with pytest.raises(JournalUnavailable):
            await journal.claim(operation(next(numbers)))
        await asyncio.to_thread(server.start)
        told.started.set()
        await told.more()
        assert len(told.denied) + told.doubted > refused
    told.ended = True
    await asyncio.gather(*writers)
    for number, version in told.stored.items():
        found = await journal.get(operation(number).id)
        assert found is not None
        assert found.version >= version
        assert found.version == len(found.evidence) - 1 == len(await journal.steps(found.id))
    for number, version in told.denied.items():
        found = await journal.get(operation(number).id)
        assert found is None or found.version < version
    states = {event.operation for event in await journal.events(0, 1_000_000)}
    assert states >= {operation(number).id for number, version in told.stored.items() if version == 1}
    await journal.close()
