"""Who may call, and what one caller sees of another: nothing."""

import hashlib
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from support.raw_server import http, raw_server
from support.running import Answered, Running, running_gateway
from support.tokens import AUDIENCE, ISSUER, SECRET, jwk, key_set, rsa_key, signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = {"shop": "shop-key-0123456789", "reader": "reader-key-0123456789", "games": "games-key-0123456789"}


def sha256(name: str) -> str:
    """Return a caller's key as the configuration holds it."""
    return f"sha256:{hashlib.sha256(KEYS[name].encode()).hexdigest()}"


CONFIGURATION = f"""\
listen:
  port: 0
  origins: [https://backoffice.example]
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
callers:
  shop:
    keys: {sha256("shop")}
    scopes: [catalog:read, orders:read, orders:write]
  reader:
    keys: {sha256("reader")}
    scopes: catalog:read
    requests_at_once: 1
  games:
    keys: {sha256("games")}
    scopes: [catalog:read, orders:read, orders:write, goods:read]
    providers: reseller
    tokens:
      issuer: company
      subject: 0oa1games
  jobs:
    tokens:
      issuer: jobs
    scopes: [catalog:read, orders:read]
issuers:
  company:
    issuer: {ISSUER}
    audience: {AUDIENCE}
    jwks_url: JWKS
    scopes_claim: scp
  jobs:
    issuer: jobs
    audience: {AUDIENCE}
    secrets: {SECRET}
  away:
    issuer: away
    audience: {AUDIENCE}
    jwks_url: http://127.0.0.1:1/keys
providers:
  reseller:
    adapter: reseller
    simulated: true
  rexel:
    adapter: rexel
    simulated: true
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A gateway with four callers, three issuers (one of them away) and two providers."""
    keys = key_set(jwk(rsa_key(), "r1"))
    async with (
        raw_server(http(200, keys)) as issuer,
        running_gateway(CONFIGURATION.replace("JWKS", f"{issuer.url}/keys")) as started,
    ):
        yield started


def as_(name: str, **headers: str) -> Mapping[str, str]:
    """Return the headers of a caller."""
    return {"Authorization": f"Bearer {KEYS[name]}", **headers}


def codes(reference: str) -> dict[str, object]:
    """Return an order for digital goods."""
    return {"reference": reference, "lines": [{"productId": "reseller:266-235", "quantity": 1}]}


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", "Basic c2hvcDp4", KEYS["shop"]])
async def test_without_a_known_key_nobody_gets_in(running: Running, authorization: str | None) -> None:
    """401 with the scheme that is wanted, on every endpoint, existing or not."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await running.call("GET", "/v1/products", headers=headers)
    assert (answer.status, answer.problem) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def showing(token: str) -> Mapping[str, str]:
    """Return the headers of a caller with a token."""
    return {"Authorization": f"Bearer {token}"}


async def test_a_token_is_its_callers(running: Running) -> None:
    """With the scopes and providers of the caller that the configuration names, and no more scopes than it says."""
    games = showing(signed(rsa_key(), sub="0oa1games", scp="catalog:read orders:write admin"))
    listed = await running.call("GET", "/v1/providers", headers=games)
    assert [provider["name"] for provider in listed.body["items"]] == ["reseller"]
    placed = await running.call("POST", "/v1/orders", codes("T-1"), key="t-1", headers=games)
    assert placed.status == 201
    replayed = await running.call("POST", "/v1/orders", codes("T-1"), key="t-1", headers=as_("games"))
    assert (replayed.status, replayed.body) == (201, placed.body), "key or token, it is the same caller"
    assert (await running.call("GET", "/v1/orders", headers=games)).problem == "forbidden"
    jobs = showing(signed(SECRET, "HS256", iss="jobs", sub="jobs"))
    assert (await running.call("GET", "/v1/operations", headers=jobs)).body == {"items": []}


@pytest.mark.parametrize("sub", ["games", "jobs", "shop", "0oa1Games"])
async def test_a_token_is_refused_as_no_token_is(running: Running, sub: str) -> None:
    """Somebody else's name in it changes nothing; the answer tells nothing."""
    refused = await running.call("GET", "/v1/providers", headers=showing(signed(rsa_key(), sub=sub, scp="admin")))
    nothing = await running.call("GET", "/v1/providers")
    assert refused.status == nothing.status == 401
    assert without_id(refused) == without_id(nothing)
    assert refused.headers["WWW-Authenticate"] == nothing.headers["WWW-Authenticate"] == "Bearer"


