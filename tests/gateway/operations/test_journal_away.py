"""How the log tells of a journal that goes away and comes back: each once, and once a minute in between."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from gateway.operations.worker import Worker
from policies.journal import JournalUnavailable
from support.virtual_time import run

OUTAGE = 150.0


class GoneForAWhile:
    """A journal, and the engine around it, that is away for a while from the start."""

    room, providers, worker, journal = 100, (), "worker", property(lambda self: self)

    async def take_due(self, *_: Any) -> list[Any]:
        """Return that nothing is due, once it is there."""
        if asyncio.get_running_loop().time() < OUTAGE:
            raise JournalUnavailable("the database is gone")
        return []

    async def purge(self, *_: Any) -> int:
        """Let nothing go."""
        return 0


def test_an_outage_is_told_once_a_minute_and_so_is_its_end(logged: list[MutableMapping[str, Any]]) -> None:
    """Every instance looks twice a second: a line for each look would bury all others."""

    async def through_an_outage() -> None:
        away: Any = GoneForAWhile()
        worker = Worker(away, away)
        worker.start()
        await worker.scanned.wait()
        await asyncio.sleep(1.0)
        await worker.stop()

    run(through_an_outage())
    lines = [line for line in logged if line["event"].startswith("journal")]
    assert [line["event"] for line in lines] == ["journal unavailable"] * 3 + ["journal available again"]
    assert {line.get("reason") for line in lines[:3]} == {"the database is gone"}
    assert lines[3]["seconds"] == pytest.approx(OUTAGE, abs=1.0)
