"""What tests of the pacer share: requests, one limit, and a way to use it."""

import asyncio
from typing import Any

import pytest

from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest
from gateway.providers.limits import rules_of
from gateway.providers.needs import Scope
from gateway.providers.pacing import Pacer
from policies.budget import Limits
from policies.local_permits import LocalPermits
from policies.permits import Permits
from policies.queueing import Standing

ORDERS = HttpRequest("GET", "/orders")
ORDER = HttpRequest("GET", "/orders/{order_id}", {"order_id": "1"})

EVERY_MINUTE = RateLimit("GET", "/orders", 3, 60.0, "test")
SCOPE = Scope("shop", "scripted-0", b"secret of a test")


def soon(expected: Any) -> Any:
    """Return an expectation to the microsecond: work takes some nanoseconds."""
    return pytest.approx(expected, abs=1e-6)


def now() -> float:
    return asyncio.get_running_loop().time()


def pacer_of(*limits: RateLimit, permits: Permits | None = None, **options: Any) -> Pacer:
    """Return the pacer of an account with these limits, its permits in memory unless others are given."""
    return pacer_with(Limits(rules_of(limits)), permits, **options)


def pacer_with(limits: Limits, permits: Permits | None = None, **options: Any) -> Pacer:
    """Return the pacer of an account with these limits."""
    options.setdefault("chance", lambda: 0.0)
    return Pacer(limits, permits or LocalPermits(now), SCOPE, **options)


async def use(
    pacer: Pacer,
    request: HttpRequest,
    timeout: float = 1000.0,  # noqa: ASYNC109
    takes: float = 0.0,
    standing: Standing = Standing(),  # noqa: B008 - frozen
) -> float:
    """Send one request that is answered after `takes` seconds; return when it was let through."""
    async with pacer.admitted(request, timeout, standing) as admission:
        admitted = now()
        admission.leaving()
        await asyncio.sleep(takes)
        admission.answered()
    return admitted


async def refuse(pacer: Pacer, request: HttpRequest, retry_after: float | None) -> None:
    """Send one request that the provider refuses because there are too many."""
    async with pacer.admitted(request, 1000.0) as admission:
        admission.leaving()
        admission.answered()
        admission.refused(retry_after)
