"""A gateway started with --restored: what its callers and its operator are told until the quarantine ends."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.operations.quarantine import Quarantine
from support.running import Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIGURATION = """\
listen:
  port: 0
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
providers:
  rexel:
    adapter: rexel
    simulated: true
"""
ORDER = {"reference": "Q-1", "lines": [{"productId": "rexel:SCH:S520059", "quantity": 10}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A restored gateway whose quarantine ends by a person's word only."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Quarantine, "start", lambda _: None)
        async with running_gateway(CONFIGURATION, restored=True) as started:
            yield started


async def operator(running: Running, method: str, host: str | None = None) -> tuple[int, Any]:
    """Ask the admin listener."""
    headers = {} if host is None else {"Host": host}
    async with running.session.request(method, f"{running.gateway.admin_url}/quarantine", headers=headers) as response:
        return response.status, await response.json() if response.content_type.endswith("json") else None


async def test_writes_wait_until_it_ends_and_reads_do_not(running: Running) -> None:
    """503, not placed, the same key: and the operator is told what is still to be done."""
    refused = await running.call("POST", "/v1/orders", ORDER, key="Q-1")
    assert (refused.status, refused.problem) == (503, "journal-restored")
    assert (refused.body["placed"], refused.body["retry"], refused.headers["Retry-After"]) == ("no", "same-key", "30")
    assert (await running.call("GET", "/v1/orders?provider=rexel")).status == 200
    assert await operator(running, "GET") == (
        200,
        {"active": True, "inDoubt": 0, "unknownOrders": [], "stillToList": ["rexel"], "cannotBeListed": []},
    )
    assert (await operator(running, "DELETE", "evil.example"))[0] == 403
    assert (await running.call("POST", "/v1/orders", ORDER, key="Q-1")).status == 503

    status, told = await operator(running, "DELETE")
    assert (status, told["active"]) == (200, False)
    placed = await running.call("POST", "/v1/orders", ORDER, key="Q-1")
    assert placed.status == 201
    assert len((await running.truth("rexel"))["orders"]) == 1
