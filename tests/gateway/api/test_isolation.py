"""Everything that one caller has, tried by another: nothing is read, replayed, joined, found or given away."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from support.running import Answered, Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYTHING = "[catalog:read, orders:read, orders:write]"
NEVER = "019315f2-0000-7000-8000-000000000001"
CONFIGURATION = f"""\
listen:
  port: 0
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
twins:
  action: hold
callers:
  shop:
    keys: sha256:{sha256(b"shop").hexdigest()}
    scopes: {EVERYTHING}
  other:
    keys: sha256:{sha256(b"other").hexdigest()}
    scopes: {EVERYTHING}
  elsewhere:
    keys: sha256:{sha256(b"elsewhere").hexdigest()}
    scopes: [catalog:read, orders:read, orders:write, operations:resolve]
    providers: gelato
  operator:
    keys: sha256:{sha256(b"operator").hexdigest()}
    scopes: [orders:read, operations:resolve]
providers:
  reseller:
    adapter: reseller
    simulated: true
  gelato:
    adapter: gelato
    simulated: true
"""


@dataclass(frozen=True, slots=True)
class Owned:
    """What the caller `shop` has: an order, the operation that placed it, one that is held, and a place in a list."""

    order: str
    placed: str
    held: str
    cursor: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A gateway with two callers of equal rights, one of another provider, and one who resolves."""
    async with running_gateway(CONFIGURATION) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owned(running: Running) -> Owned:
    placed = await call(running, "shop", "POST", "/v1/orders", codes("S-1"), key="placed")
    held = await call(running, "shop", "POST", "/v1/orders", codes("S-2"), key="held")
    listed = await call(running, "shop", "GET", "/v1/orders?provider=reseller&limit=1")
    categories = await call(running, "shop", "GET", "/v1/categories?provider=reseller&limit=1")
    assert (placed.status, held.status, listed.status) == (201, 202, 200), (placed, held, listed)
    return Owned(placed.body["id"], placed.body["operation"], held.body["id"], categories.body["nextCursor"])


def codes(reference: str, quantity: int = 1) -> dict[str, Any]:
    """Return an order for digital goods."""
    return {"reference": reference, "lines": [{"productId": "reseller:266-235", "quantity": quantity}]}


async def call(
    running: Running, caller: str, method: str, path: str, body: Any = None, *, key: str | None = None
) -> Answered:
    """Make a request as a caller."""
    return await running.call(method, path, body, key=key, headers={"Authorization": f"Bearer {caller}"})


def told(answer: Answered) -> Mapping[str, Any]:
    """Return all that an answer tells, without what belongs to the request."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    for name in ("date", "server-timing", "x-request-id", "content-length"):
        headers.pop(name, None)
    body = {name: value for name, value in answer.body.items() if name not in {"requestId", "instance"}}
    return {"status": answer.status, "headers": headers, "body": body}


OPERATIONS = [
    ("other", "GET", "/v1/operations/{}", None, 404),
    ("other", "DELETE", "/v1/operations/{}", None, 404),
    ("other", "POST", "/v1/operations/{}/resolution", {"placed": "no"}, 403),
    ("elsewhere", "GET", "/v1/operations/{}", None, 404),
    ("elsewhere", "DELETE", "/v1/operations/{}", None, 404),
    ("elsewhere", "POST", "/v1/operations/{}/resolution", {"placed": "no"}, 404),
    ("elsewhere", "POST", "/v1/operations/{}/resolution", {"placed": "yes", "orderId": "gelato:1"}, 404),
    ("elsewhere", "POST", "/v1/operations/{}/resolution", {"release": True}, 404),
]


@pytest.mark.parametrize(("caller", "method", "path", "body", "status"), OPERATIONS)
async def test_anothers_operation_is_as_one_that_never_was(
    running: Running, owned: Owned, caller: str, method: str, path: str, body: Any, status: int
) -> None:
    """Whatever its state: the same status, the same words, the same headers, and nothing happens to it."""
    key = None if method == "GET" else "tried"
    before = [await call(running, "shop", "GET", f"/v1/operations/{one}") for one in (owned.placed, owned.held)]
    never = await call(running, caller, method, path.format(NEVER), body, key=key)
    assert never.status == status
    for operation in (owned.placed, owned.held):
        assert told(await call(running, caller, method, path.format(operation), body, key=key)) == told(never)
    after = [await call(running, "shop", "GET", f"/v1/operations/{one}") for one in (owned.placed, owned.held)]
    assert [one.body for one in after] == [one.body for one in before]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/operations",
        "/v1/operations?reference=S-1",
        "/v1/operations?state=held",
        "/v1/operations?state=succeeded&provider=reseller",
        "/v1/operations?cursor=ffffffff-ffff-ffff-ffff-ffffffffffff",
        "/v1/operations?cursor={held}",
        "/v1/orders?idempotency-key=placed",
        "/v1/orders?idempotency-key=held",
    ],
)
@pytest.mark.parametrize("caller", ["elsewhere", "operator"])
async def test_no_list_and_no_look_up_has_anothers(running: Running, owned: Owned, caller: str, path: str) -> None:
    """Lists of operations and look-ups by key are one's own, also of those who may resolve the others'."""
    listed = await call(running, caller, "GET", path.format(held=owned.held))
    assert (listed.status, listed.body) == (200, {"items": []})
    mine = await call(running, "shop", "GET", path.format(held=owned.held))
    assert mine.body["items"] or "incomplete" in mine.body, "the owner finds it"


async def test_anothers_key_is_free(running: Running, owned: Owned) -> None:
    """Nothing is replayed, joined or refused: the same key of another caller names another write."""
    answer = await call(running, "other", "POST", "/v1/orders", codes("O-1", 2), key="placed")
    assert answer.status == 201
    assert "Idempotency-Replayed" not in answer.headers
    assert answer.body["operation"] not in {owned.placed, owned.held}
    again = await call(running, "shop", "POST", "/v1/orders", codes("S-1"), key="placed")
    assert (again.status, again.body["operation"]) == (201, owned.placed)


async def test_anothers_very_request_is_no_replay(running: Running, owned: Owned) -> None:
    """The reference is the account's, so it is taken; whose it is, what became of it and where stay untold."""
    answer = await call(running, "other", "POST", "/v1/orders", codes("S-2"), key="held")
    assert (answer.status, answer.problem) == (409, "duplicate-order-reference")
    assert not {"operation", "placed"} & set(answer.body)
    assert "Location" not in answer.headers
    assert owned.held not in str(answer)


