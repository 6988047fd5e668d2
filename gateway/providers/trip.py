"""One call through a provider: the time it has, and what it saw on its way."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Protocol

import msgspec

from adapters.contract.errors import ProviderError
from adapters.contract.flow import Answer
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.providers.needs import Need
from gateway.telemetry.trace_context import TraceContext
from policies.deadline import Deadline
from policies.operation import Attempt
from policies.queueing import NOBODY, Standing

Place = tuple[int, int]
"""Where a request stands in its flow: which of the things yielded, and which part of a list."""

Purpose = Literal["call", "find-out", "probe"]
"""What a call is made for: somebody wants it; to find out what became of a write; to see whether the provider works."""


def within(seconds: float) -> Deadline:
    """Return the deadline that is so many seconds from now, on the running loop's clock."""
    clock = asyncio.get_running_loop().time
    return Deadline(clock() + seconds, clock)


class Recorder(Protocol):
    """Keeps what a flow sends and is answered, so that it can be resumed; a write has one."""

    def recall(self, place: Place, request: HttpRequest) -> Answer | None:
        """Return what is known of the answer, or None where the request is to be sent. Raises FlowChanged."""
        ...

    async def freeze(self, index: int, requests: Sequence[HttpRequest]) -> None:
        """Keep requests that belong together, before the first of them is sent."""
        ...

    async def before(self, place: Place, request: HttpRequest) -> None:
        """Record durably that a commit is about to leave. May raise to stop it."""
        ...

    async def after(self, place: Place, request: HttpRequest, response: HttpResponse | None, attempt: Attempt) -> None:
        """Record how far a request got and what was answered."""
        ...


class Trip(msgspec.Struct, eq=False):
    """What one call through a provider may take, and what it saw.

    `deadline` is the one of the whole call; each hop asks it. `trace` is handed on to the provider. `recorder` keeps
    the requests of a write. `attempts` has every commit that was tried, in order; `commits` counts those that the flow
    wanted sent. `tries` counts how often each request was sent, where that is traced. `last_error` is what the last
    commit was answered, where that was an error. Who waits for the same limit goes by `standing`. `limits` are the
    budgets that its requests took from, or wanted.
    """

    deadline: Deadline
    request_id: str
    idempotency_key: str | None = None
    trace: TraceContext | None = None
    standing: Standing = NOBODY
    recorder: Recorder | None = None
    purpose: Purpose = "call"
    attempts: list[Attempt] = msgspec.field(default_factory=list)
    commits: int = 0
    last_error: ProviderError | None = None
    limits: dict[str, Need] = msgspec.field(default_factory=dict)
    tries: dict[Place, int] = msgspec.field(default_factory=dict)
    queue_seconds: float = 0.0
    provider_seconds: float = 0.0

    @property
    def trace_id(self) -> str | None:
        """Return the trace that this belongs to, for a log."""
        return None if self.trace is None else self.trace.trace_id

    def doubt(self) -> None:
        """Take back what was concluded from a success status: the body was to tell, and cannot be read."""
        self.attempts = [
            replace(attempt, judgement="unclear") if attempt.judgement == "executed" else attempt
            for attempt in self.attempts
        ]

    def anew(self) -> None:
        """Forget what was tried: nothing came of it, and the flow begins again."""
        self.attempts = []
        self.commits = 0
        self.last_error = None

    def left(self, own: float) -> float:
        """Return the seconds a hop may take: its own bound, or what is left of the whole."""
        return self.deadline.share(own)
