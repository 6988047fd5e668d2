"""The pages for people and the files they load, without a browser (tests/browser has one)."""

import hashlib
import re
from pathlib import Path

import pytest

from gateway.api import docs
from gateway.api.problems import TYPES
from support.gateway_thread import Served
from support.raw_client import RawAnswer, exchanged, request

VENDORED = docs.STATIC / "vendor/swagger-ui"


async def fetched(served: Served, path: str, **headers: str) -> RawAnswer:
    (answer,) = await exchanged(served.port, request("GET", path, None, list(headers.items())))
    return answer


async def test_the_docs_load_only_files_of_the_gateway(attacked: Served) -> None:
    """No script or style stands in the page itself, and each file it names is served with its media type."""
    page = (await fetched(attacked, "/docs")).body.decode()
    assert "<style" not in page
    assert re.findall(r"<script[^>]*>([^<]+)</script>", page) == []
    for name in re.findall(r'(?:src|href)="([^"]+)"', page):
        if name != "data:,":
            answer = await fetched(attacked, f"/{name}")
            assert answer.status == 200, name
            media_type = {"js": "text/javascript", "css": "text/css"}[name.rpartition(".")[2]]
            assert (answer.header("Content-Type") or "").startswith(media_type)
            assert answer.header("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("path", ["/docs", "/problems", "/problems/gone"])
async def test_a_page_allows_itself_nothing_from_elsewhere(attacked: Served, path: str) -> None:
    """The content security policy starts from `default-src 'self'` and adds only images in the page."""
    answer = await fetched(attacked, path)
    policy = dict(part.strip().split(" ", 1) for part in (answer.header("Content-Security-Policy") or "").split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)
    assert answer.header("Content-Type") == "text/html; charset=utf-8"


@pytest.mark.parametrize("name", TYPES)
async def test_every_problem_type_has_its_page(attacked: Served, name: str) -> None:
    """The type of a problem is a path, and the path says what it means."""
    answer = await fetched(attacked, f"/problems/{name}")
    page = answer.body.decode()
    assert answer.status == 200
    assert f"<code>/problems/{name}</code>" in page
    assert str(TYPES[name].status) in page
    assert f'href="problems/{name}"' in (await fetched(attacked, "/problems")).body.decode()


@pytest.mark.parametrize("path", ["/openapi.json", "/docs/docs.js", "/docs/swagger-ui-5.35.0/swagger-ui.css"])
async def test_a_client_that_has_a_document_is_not_sent_it_again(attacked: Served, path: str) -> None:
    """`ETag` and `If-None-Match`; files with their version in the path are kept for good."""
    first = await fetched(attacked, path)
    again = await fetched(attacked, path, **{"If-None-Match": first.header("ETag") or ""})
    other = await fetched(attacked, path, **{"If-None-Match": '"another"'})
    assert [first.status, again.status, other.status] == [200, 304, 200]
    assert again.body == b""
    assert ("immutable" in (first.header("Cache-Control") or "")) is ("5.35.0" in path)


def test_what_is_vendored_is_what_was_published() -> None:
    """The sums in the README are those of the files, and there are no other files."""
    told = dict(re.findall(r"\| (\S+) \| ([0-9a-f]{64}) \|", (docs.STATIC / "README.md").read_text()))
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDORED.iterdir()}
    assert found == told


def test_the_licence_of_what_is_vendored_is_kept() -> None:
    """The licence and the notices stand beside the files, and NOTICE tells of them."""
    notice = (Path(docs.__file__).parents[2] / "NOTICE").read_text()
    assert "swagger-ui-dist 5.35.0" in notice
    assert "SmartBear" in notice
    assert "5.35.0" in docs.SWAGGER
    assert "Apache License" in (VENDORED / "LICENSE").read_text()
