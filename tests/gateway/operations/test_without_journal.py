"""A gateway whose journal is away: nothing is sent, reads go on, and it heals by itself. And three that share one."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from gateway.stores.ballast import Ballast
from policies.journal import Change, Journal, JournalUnavailable, Operation
from support.cut_line import cut_line
from support.postgres_store import PostgresStore
from support.running import Answered, Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIGURATION = """\
listen:
  port: 0
admin:
  port: 0
store:
  url: {url}
  ephemeral: true
providers:
  reseller:
    adapter: reseller
    simulated: true
"""
AT_THE_FIRSTS = """\
listen:
  port: 0
admin:
  port: 0
store:
  url: {url}
providers:
  reseller:
    adapter: reseller
    base_url: {simulator}
    credentials:
      email: reseller@shop.example
      password: simulated-password
"""
DUPLICATES = 200 if os.environ.get("ORDERGATE_PROVE") else 30


@pytest_asyncio.fixture(loop_scope="module")
async def database() -> AsyncIterator[str]:
    """An empty journal in PostgreSQL, by its URL."""
    store = PostgresStore()
    journal = await store.open()
    await journal.close()
    yield store.url


async def ordered(running: Running, name: str) -> Answered:
    """Order one code; `name` is the key and the number."""
    order = {"reference": name, "lines": [{"productId": "reseller:266-235", "quantity": 1}]}
    return await running.call("POST", "/v1/orders", order, key=name, headers={"Prefer": "wait=25"})


async def ordered_in_the_end(running: Running, name: str) -> Answered:
    """Order, and repeat with the same key where the journal has no time, as callers do."""
    for _ in range(30):
        answered = await ordered(running, name)
        if answered.problem != "journal-unavailable":
            return answered
        assert (answered.status, answered.body["retry"]) == (503, "same-key")
    pytest.fail("the journal never has time")


async def placed(running: Running) -> list[str]:
    """Return the references of what was really ordered."""
    return [one["reference"].partition(":")[0] for one in (await running.truth("reseller"))["orders"]]


async def test_on_a_full_disk_nothing_is_sent_and_known_keys_are_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal can be read, so it is known that nothing was placed; with room again it goes on by itself."""
    async with running_gateway(CONFIGURATION.format(url=f"sqlite:{tmp_path}/journal.db")) as running:
        first = await ordered(running, "A-1")
        with monkeypatch.context() as full:
            full.setattr(Ballast, "shortage", lambda _: "the disk is full")
            refused = await ordered(running, "A-2")
            assert (refused.status, refused.problem) == (503, "journal-unavailable")
            assert (refused.body["placed"], refused.body["retry"]) == ("no", "same-key")
            assert refused.headers["Retry-After"] == str(refused.body["retryAfter"]) == "1"
            assert (await running.call("GET", "/v1/orders?provider=reseller")).status == 200
            again = await ordered(running, "A-1")
            assert (again.status, again.body) == (201, first.body)
        assert (await ordered(running, "A-2")).status == 201
        assert await placed(running) == ["A-1", "A-2"]


async def test_without_the_database_nothing_is_sent_and_what_a_key_did_is_not_known(database: str) -> None:
    """Whether the key was used before stands in what cannot be read: nobody is told that it was not."""
    parts = urlsplit(database)
    async with cut_line(parts.port or 5432) as line:
        url = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{line.port}")).geturl()
        async with running_gateway(CONFIGURATION.format(url=url)) as running:
            assert (await ordered(running, "B-1")).status == 201
            line.refuses = True
            await line.end()
            for name in ("B-1", "B-2"):
                refused = await ordered(running, name)
                assert (refused.status, refused.problem) == (503, "journal-unavailable")
                assert (refused.body["placed"], refused.body["retry"]) == ("unknown", "same-key")
            assert (await running.call("GET", "/v1/orders?provider=reseller")).status == 200
            assert await placed(running) == ["B-1"]
            line.refuses = False
            assert (await ordered(running, "B-1")).headers["Idempotency-Replayed"] == "true"
            assert (await ordered(running, "B-2")).status == 201
            assert await placed(running) == ["B-1", "B-2"]


class Away:
    """A journal that is gone from the moment at which an order may have left."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._gone = False

    async def update(self, operation: Operation, change: Change) -> bool:
        """Store that it is about to leave, and nothing after that."""
        self._there()
        self._gone = operation.state == "sending"
        return await self._journal.update(operation, change)

    async def get(self, operation_id: str) -> Operation | None:
        """Return an operation while the journal is there."""
        self._there()
        return await self._journal.get(operation_id)

    def _there(self) -> None:
        if self._gone:
            raise JournalUnavailable("the database is gone")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


async def test_an_order_that_left_before_the_journal_did_is_not_told_as_if_nothing_was_sent() -> None:
    """The provider has it: 504 with its operation, and never a 503, which says that nothing was placed."""
    async with running_gateway(CONFIGURATION.format(url="'memory:'")) as running:
        engine = running.gateway._engine
        assert engine is not None
        there = engine.journal
        engine.journal = Away(there)
        told = await ordered(running, "D-1")
        assert (told.status, told.problem) == (504, "outcome-unknown")
        assert (told.body["placed"], told.body["retry"]) == ("unknown", "same-key")
        assert await placed(running) == ["D-1"]
        (known,) = await there.search(None, key="D-1")
        assert told.headers["Location"] == told.body["operation"] == f"/v1/operations/{known.id}"
        engine.journal = there


async def test_many_duplicates_over_three_gateways_are_one_order(database: str) -> None:
    """One is first; all others get its answer, or are told that it is under way."""
    async with running_gateway(CONFIGURATION.format(url=database)) as first:
        others = AT_THE_FIRSTS.format(url=database, simulator=first.gateway.simulator_urls["reseller"])
        async with running_gateway(others) as second, running_gateway(others) as third:
            fleet = (first, second, third)
            answers = await asyncio.gather(
                *(ordered_in_the_end(fleet[number % 3], "C-1") for number in range(DUPLICATES))
            )
            assert await placed(first) == ["C-1"]
    told = [(one.status, one.headers.get("Idempotency-Replayed")) for one in answers]
    assert told.count((201, None)) == 1
    assert all(one in {(201, None), (201, "true")} or one[0] == 409 for one in told)
    assert len({one.body["id"] for one in answers if one.status == 201}) == 1