async def test_an_issuer_that_is_away_is_no_verdict(running: Running) -> None:
    """503: its tokens may be genuine. A caller who is nobody yet is told no fate of a write."""
    headers = showing(signed(rsa_key(), iss="away"))
    read = await running.call("GET", "/v1/providers", headers=headers)
    write = await running.call("POST", "/v1/orders", codes("T-2"), key="t-2", headers=headers)
    for answer in (read, write):
        assert (answer.status, answer.problem) == (503, "issuer-unavailable")
        assert answer.headers["Retry-After"] == str(answer.body["retryAfter"]) == "5"
        assert answer.body["retry"] == "same-key"
        assert "placed" not in answer.body


async def test_a_scope_that_is_missing_is_forbidden(running: Running) -> None:
    """A reader of the catalog reads no orders and places none."""
    assert (await running.call("GET", "/v1/products?provider=reseller", headers=as_("reader"))).status == 200
    assert (await running.call("GET", "/v1/orders", headers=as_("reader"))).problem == "forbidden"
    placed = await running.call("POST", "/v1/orders", codes("S-1"), key="s-1", headers=as_("reader"))
    assert (placed.status, placed.problem) == (403, "forbidden")


async def test_a_provider_that_is_not_the_callers_is_forbidden(running: Running) -> None:
    """It is neither listed nor asked; naming it is 403."""
    listed = await running.call("GET", "/v1/providers", headers=as_("games"))
    assert [provider["name"] for provider in listed.body["items"]] == ["reseller"]
    one = await running.call("GET", "/v1/products/rexel:SCH:S520059", headers=as_("games"))
    assert (one.status, one.problem) == (403, "forbidden")
    order = {"reference": "S-2", "lines": [{"productId": "rexel:SCH:S520059", "quantity": 10}]}
    assert (await running.call("POST", "/v1/orders", order, key="s-2", headers=as_("games"))).problem == "forbidden"


async def test_goods_are_for_callers_with_the_scope(running: Running) -> None:
    """Codes of digital goods are read by `goods:read` only, and no placed order is answered with them."""
    placed = await running.call("POST", "/v1/orders", codes("S-7"), key="s-7", headers=as_("games"))
    assert "deliverables" not in placed.body["lines"][0]
    path = f"/v1/orders/{placed.body['id']}"
    assert (await running.call("GET", path, headers=as_("games"))).body["lines"][0]["deliverables"]
    assert "deliverables" not in (await running.call("GET", path, headers=as_("shop"))).body["lines"][0]


async def test_a_foreign_host_or_origin_is_refused(running: Running) -> None:
    """DNS rebinding and pages of strangers get nowhere; a configured origin does."""
    rebound = await running.call("GET", "/v1/providers", headers=as_("shop", Host="attacker.example"))
    assert (rebound.status, rebound.problem) == (403, "forbidden")
    strange = await running.call("GET", "/v1/providers", headers=as_("shop", Origin="https://attacker.example"))
    assert (strange.status, strange.problem) == (403, "forbidden")
    assert "Access-Control-Allow-Origin" not in strange.headers
    own = await running.call("GET", "/v1/providers", headers=as_("shop", Origin="https://backoffice.example"))
    assert (own.status, own.headers["Access-Control-Allow-Origin"]) == (200, "https://backoffice.example")


async def test_a_page_of_a_configured_origin_may_call(running: Running) -> None:
    """The browser's question before a write is answered without a caller; strangers are refused."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    own = await running.call("OPTIONS", "/v1/orders", headers={**asked, "Origin": "https://backoffice.example"})
    assert own.status == 204
    assert own.headers["Access-Control-Allow-Origin"] == "https://backoffice.example"
    assert "Idempotency-Key" in own.headers["Access-Control-Allow-Headers"]
    strange = await running.call("OPTIONS", "/v1/orders", headers={**asked, "Origin": "https://attacker.example"})
    assert strange.status == 403


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/providers", 200), ("/v1/products/reseller:0", 404), ("/v1/products?limit=x", 400)]
)
async def test_a_request_is_under_way_no_more_when_it_is_answered(running: Running, path: str, status: int) -> None:
    """However it ends: a caller that may have one at a time may have the next."""
    answers = [await running.call("GET", path, headers=as_("reader")) for _ in range(2)]
    assert [answer.status for answer in answers] == [status, status]


def without_id(answer: Answered) -> dict[str, object]:
    """Return a problem without the request's own id."""
    return {name: value for name, value in answer.body.items() if name != "requestId"}
