"""Writes that are tried again, with an engine and the scripted provider in virtual time."""

from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any, TypeVar

from adapters.contract.wire import HttpResponse
from gateway.config.resilience import Resilience
from policies.journal import Operation
from support import virtual_time
from support.scripted_provider import Network, lost, provider_of
from support.written import Writing

T = TypeVar("T")
INSISTENT = Resilience(breaker_failures=0)
NOT_SENT = lost("not-sent", "connect")
BUSY = HttpResponse(429, {"retry-after": "3"})


def written(main: Callable[[Writing], Coroutine[Any, Any, T]], network: Network, **settings: Any) -> T:
    """Run `main` with an engine and the scripted provider, in virtual time."""
    provider = provider_of(network, resilience=Resilience(**{"breaker_failures": 0} | settings))
    with closing(Writing(provider)) as writing:
        return virtual_time.run(main(writing))


def evidence(operation: Operation) -> list[tuple[str, str]]:
    return [(one.kind, one.verdict) for one in operation.evidence]


async def paused(writing: Writing, operation: Operation) -> Operation:
    """Return the operation in the pause before its next try."""
    for _ in range(100):
        if (stored := await writing.stored(operation)).evidence[-1].kind == "again":
            return stored
    raise AssertionError("it was not put back")
