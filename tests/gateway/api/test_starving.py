"""No caller starves another: three with tokens share a provider, and one of them floods it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import jwt
import pytest
import pytest_asyncio

from support.running import Answered, Running, running_gateway
from support.tokens import AUDIENCE, ISSUER, SECRET, claims

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIGURATION = f"""\
listen:
  port: 0
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
shedding:
  lag: 0
cache:
  max_bytes: 0
issuers:
  company:
    issuer: {ISSUER}
    audience: {AUDIENCE}
    secrets: {SECRET}
callers:
  flood:
    tokens: {{issuer: company}}
    scopes: [catalog:read, orders:read, orders:write]
    requests_at_once: 20
  shop:
    tokens: {{issuer: company}}
    scopes: [catalog:read, orders:read, orders:write]
  heavy:
    tokens: {{issuer: company}}
    scopes: catalog:read
    weight: 2
providers:
  reseller:
    adapter: reseller
    simulated: true
    limits:
      defaults: false
      rules:
        - id: all
          match: "GET /**"
          requests: 24
          seconds: 0.25
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A gateway with a provider that takes some thirty reads a second: each of them costs three requests."""
    async with running_gateway(CONFIGURATION) as started:
        yield started


async def call(running: Running, caller: str, method: str, path: str, reference: str | None = None) -> Answered:
    """Make a request with a token of the caller; with a reference it places an order under the same key each time."""
    token = jwt.encode(claims(sub=caller), SECRET, algorithm="HS256")
    body = {"reference": reference, "lines": [{"productId": "reseller:266-235", "quantity": 1}]} if reference else None
    key = "the-same" if reference else None
    return await running.call(method, path, body, key=key, headers={"Authorization": f"Bearer {token}"})


async def test_a_flood_leaves_the_others_their_shares(running: Running) -> None:
    """Of a limit that all three press on, callers get as much as their weights say, not as much as they send.

    The one that floods is refused what is more than its requests at once, and nobody else is refused anything.
    """
    path = "/v1/categories?provider=reseller"

    async def asking(caller: str) -> None:
        while not done.is_set():
            answer = await call(running, caller, "GET", path)
            if answer.status == 429:
                refused.add(caller)
                await asyncio.sleep(0.1)
                continue
            assert answer.status == 200
            # From the first answer to the shop on, all three wait in line: before it was whoever came first.
            if not done.is_set() and (served["shop"] or caller == "shop"):
                served[caller] += 1
            if served["heavy"] >= 20:
                done.set()

    served, refused = Counter[str](), set[str]()
    done = asyncio.Event()
    # So many that some of each are in line at any moment, however slow the machine is.
    several = ["flood"] * 24 + ["shop"] * 12 + ["heavy"] * 16
    await asyncio.wait_for(asyncio.gather(*map(asking, several)), 30)
    assert refused == {"flood"}
    assert served["flood"] <= served["shop"] + 4
    assert served["shop"] >= 7


async def test_tokens_of_two_callers_share_no_key(running: Running) -> None:
    """The same key and content under another's token is another's order: nothing is replayed, read or joined."""
    first = await call(running, "flood", "POST", "/v1/orders", "A-1")
    other = await call(running, "shop", "POST", "/v1/orders", "B-1")
    again = await call(running, "flood", "POST", "/v1/orders", "A-1")
    assert (first.status, other.status, again.status) == (201, 201, 201)
    assert "Idempotency-Replayed" not in other.headers
    assert first.body["id"] == again.body["id"] != other.body["id"]
    theirs = await call(running, "shop", "GET", f"/v1/operations/{first.body['operation']}")
    assert (theirs.status, theirs.problem) == (404, "not-found")
