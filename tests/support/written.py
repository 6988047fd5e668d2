"""Writes against a scripted provider, by an engine with a journal in memory."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters.contract.adapter import WriteContext
from adapters.contract.flow import Flow
from gateway.operations.engine import Engine, Write
from gateway.providers.provider import Provider, Trip
from gateway.stores.memory import MemoryJournal
from policies.journal import Operation

AnyFlow = Callable[[], Flow[Any]]


@dataclass
class Writing:
    """A caller, an engine and one provider."""

    provider: Provider
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    seconds: float = 60.0

    def __post_init__(self) -> None:
        numbers = itertools.count()
        self.engine = Engine(self.journal, new_id=lambda: f"operation-{next(numbers):04}")

    async def submit(
        self, flow: AnyFlow, key: str = "key", *, content: str = "content", reference: str | None = None
    ) -> Operation:
        """Submit a write and return its operation as it begins, or the earlier one with that key."""

        def begun(context: WriteContext) -> Flow[Any]:
            return flow()

        trip = Trip(time.monotonic() + self.seconds, "request-1", key)
        write = Write("orders.place", "caller", key, content, self.provider, begun, trip, reference)
        operation, _ = await self.engine.submit(write)
        return operation

    def state(self, operation: Operation) -> str:
        """Return the state that the journal has for an operation."""
        return self.journal._by_id[operation.id].state

    async def written(
        self, flow: AnyFlow, key: str = "key", *, content: str = "content", reference: str | None = None
    ) -> Operation:
        """Submit a write and return its operation when it has ended."""
        operation = await self.submit(flow, key, content=content, reference=reference)
        return await self.engine.outcome(operation.id, 20_000.0)


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
