"""Catalog answers that are kept: what callers see of them over HTTP, and that none sees what it may not."""

import hashlib
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from multidict import CIMultiDict

from adapters.contract import codec
from adapters.contract.models.catalog import Category
from adapters.contract.models.resources import Page
from gateway.api import catalog
from gateway.api.caching import wish
from policies.freshness import Wish
from support.running import CALM, Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")


def sha256(name: str) -> str:
    """Return the hash of a caller's key, which is its name."""
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


CONFIGURATION = f"""\
listen:
  port: 0
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
callers:
  shop:
    keys: {sha256("shop")}
    scopes: [catalog:read, orders:read]
  reader:
    keys: {sha256("reader")}
    scopes: catalog:read
  games:
    keys: {sha256("games")}
    scopes: [catalog:read, orders:read]
    providers: reseller
providers:
  reseller:
    adapter: reseller
    simulated: true
{CALM}
  rexel:
    adapter: rexel
    simulated: true
{CALM}
  reusely:
    adapter: reusely
    simulated: true
{CALM}
    currency: USD
  # Asked each time; the answer before stands in when it fails.
  careful:
    adapter: reseller
    simulated: true
{CALM}
    cache:
      product:
        ttl: 0
        stale_while_revalidate: 0
        stale_if_error: 600
  # Keeps nothing.
  forgetful:
    adapter: reseller
    simulated: true
{CALM}
    cache:
      product:
        ttl: 0
        stale_while_revalidate: 0
        stale_if_error: 0
"""
GAME = "/v1/products/reseller:266-235"
CABLE = "/v1/products/rexel:SCH:S520059"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A gateway with three callers; two providers keep their answers by default."""
    async with running_gateway(CONFIGURATION) as started:
        yield started


def as_(name: str, **headers: str) -> Mapping[str, str]:
    """Return the headers of a caller."""
    return {"Authorization": f"Bearer {name}", **{key.replace("_", "-"): value for key, value in headers.items()}}


async def asked(running: Running, adapter: str = "reseller") -> int:
    """Return how many requests the provider got."""
    return sum((await running.truth(adapter))["requests"].values())


async def test_a_second_caller_is_told_what_the_first_was(running: Running) -> None:
    """Both may use the provider, so both may be told: the same bytes, with their age, at no cost."""
    first = await running.call("GET", GAME, headers=as_("shop"))
    before = await asked(running)
    second = await running.call("GET", GAME, headers=as_("reader"))
    assert await asked(running) == before
    assert (first.status, second.status, second.body) == (200, 200, first.body)
    assert second.headers["ETag"] == first.headers["ETag"]
    assert "Age" in second.headers
    assert second.headers["Content-Type"] == "application/json"
    for answer in (first, second):
        assert answer.headers["Cache-Control"] in {"private, max-age=29", "private, max-age=30"}


async def test_who_may_not_use_the_provider_is_told_nothing_kept(running: Running) -> None:
    """A kept answer is no way around the list of allowed providers, not even for its age or tag."""
    kept = await running.call("GET", CABLE, headers=as_("shop"))
    assert kept.status == 200
    for headers in ({}, {"If_None_Match": kept.headers["ETag"]}, {"Cache_Control": "only-if-cached"}):
        refused = await running.call("GET", CABLE, headers=as_("games", **headers))
        assert (refused.status, refused.problem) == (403, "forbidden")
        assert not {"Age", "ETag", "Cache-Control"} & set(refused.headers)
    everything = await running.call("GET", "/v1/products?limit=4", headers=as_("shop"))
    assert {item["id"].partition(":")[0] for item in everything.body["items"]} > {"reseller", "careful"}
    own = await running.call("GET", "/v1/products?limit=4", headers=as_("games"))
    assert {item["id"].partition(":")[0] for item in own.body["items"]} == {"reseller"}


async def test_who_has_the_answer_is_not_sent_it_again(running: Running) -> None:
    """304 without a body, for the tag of a product and of a list, however it is written; 200 for another tag."""
    for path in (GAME, "/v1/products?provider=reseller&limit=2", "/v1/products?limit=4", "/v1/categories"):
        tag = (await running.call("GET", path, headers=as_("shop"))).headers["ETag"]
        assert tag.startswith('"')
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer = await running.call("GET", path, headers=as_("shop", If_None_Match=known))
            assert (answer.status, answer.body, answer.headers["ETag"]) == (304, None, tag)
            assert answer.headers["Cache-Control"].startswith("private, max-age=")
        assert (await running.call("GET", path, headers=as_("shop", If_None_Match='"other"'))).status == 200


async def test_a_list_over_several_providers_is_kept_by_provider(running: Running) -> None:
    """The list of all costs one provider nothing where its part was asked for before, and says what is oldest."""
    path = "/v1/products?limit=8"
    first = await running.call("GET", path, headers=as_("shop"))
    before = await asked(running), await asked(running, "rexel")
    second = await running.call("GET", path, headers=as_("shop"))
    assert (await asked(running), await asked(running, "rexel")) == before
    assert second.body == first.body
    assert second.headers["ETag"] == first.headers["ETag"]
    assert len({item["id"] for item in second.body["items"]}) == len(second.body["items"]) > 4
    other = await running.call("GET", "/v1/products?limit=7", headers=as_("shop"))
    assert other.headers["ETag"] != first.headers["ETag"]


async def test_a_list_with_a_part_missing_is_not_to_be_kept_by_the_caller(running: Running) -> None:
    """What the others told is stale as soon as it is told, and has another tag than the whole."""
    path, anew = "/v1/categories?limit=11", {**as_("shop"), "Cache-Control": "no-cache"}
    await running.faults("reseller", {"503": 1.0})
    try:
        part = await running.call("GET", path, headers=anew)
    finally:
        await running.faults("reseller", {})
    assert {one["provider"] for one in part.body["incomplete"]} == {"reseller", "careful", "forgetful"}
    assert part.headers["Cache-Control"] == "private, max-age=0"
    whole = await running.call("GET", path, headers=anew)
    assert "incomplete" not in whole.body
    assert whole.headers["ETag"] != part.headers["ETag"]


async def test_pages_and_branches_of_a_tree_are_cut_from_the_one_that_is_kept(running: Running) -> None:
    """A provider that gives all categories in one answer is asked for them once (bol: once a minute at most)."""
    whole = await running.call("GET", "/v1/categories?provider=reseller&limit=100", headers=as_("shop"))
    before = await asked(running)
    found, cursor = [], ""
    while cursor is not None:
        path = f"/v1/categories?provider=reseller&limit=3{cursor and f'&cursor={cursor}'}"
        page = (await running.call("GET", path, headers=as_("shop"))).body
        found += page["items"]
        cursor = page.get("nextCursor")
    assert found == whole.body["items"]
    for parent in {category["parent"] for category in found if "parent" in category}:
        below = await running.call("GET", f"/v1/categories?parent={parent}", headers=as_("shop"))
        assert below.body["items"] == [category for category in found if category.get("parent") == parent] != []
    assert await asked(running) == before


async def test_a_page_on_which_a_provider_repeats_itself_has_each_id_once() -> None:
    """Lists that move while they are read do so."""
    named = [Category(id=f"bol:{number}", name="Games", path=("Games",)) for number in (1, 2, 1, 3)]
    told = codec.decode(catalog._page(Page(items=tuple(named), next_cursor="on")).body)
    assert [category["id"] for category in told] == ["bol:1", "bol:2", "bol:3"]


async def test_a_parent_that_is_no_category_is_said_to_be_none(running: Running) -> None:
    """An empty list would say that there is nothing below it."""
    answer = await running.call("GET", "/v1/categories?parent=reseller:999999", headers=as_("shop"))
    assert (answer.status, [one["name"] for one in answer.body["violations"]]) == (400, ["parent"])


async def test_two_accounts_at_one_provider_share_nothing(running: Running) -> None:
    """The same question to another account is another question: prices are the account's own."""
    for account in ("reseller", "careful"):
        answer = await running.call("GET", f"/v1/products?provider={account}&limit=1", headers=as_("shop"))
        assert [item["id"].partition(":")[0] for item in answer.body["items"]] == [account]


