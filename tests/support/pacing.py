"""What tests of the pacer share: requests, one limit, and a way to use it."""

import asyncio
from typing import Any

import pytest

from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest
from gateway.providers.pacing import Pacer

ORDERS = HttpRequest("GET", "/orders")
ORDER = HttpRequest("GET", "/orders/{order_id}", {"order_id": "1"})

EVERY_MINUTE = RateLimit("GET", "/orders", 3, 60.0, "test")


def soon(expected: Any) -> Any:
    """Return an expectation to the microsecond: work takes some nanoseconds."""
    return pytest.approx(expected, abs=1e-6)


def now() -> float:
    return asyncio.get_running_loop().time()


async def use(pacer: Pacer, request: HttpRequest, timeout: float = 1000.0, takes: float = 0.0) -> float:  # noqa: ASYNC109
    """Send one request that is answered after `takes` seconds; return when it was let through."""
    async with pacer.admitted(request, timeout):
        admitted = now()
        await asyncio.sleep(takes)
    return admitted
