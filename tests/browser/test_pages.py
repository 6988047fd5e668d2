"""The pages for people in a real browser: pytest tests/browser (needs Chromium; ORDERGATE_CHROMIUM says where it is).

ORDERGATE_PICTURES names a folder for pictures of what was seen.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from browser.chromium import PROGRAM, Page, browsing
from support.running import Running, running_gateway

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium here"),
    pytest.mark.timeout(120),
]

ONE_PROVIDER = """\
listen:
  port: 0
admin:
  port: 0
store:
  url: 'memory:'
  ephemeral: true
providers:
  reseller:
    adapter: reseller
    simulated: true
"""


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_gateway(ONE_PROVIDER) as gateway:
        yield gateway


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with browsing(tmp_path) as opened:
        yield opened


async def photographed(page: Page, name: str) -> None:
    if folder := os.environ.get("ORDERGATE_PICTURES"):
        await page.picture(Path(folder) / f"{name}.png")


def outside(page: Page, running: Running) -> list[str]:
    """Return the addresses that are not the gateway's."""
    return [url for url in page.requests if not url.startswith((f"{running.gateway.url}/", "data:"))]


async def test_the_docs_show_every_endpoint_and_ask_nobody_else(running: Running, page: Page) -> None:
    """Every operation is listed; not one request leaves; the content security policy and the console have no word."""
    await page.open(f"{running.gateway.url}/docs")
    await page.wait("document.querySelectorAll('.opblock').length")
    described = (await running.call("GET", "/openapi.json")).body["paths"]
    assert await page.evaluate("document.querySelectorAll('.opblock').length") == sum(map(len, described.values()))
    await photographed(page, "docs")
    await page.evaluate("document.querySelector('#operations-orders-placeOrder button').click()")
    await page.wait("document.querySelector('#operations-orders-placeOrder .try-out__btn') !== null")
    await page.wait("document.querySelector('#operations-orders-placeOrder .responses-table') !== null")
    await page.evaluate("document.querySelector('#operations-orders-placeOrder').scrollIntoView()")
    await photographed(page, "docs-place-order")
    assert outside(page, running) == []
    assert page.complaints == []


async def test_a_request_can_be_tried_out_from_the_docs(running: Running, page: Page) -> None:
    """A POST from the page is the gateway's own Origin: it is answered, not refused."""
    await page.open(f"{running.gateway.url}/docs")
    await page.wait("document.querySelectorAll('.opblock').length")
    block = "document.querySelector('#operations-catalog-checkAvailability')"
    await page.evaluate(f"{block}.querySelector('button').click()")
    await page.wait(f"{block}.querySelector('.try-out__btn') !== null")
    await page.evaluate(f"{block}.querySelector('.try-out__btn').click()")
    await page.wait(f"{block}.querySelector('.execute') !== null")
    await page.evaluate(f"{block}.querySelector('.execute').click()")
    await page.wait(f"{block}.querySelector('.live-responses-table .response-col_status') !== null")
    # The example names a provider that is not configured here: the gateway's own answer, not a refusal of the page.
    status = await page.evaluate(f"{block}.querySelector('.live-responses-table tbody .response-col_status').innerText")
    assert status.startswith("404")
    assert outside(page, running) == []
    assert [complaint for complaint in page.complaints if "404" not in complaint] == []


@pytest.mark.parametrize(
    ("path", "title", "word"),
    [("/problems/outcome-unknown", "It may have been done", "504"), ("/problems", "Problem types", "outcome-unknown")],
)
async def test_a_problem_page_has_its_style(running: Running, page: Page, path: str, title: str, word: str) -> None:
    """Words, status, and the way to the docs; nothing from elsewhere, nothing refused."""
    await page.open(running.gateway.url + path)
    await page.wait("document.readyState === 'complete' && document.querySelector('footer') !== null")
    await photographed(page, path.strip("/").replace("/", "-"))
    assert await page.evaluate("document.querySelector('h1').innerText") == title
    assert word in await page.evaluate("document.body.innerText")
    assert await page.evaluate("document.styleSheets[0].cssRules.length > 0")
    assert outside(page, running) == []
    assert page.complaints == []
