"""One call through a provider: the time it has, and what it saw on its way."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from adapters.contract.errors import ProviderError
from adapters.contract.wire import HttpRequest
from policies.operation import Attempt


async def _nothing(request: HttpRequest) -> None:
    """Let a request go without a word."""


@dataclass(slots=True)
class Trip:
    """What one call through a provider may take, and what it saw.

    `deadline` is monotonic time. `before_commit` is awaited before a request with effect `commit` may leave; it may
    raise to stop it. `attempts` has every commit that was tried, in order; `commits` counts those that the flow wanted
    sent. `last_error` is what the last commit was answered, where that was an error.
    """

    deadline: float
    request_id: str
    idempotency_key: str | None = None
    traceparent: str | None = None
    before_commit: Callable[[HttpRequest], Awaitable[None]] = _nothing
    attempts: list[Attempt] = field(default_factory=list)
    commits: int = 0
    last_error: ProviderError | None = None
    queue_seconds: float = 0.0
    provider_seconds: float = 0.0

    def doubt(self) -> None:
        """Take back what was concluded from a success status: the body was to tell, and cannot be read."""
        self.attempts = [
            replace(attempt, judgement="unclear") if attempt.judgement == "executed" else attempt
            for attempt in self.attempts
        ]

    def left(self, own: float) -> float:
        """Return the seconds a hop may take: its own bound, or what is left of the whole."""
        return max(0.0, min(own, self.deadline - time.monotonic()))