async def test_different_questions_have_different_answers(running: Running) -> None:
    """A filter, a limit and a cursor each make another question."""
    paths = ["", "&limit=1", "&limit=2", "&category=reseller:10"]
    answers = [
        await running.call("GET", f"/v1/products?provider=reseller{path}", headers=as_("shop")) for path in paths
    ]
    following = f"/v1/products?provider=reseller&limit=1&cursor={answers[1].body['nextCursor']}"
    answers.append(await running.call("GET", following, headers=as_("shop")))
    assert answers[4].body["items"] != answers[1].body["items"]
    assert len({answer.headers["ETag"] for answer in answers}) == 5


@pytest.mark.parametrize("directive", ["no-cache", "no-store", "max-age=0", "MAX-AGE=oops", "foo, no-cache"])
async def test_who_wants_it_fresh_has_the_provider_asked(running: Running, directive: str) -> None:
    """Once for each such request, although a fresh answer is kept."""
    await running.call("GET", GAME, headers=as_("shop"))
    before = await asked(running)
    answer = await running.call("GET", GAME, headers=as_("shop", Cache_Control=directive))
    assert (answer.status, await asked(running) - before) == (200, 1)
    assert "Age" not in answer.headers


async def test_who_wants_nothing_fetched_is_told_that_nothing_is_kept(running: Running) -> None:
    """504 as RFC 9111, section 5.2.1.7, has it, and the provider is not asked."""
    before = await asked(running)
    wanted = as_("shop", Cache_Control="only-if-cached")
    answer = await running.call("GET", "/v1/products/reseller:1-1", headers=wanted)
    assert (answer.status, answer.problem, await asked(running)) == (504, "not-cached", before)


