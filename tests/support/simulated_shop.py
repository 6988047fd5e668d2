"""An engine joined to a provider's simulator without a network, on one clock: requests and answers are lost as told."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
from typing_extensions import override

from adapters.contract.adapter import Adapter
from adapters.contract.models.requests import Request
from adapters.contract.simulator import Received, Simulator
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.config.model import Timeouts
from gateway.operations.engine import Engine
from gateway.operations.intents import Intent
from gateway.operations.resolver import Resolver
from gateway.operations.worker import Worker
from gateway.operations.write import Write
from gateway.providers.channel import Channel, channel
from gateway.providers.outbound import Outbound
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within
from policies.journal import Journal, Operation
from support.moved_clock import MovedClock
from support.pacing import pacer_of
from support.scripted_provider import STOIC, lost

Loss = Literal["request", "answer"]
HORIZON = 6 * 3600.0


class Wire(Outbound):
    """Carries requests to a simulator, each a second after the last; `losses` are those of the next commits."""

    def __init__(self, simulator: Simulator, clock: MovedClock) -> None:
        super().__init__()
        self.simulator = simulator
        self.commits = 0
        self.losses: list[Loss] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """What happens while the answer to the next commit is on its way."""
        self._clock = clock

    @override
    async def send(self, request: HttpRequest, channel: Channel, timeout: float) -> HttpResponse:
        self._clock.move(1.0)
        loss = self.losses.pop(0) if request.effect == "commit" and self.losses else None
        if loss == "request":
            raise lost()
        self.commits += request.effect == "commit"
        response = self.simulator.handle(Received.of(request)).response
        if request.effect == "commit" and (meanwhile := self.meanwhile) is not None:
            self.meanwhile = None
            await meanwhile()
        if loss == "answer":
            raise lost()
        return response


class SimulatedShop:
    """One gateway, one account, and everything that really happened there."""

    def __init__(self, adapter: Adapter[Any, Any], simulator: Simulator, clock: MovedClock, journal: Journal) -> None:
        self.clock = clock
        self.adapter = adapter
        self.simulator = simulator
        self.journal = journal
        self.wire = Wire(simulator, clock)
        self.provider = Provider(
            adapter,
            channel("http://127.0.0.1:1"),
            self.wire,
            pacer_of(),
            Timeouts(),
            adapter_name=adapter.name,
            simulated=True,
            resilience=STOIC,
        )
        # Tokens end by the same clock.
        self.provider._tokens._now = self._seconds
        numbers = itertools.count()
        self.engine = Engine(
            journal, {adapter.name: self.provider}, lambda: f"operation-{next(numbers):04}", worker="worker"
        )
        self.worker = Worker(self.engine, Resolver(self.engine, horizon=HORIZON))
        self._keys = itertools.count()

    async def write(
        self,
        kind: str,
        content: Request,
        order: str | None = None,
        shipment: str | None = None,
        *,
        lose: Loss | None = None,
    ) -> Operation:
        """Ask for a write, of which a request or its answer is lost; return its operation when its flow has ended."""
        self.wire.losses = [] if lose is None else [lose]
        key = f"key-{next(self._keys)}"
        intent = Intent(kind, content, order, shipment)
        subject = None if order is None else self.adapter.id(order)
        write = Write("caller", key, key, self.provider, intent, Trip(within(60.0), "r", key), subject=subject)
        operation, _ = await self.engine.submit(write)
        return await self._after_work(operation)

    def asked(self, method: str, path: str, body: bytes = b"") -> Any:
        """Ask the simulator itself, beside the gateway."""
        return msgspec.json.decode(self.simulator.handle(Received(method, path, body=body)).response.body)

    def truth(self) -> dict[str, Any]:
        """Return what really happened."""
        return self.simulator.truth()

    async def later(self, operation: Operation, seconds: float, step: float = 10.0) -> Operation:
        """Let time pass, the worker looking now and then; return an operation as it stands then."""
        for _ in range(int(seconds / step)):
            self.clock.move(step)
            await self.worker.look()
            await self._after_work(operation)
        return await self._after_work(operation)

    async def look_at(self, operation: Operation) -> None:
        """Have the worker look, and wait for what it does about an operation, whatever else is under way."""
        await self.worker.look()
        if (task := self.engine._tasks.get(operation.id)) is not None:
            await asyncio.wait([task])

    def _seconds(self) -> float:
        return self.clock.present.timestamp()

    async def _after_work(self, operation: Operation) -> Operation:
        while tasks := list(self.engine._tasks.values()):
            await asyncio.wait(tasks)
            await asyncio.sleep(0)
        found = await self.journal.get(operation.id)
        assert found is not None
        return found
