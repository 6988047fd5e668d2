"""Writes against a scripted provider, by an engine with a journal in memory whose clock the tests move."""

import asyncio
import itertools
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from adapters.contract.flow import Flow
from adapters.contract.models.requests import NewLine, NewOrder
from gateway.operations.engine import Engine
from gateway.operations.intents import Intent
from gateway.operations.resolver import Resolver
from gateway.operations.twins import Action, Twins
from gateway.operations.worker import Worker
from gateway.operations.write import Write
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within
from gateway.stores.sqlite import MEMORY_BYTES, SqliteJournal
from gateway.stores.sqlite_file import Memory
from policies.journal import Operation
from support.scripted_provider import ScriptedAdapter

AnyFlow = Callable[[], Flow[Any]]
T = TypeVar("T")


class _Here:
    """A lane without a thread: virtual time stands still for a command, and others work before its result is told."""

    def __init__(self, connections: Memory) -> None:
        self.connection = connections.first()

    async def run(self, work: Callable[[sqlite3.Connection], T], *, new: bool = False) -> T:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(self.connection)
            self.connection.execute("COMMIT")
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        await asyncio.sleep(0)
        return result


class QuickJournal(SqliteJournal):
    """The journal in memory, in the thread of its loop; `ahead` is how far its clock is before ours."""

    def __init__(self) -> None:
        super().__init__(None, clock=lambda: datetime.now(UTC) + self.ahead)
        self.ahead = timedelta(0)
        lane: Any = _Here(Memory(self._prepare, most_bytes=MEMORY_BYTES))
        self._writing = self._reading = lane
        self.end: Callable[[], None] = lane.connection.close


class Writing:
    """A caller, an engine with its worker, and one provider."""

    def __init__(
        self,
        provider: Provider,
        journal: QuickJournal | None = None,
        *,
        seconds: float = 60.0,
        horizon: float = 3600.0,
        twins: Action | None = None,
    ) -> None:
        self.provider = provider
        self.seconds = seconds
        self.journal = journal or QuickJournal()
        numbers = itertools.count()
        self.engine = Engine(
            self.journal, {provider.name: provider}, lambda: f"operation-{next(numbers):04}", worker="worker"
        )
        if twins is not None:
            self.engine.twins = Twins(self.journal, twins, 3600.0)
        self.worker = Worker(self.engine, Resolver(self.engine, horizon=horizon))

    def close(self) -> None:
        """Forget everything."""
        self.journal.end()

    async def submit(
        self,
        flow: AnyFlow,
        key: str = "key",
        *,
        content: str = "content",
        reference: str | None = None,
        **wanted: Any,
    ) -> Operation:
        """Submit a write and return its operation as it begins, or the earlier one with that key.

        `wanted` are further members of the `Write`: for how long its caller waits, until when it is valid.
        """
        adapter = self.provider.adapter
        assert isinstance(adapter, ScriptedAdapter)
        order = NewOrder(reference=f"{len(adapter.flows)}", lines=[NewLine(product_id="shop:1", quantity=1)])
        adapter.flows[order.reference] = flow
        trip = Trip(within(self.seconds), "request-1", key)
        intent = Intent("orders.place", order)
        write = Write("caller", key, content, self.provider, intent, trip, reference, **wanted)
        operation, _ = await self.engine.submit(write)
        return operation

    async def stored(self, operation: Operation) -> Operation:
        """Return an operation as the journal has it."""
        found = await self.journal.get(operation.id)
        assert found is not None
        return found

    async def written(
        self,
        flow: AnyFlow,
        key: str = "key",
        *,
        content: str = "content",
        reference: str | None = None,
        **wanted: Any,
    ) -> Operation:
        """Submit a write and return its operation when its flow has come to an end."""
        operation = await self.submit(flow, key, content=content, reference=reference, **wanted)
        await self.idle()
        return await self.stored(operation)

    async def idle(self) -> None:
        """Wait for the work under way."""
        while tasks := list(self.engine._tasks.values()):
            await asyncio.wait(tasks)
            await asyncio.sleep(0)

    async def looked(self, times: int = 1) -> int:
        """Let the worker look, each time when everything is due; return how much it took."""
        taken = 0
        for _ in range(times):
            self.journal.ahead += timedelta(days=1)
            taken += await self.worker.look()
            await self.idle()
        return taken

    async def followed(self, flow: AnyFlow, *, times: int = 20, **wanted: Any) -> Operation:
        """Submit a write and return its operation when it needs no more time: no process runs, no try is to come."""
        operation = await self.written(flow, **wanted)
        for _ in range(times):
            if operation.state not in {"pending", "accepted"} or self.engine._stopping.is_set():
                break
            await self.looked()
            operation = await self.stored(operation)
        return operation


WritingTo = Callable[..., Writing]
"""Makes a caller, an engine and a journal for a provider, with the arguments of `Writing`."""


async def until(condition: Callable[[], bool]) -> None:
    """Let others work until something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


def told(operation: Operation) -> dict[str, Any]:
    """Return the body of an operation's answer."""
    assert operation.answer is not None
    body: dict[str, Any] = msgspec.json.decode(operation.answer.body) if operation.answer.body else {}
    return body


def status(operation: Operation) -> int:
    """Return the status of an operation's answer."""
    assert operation.answer is not None
    return operation.answer.status


def problem_of(operation: Operation) -> str:
    """Return the name of the problem in an operation's answer."""
    return str(told(operation)["type"]).rpartition("/")[2]