async def test_a_provider_that_fails_is_not_noticed_for_a_while(running: Running) -> None:
    """`stale_if_error`: the last answer, with its age and nothing left of its freshness."""
    path = GAME.replace("reseller", "careful")
    first = await running.call("GET", path, headers=as_("shop"))
    assert first.headers["Cache-Control"] == "private, max-age=0"
    await running.faults("reseller", {"503": 1.0})
    try:
        second = await running.call("GET", path, headers=as_("shop"))
        strict = await running.call("GET", path, headers=as_("shop", Cache_Control="no-cache"))
    finally:
        await running.faults("reseller", {})
    assert (second.status, second.body) == (200, first.body)
    assert second.headers["Cache-Control"] == f"private, max-age={second.headers['Age']}"
    assert (strict.status, strict.problem) == (503, "provider-unavailable")
    assert "ETag" not in strict.headers


async def test_what_is_not_kept_says_nothing_of_it(running: Running) -> None:
    """Orders, availability, accounts, products without a lifetime: asked each time, whatever the caller would take."""
    forgetful = GAME.replace("reseller", "forgetful")
    items = {"items": [{"productId": "reseller:266-235"}]}
    for method, path, body in (
        ("GET", forgetful, None),
        ("POST", "/v1/availability", items),
        ("GET", "/v1/orders?provider=reseller", None),
        ("GET", "/v1/providers/reseller/account", None),
    ):
        for _ in range(2):
            before = await asked(running)
            answer = await running.call(method, path, body, headers=as_("shop", Cache_Control="max-age=600"))
            assert (answer.status, await asked(running) > before) == (200, True), path
            assert not {"Age", "ETag", "Cache-Control"} & set(answer.headers), path


@pytest.mark.parametrize(
    ("directives", "wanted"),
    [
        ("", Wish()),
        ("max-age=7", Wish(max_age=7.0)),
        ('max-age="7"', Wish(max_age=7.0)),
        ("Max-Age=7, no-transform, min-fresh=3", Wish(max_age=7.0)),
        ("max-age=-1", Wish(max_age=-1.0)),
        ("max-age", Wish(max_age=-1.0)),
        ("max-age=7, no-cache", Wish(max_age=-1.0)),
        ("no-store", Wish(no_store=True)),
        ("only-if-cached,max-age=9999999999999", Wish(max_age=-1.0, only_if_cached=True)),
        (",=,;;\x7f", Wish()),
    ],
)
async def test_directives_are_read_as_caches_read_them(directives: str, wanted: Wish) -> None:
    """Unknown ones are ignored, and a number that is none means the strictest (RFC 9111, sections 4.2.1 and 5.2)."""
    assert wish(CIMultiDict({"Cache-Control": directives})) == wanted
