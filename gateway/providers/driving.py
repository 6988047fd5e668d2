"""Drives an adapter's flow: sends what it yields, gives it the answers, until it returns."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from adapters.contract.errors import (
    AccountRefused,
    AdapterError,
    CredentialsRefused,
    NoAnswer,
    ProviderError,
    RateLimited,
)
from adapters.contract.flow import Answer, Flow, give_status
from adapters.contract.wire import HttpRequest
from gateway.errors import AdapterFault, describe
from gateway.providers.trip import Place, Trip
from policies.errors import LeaseLost, PolicyError, Withdrawn
from policies.journal import JournalUnavailable

T = TypeVar("T")
Send = Callable[[HttpRequest, Place], Awaitable[Answer]]

MAX_STEPS = 64
"""A flow that yields more often than this goes round in circles; the longest look-ups read 50 pages."""

log = structlog.get_logger("ordergate.provider")


async def drive(flow: Flow[T], trip: Trip, send: Send, *, name: str) -> T:
    """Drive a flow to its end and return what it returns; `name` is the account's, for the log.

    Raises AdapterError, what `send` and the recorder raise, and AdapterFault for any other exception of the flow's own.
    """
    answer: Any = None
    for index in range(MAX_STEPS):
        try:
            step = flow.throw(answer) if isinstance(answer, ProviderError) else flow.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        except AdapterError as error:
            give_status(error, answer)
            raise
        except Exception as error:
            log.exception("adapter failed", provider=name)
            raise AdapterFault from error
        if isinstance(step, HttpRequest):
            trip.commits += step.effect == "commit"
            answer = await send(step, (index, 0))
            continue
        if not all(isinstance(one, HttpRequest) for one in step):
            break
        trip.commits += sum(one.effect == "commit" for one in step)
        if trip.recorder is not None:
            await trip.recorder.freeze(index, step)
        answer = await _many(index, step, send)
    log.error("flow does not end, or yields no request", provider=name)
    flow.close()
    raise AdapterFault


async def _many(index: int, requests: list[HttpRequest], send: Send) -> list[Answer]:
    """Send independent requests: reads at once, writes one by one."""
    if any(request.effect == "commit" for request in requests):
        return await _in_turn(index, requests, send)
    reads = [asyncio.ensure_future(send(request, (index, part))) for part, request in enumerate(requests)]
    try:
        return list(await asyncio.gather(*reads))
    finally:
        for read in reads:
            read.cancel()


async def _in_turn(index: int, requests: list[HttpRequest], send: Send) -> list[Answer]:
    """Send writes one by one.

    What stops the first ends the flow: nothing was done. What stops a later one is an answer like any other, "not
    sent", so that the flow can tell what came of those before it.
    """
    answers: list[Answer] = []
    for part, request in enumerate(requests):
        try:
            answers.append(await send(request, (index, part)))
        except (Withdrawn, LeaseLost):
            raise
        except (AdapterError, PolicyError, AdapterFault, JournalUnavailable) as error:
            if not answers:
                raise
            if isinstance(error, CredentialsRefused | AccountRefused | RateLimited):
                answers.append(error)
            else:
                answers.append(NoAnswer(f"{describe(error).title}.", sent=False))
    return answers