async def test_anothers_twin_is_not_told_of(running: Running, owned: Owned) -> None:
    """That an order looks like another's is said for the safety of both; which one is not."""
    answer = await call(running, "other", "POST", "/v1/orders", codes("O-twin"), key="twin")
    assert (answer.status, answer.headers["Ordergate-Twin"]) == (202, "held")
    assert "Link" not in answer.headers
    assert owned.placed not in str(answer)
    assert owned.held not in str(answer)


ELSEWHERE = [
    ("GET", "/v1/providers/reseller", None),
    ("GET", "/v1/providers/reseller/account", None),
    ("GET", "/v1/categories?provider=reseller", None),
    ("GET", "/v1/categories?parent=reseller:1", None),
    ("GET", "/v1/categories?provider=reseller&limit=1&cursor={cursor}", None),
    ("GET", "/v1/products?provider=reseller", None),
    ("GET", "/v1/products?category=reseller:1", None),
    ("GET", "/v1/products/reseller:266-235", None),
    ("POST", "/v1/availability", {"items": [{"productId": "reseller:266-235"}]}),
    ("GET", "/v1/orders?provider=reseller", None),
    ("GET", "/v1/orders/{order}", None),
    ("GET", "/v1/orders/{order}/shipments", None),
    ("POST", "/v1/orders", codes("E-1")),
    ("POST", "/v1/orders/{order}/cancellation", {}),
    ("PATCH", "/v1/orders/{order}/delivery", {"methods": ["standard"]}),
    ("POST", "/v1/orders/{order}/shipments", {}),
    ("PATCH", "/v1/orders/{order}/shipments/1", {"trackingCode": "x"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ELSEWHERE)
async def test_a_provider_that_is_not_the_callers_is_out_of_reach(
    running: Running, owned: Owned, method: str, path: str, body: Any
) -> None:
    """Refused alike whether the resource exists or not, before anything is asked of the provider."""
    asked = (await running.truth("reseller"))["requests"]
    key = None if method == "GET" or path == "/v1/availability" else "reached"
    there = path.format(order=quote(owned.order), cursor=quote(owned.cursor))
    answer = await call(running, "elsewhere", method, there, body, key=key)
    assert (answer.status, answer.problem) == (403, "forbidden")
    nowhere = await call(
        running, "elsewhere", method, path.format(order="reseller:none", cursor=quote(owned.cursor)), body, key=key
    )
    assert told(nowhere) == told(answer)
    assert (await running.truth("reseller"))["requests"] == asked


async def test_naming_a_provider_that_is_not_the_callers_is_as_naming_none(running: Running) -> None:
    """The same words for an order to one that is there and one that is not."""
    order = {"reference": "E-2", "lines": [{"product": {"name": "shirt", "variant": {}}, "quantity": 1}]}
    there = await call(running, "elsewhere", "POST", "/v1/orders", {**order, "provider": "reseller"}, key="named")
    nowhere = await call(running, "elsewhere", "POST", "/v1/orders", {**order, "provider": "nobody"}, key="named")
    assert (there.status, there.body["placed"]) == (400, "no")
    assert told(there) == told(nowhere)


@pytest.mark.parametrize("path", ["/v1/providers", "/v1/rate-limits", "/v1/categories", "/v1/orders"])
async def test_lists_over_providers_leave_out_those_that_are_not_the_callers(running: Running, path: str) -> None:
    """Neither items, nor a word in `incomplete`, nor a request."""
    asked = (await running.truth("reseller"))["requests"]
    answer = await call(running, "elsewhere", "GET", path)
    assert "reseller" not in str(answer.body)
    assert (await running.truth("reseller"))["requests"] == asked


async def test_an_operator_sees_and_settles_what_is_anothers(running: Running, owned: Owned) -> None:
    """With `operations:resolve`, and nothing but that. Held as a twin of what is `owned`."""
    held = await call(running, "shop", "POST", "/v1/orders", codes("S-9"), key="held-9")
    path = f"/v1/operations/{held.body['id']}"
    assert (await call(running, "operator", "GET", path)).body["state"] == "held"
    assert (await call(running, "operator", "DELETE", path, key="operator")).problem == "forbidden"
    dropped = await call(running, "operator", "POST", f"{path}/resolution", {"placed": "no"}, key="operator")
    assert (dropped.status, dropped.body["state"]) == (200, "cancelled")
