"""Faults of a real network on an order's way: what its caller is told, and how sure it is that nothing was sent."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from gateway.config.model import Timeouts
from gateway.config.resilience import Resilience
from gateway.providers.channel import Channel, channel
from gateway.providers.outbound import Outbound
from gateway.providers.provider import Provider
from policies.journal import Operation
from support.certificates import Authority
from support.fault_proxy import REPLY_LOST, Fault, fault_proxy
from support.pacing import pacer_of
from support.raw_server import RawServer, http, raw_server
from support.scripted_provider import ScriptedAdapter, placing
from support.written import Writing, problem_of, status, told

pytestmark = pytest.mark.blocking_allowed(reason="certificates are written, and the journal is in this thread")

ONCE = Resilience(breaker_failures=0, order_retries=0)
CREATED = http(201, b'{"id":"4711"}')


@asynccontextmanager
async def faulty(fault: str, folder: Path) -> AsyncIterator[tuple[Channel, RawServer | None]]:
    """Yield the way to a provider where something is wrong, and the provider where there is one."""
    authority = Authority(folder)
    async with AsyncExitStack() as stack:
        if fault == "name not known":
            # RFC 6761, section 6.4: no name below `invalid` ever exists.
            yield channel("https://nonexistent.invalid"), None
        elif fault == "connection refused":
            async with raw_server() as gone:
                url = gone.url
            yield channel(url), None
        elif fault.startswith("certificate"):
            name = "provider.example" if "name" in fault else "127.0.0.1"
            issued = authority.issue(name, expired="expired" in fault)
            server = await stack.enter_async_context(raw_server(CREATED, context=issued.server_context()))
            yield channel(server.url, ca_file=None if "authority" in fault else authority.file), server
        else:
            server = await stack.enter_async_context(raw_server(CREATED))
            proxy = await stack.enter_async_context(fault_proxy(server.port))
            proxy.fault = Fault(request_bytes=0, ending="reset") if "first byte" in fault else REPLY_LOST
            yield channel(proxy.url), server


async def ordered(way: Channel) -> Operation:
    """Place an order that way, and return its operation when its caller is answered."""
    async with Outbound() as outbound:
        provider = Provider(
            ScriptedAdapter(),
            way,
            outbound,
            pacer_of(),
            Timeouts(connect=5.0),
            adapter_name="scripted",
            simulated=False,
            resilience=ONCE,
        )
        with closing(Writing(provider)) as writing:
            return await writing.written(placing)


@pytest.mark.parametrize(
    "fault",
    [
        "name not known",
        "connection refused",
        "certificate of an unknown authority",
        "certificate of another name",
        "certificate expired",
    ],
)
async def test_an_order_that_cannot_have_left_was_not_placed(fault: str, tmp_path: Path) -> None:
    """503 `provider-unavailable` with `placed: no`: the same key is free, and the provider has seen no request."""
    async with faulty(fault, tmp_path) as (way, server):
        operation = await ordered(way)
        assert (operation.state, operation.doubt) == ("cancelled", False)
        assert (status(operation), problem_of(operation)) == (503, "provider-unavailable")
        assert (told(operation)["placed"], told(operation)["retry"]) == ("no", "same-key")
        assert server is None or not server.requests


@pytest.mark.parametrize(("fault", "arrived"), [("reset at the first byte", 0), ("reply lost", 1)])
async def test_an_order_that_may_have_left_is_in_doubt(fault: str, arrived: int, tmp_path: Path) -> None:
    """504 `outcome-unknown` with `placed: unknown`, whether it arrived or not: from here both look alike."""
    async with faulty(fault, tmp_path) as (way, server):
        operation = await ordered(way)
        assert (operation.state, operation.doubt) == ("unknown", True)
        assert (status(operation), problem_of(operation)) == (504, "outcome-unknown")
        assert told(operation)["placed"] == "unknown"
        assert server is not None
        assert len(server.requests) == arrived
