"""Lists over several providers: merged, bounded, with one cursor, and honest about what is missing."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from support.running import ALL_SIMULATED, CALM, Running, running_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[Running]:
    """A gateway with four providers, of which nothing is kept; bol allows one request for categories a minute."""
    without_bol = ALL_SIMULATED.replace(f"  bol:\n    adapter: bol\n    simulated: true\n{CALM}\n", "")
    async with running_gateway(f"{without_bol}cache:\n  max_bytes: 0\n") as started:
        yield started


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_are_bounded_progress_and_end(running: Running, limit: int) -> None:
    """No page has more than `limit` items, no id comes twice, and the last page has no cursor."""
    pages = [page async for page in paged(running, limit)]
    assert all(len(page["items"]) <= limit for page in pages)
    seen = [item["id"] for page in pages for item in page["items"]]
    assert len(seen) == len(set(seen))
    assert {one.partition(":")[0] for one in seen} == {"reseller", "reusely"}


async def paged(running: Running, limit: int) -> AsyncIterator[dict[str, Any]]:
    """Yield every page of the categories of all providers."""
    cursor = ""
    for _ in range(200):
        answer = await running.call("GET", f"/v1/categories?limit={limit}{cursor}")
        assert answer.status == 200, answer.body
        yield answer.body
        if "nextCursor" not in answer.body:
            return
        cursor = f"&cursor={quote(answer.body['nextCursor'])}"
    pytest.fail("the list does not end")


async def test_a_provider_that_fails_is_reported_and_the_rest_is_answered(running: Running) -> None:
    """200 while at least one answered; `incomplete` has the problem of the others."""
    await running.faults("reseller", {"500": 1.0})
    try:
        answer = await running.call("GET", "/v1/categories?limit=100")
    finally:
        await running.faults("reseller", {})
    assert answer.status == 200
    assert [(one["provider"], one["problem"]["status"]) for one in answer.body["incomplete"]] == [("reseller", 503)]
    assert {item["id"].partition(":")[0] for item in answer.body["items"]} == {"reusely"}


@pytest.mark.parametrize("limit", [1, 2, 7])
@pytest.mark.parametrize(("away", "there"), [("reseller", "reusely"), ("reusely", "reseller")])
async def test_a_provider_that_stays_away_is_told_and_the_list_ends(
    running: Running, away: str, there: str, limit: int
) -> None:
    """Nothing of it is left out in silence: every page that asks says so, the last one too, and the rest is whole."""
    whole = {item["id"] async for page in paged(running, 100) for item in page["items"]}
    await running.faults(away, {"500": 1.0})
    try:
        pages = [page async for page in paged(running, limit)]
    finally:
        await running.faults(away, {})
    told = [[one["provider"] for one in page.get("incomplete", [])] for page in pages]
    assert told[-1] == [away]
    assert limit == 1 or told == [[away]] * len(pages)
    seen = {item["id"] for page in pages for item in page["items"]}
    assert seen == {one for one in whole if one.startswith(f"{there}:")}


@pytest.mark.parametrize("limit", [1, 2])
async def test_a_provider_that_comes_back_is_asked_from_where_it_was(running: Running, limit: int) -> None:
    """A page without it costs no items: they come on the pages after."""
    whole = {item["id"] async for page in paged(running, 100) for item in page["items"]}
    seen: list[str] = []
    await running.faults("reseller", {"500": 1.0})
    try:
        async for page in paged(running, limit):
            seen += [item["id"] for item in page["items"]]
            await running.faults("reseller", {})
    finally:
        await running.faults("reseller", {})
    assert len(seen) == len(whole)
    assert set(seen) == whole


async def test_a_page_that_nobody_can_give_can_be_asked_for_again(running: Running) -> None:
    """Of one provider that fails on the way, the list does not end: 503, and the same cursor goes on later."""
    first = await running.call("GET", "/v1/categories?provider=reusely&limit=1")
    path = f"/v1/categories?provider=reusely&limit=1&cursor={quote(first.body['nextCursor'])}"
    await running.faults("reusely", {"500": 1.0})
    try:
        assert (await running.call("GET", path)).status == 503
    finally:
        await running.faults("reusely", {})
    assert (await running.call("GET", path)).body["items"]


async def test_a_filter_that_a_provider_cannot_do_is_reported(running: Running) -> None:
    """The reseller API has no search by our reference: said, not skipped."""
    answer = await running.call("GET", "/v1/orders?reference=PO-none")
    assert answer.status == 200
    assert "reseller" in {one["provider"] for one in answer.body["incomplete"]}


async def test_one_provider_that_cannot_is_501(running: Running) -> None:
    """The only provider asked says why it cannot."""
    answer = await running.call("GET", "/v1/products?provider=gelato")
    assert (answer.status, answer.problem) == (501, "unsupported-operation")
    assert answer.body["detail"]


@pytest.mark.parametrize(
    "cursor",
    ["x", "e30", "WzIsIngiLHt9XQ", "WzIsIngiLHt9LFtdXQ", "WzIsIngiLHsiYSI6MX0sW11d", "%F0%9F%98%80", "AAAA" * 2000],
)
async def test_a_cursor_that_is_not_ours_is_refused(running: Running, cursor: str) -> None:
    """Junk, another version, another shape: 400 naming the cursor."""
    answer = await running.call("GET", f"/v1/categories?cursor={cursor}")
    assert (answer.status, answer.problem) == (400, "validation-failed")
    assert [one["name"] for one in answer.body["violations"]] == ["cursor"]


async def test_a_cursor_belongs_to_its_question(running: Running) -> None:
    """The same cursor with other parameters is refused."""
    first = await running.call("GET", "/v1/categories?limit=1")
    cursor = quote(first.body["nextCursor"])
    assert (await running.call("GET", f"/v1/categories?limit=5&cursor={cursor}")).status == 200
    assert (await running.call("GET", f"/v1/categories?provider=reusely&cursor={cursor}")).status == 400
    assert (await running.call("GET", f"/v1/products?cursor={cursor}")).status == 400


async def test_availability_answers_each_item_in_order(running: Running) -> None:
    """Two providers, an unknown product among them: each item has its answer or its problem."""
    wanted = ["rexel:SCH:S520059", "reseller:266-235", "rexel:NO:SUCH", "gelato:x", "rexel:HAG:MFN716/A"]
    answer = await running.call("POST", "/v1/availability", {"items": [{"productId": one} for one in wanted]})
    assert answer.status == 200
    assert [item["productId"] for item in answer.body["items"]] == wanted
    assert [("problem" in item) for item in answer.body["items"]] == [False, False, True, True, False]
