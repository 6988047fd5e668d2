"""One account's circuit at work: lets requests pass or not, learns from answers, and asks a failing provider again.

It is asked by the adapter's cheapest read, by itself and at its time: no caller waits for that, and no order is risked.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from adapters.contract.errors import NoAnswer, ProviderError, Unavailable
from adapters.contract.flow import Answer
from gateway.providers.trip import Purpose
from policies.breaker import Breaker
from policies.errors import CircuitOpen

log = structlog.get_logger("ordergate.provider")


_TROUBLE = (NoAnswer, Unavailable)


def is_trouble(answer: Answer) -> bool:
    """Tell whether an answer is what a provider gives that is down or failing: none, or a server error."""
    # Exactly ProviderError: an error that the adapter could not name.
    return isinstance(answer, ProviderError) and (isinstance(answer, _TROUBLE) or type(answer) is ProviderError)


class Circuit:
    """The circuit of the account `name`. `ask` makes one read, and tells whether the provider answered it."""

    def __init__(self, name: str, breaker: Breaker, ask: Callable[[], Awaitable[bool]]) -> None:
        self._name = name
        self._breaker = breaker
        self._ask = ask
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None

    @property
    def generation(self) -> int:
        """Return what a request that is sent now is to be `seen` with."""
        return self._breaker.generation

    @property
    def state(self) -> str:
        """Return `closed`, `open` or `half-open`."""
        return self._breaker.state(_now())

    def admit(self, purpose: Purpose) -> None:
        """Let a request pass, or raise CircuitOpen."""
        breaker = self._breaker
        if breaker.open_until is None or purpose == "probe":
            return
        now = _now()
        if purpose == "find-out" and breaker.may_look(now):
            return
        raise CircuitOpen(breaker.refused_for(now))

    def seen(self, answer: Answer, purpose: Purpose, generation: int) -> None:
        """Learn from what came of a request that was sent in `generation`."""
        breaker, now = self._breaker, _now()
        trouble = is_trouble(answer)
        if breaker.open_until is not None and purpose == "find-out" and not trouble:
            # A look-up that passed is a read like the one that would ask.
            self._closed()
        elif breaker.seen(trouble=trouble, generation=generation, now=now):
            self._opened(now)

    def close(self) -> None:
        """Ask no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def _opened(self, now: float) -> None:
        until = self._breaker.open_until
        assert until is not None  # noqa: S101 - it has just opened
        log.warning("circuit open", provider=self._name, seconds=round(until - now, 1))
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(until, self._begin_to_ask)

    def _closed(self) -> None:
        self._breaker.answered(_now())
        if self._timer is not None:
            self._timer.cancel()
        log.info("circuit closed", provider=self._name)

    def _begin_to_ask(self) -> None:
        self._asking = asyncio.create_task(self._asked(), name=f"probe of {self._name}")

    async def _asked(self) -> None:
        answered = await self._ask()
        if self._breaker.open_until is None:
            return
        if answered:
            self._closed()
        else:
            now = _now()
            self._breaker.failed(now)
            self._opened(now)


def _now() -> float:
    return asyncio.get_running_loop().time()
