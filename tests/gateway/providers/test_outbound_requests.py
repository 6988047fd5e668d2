from importlib.metadata import version

import pytest

from adapters.contract.wire import HttpRequest
from gateway.providers.head import OWN_HEADERS
from gateway.providers.outbound import Outbound, SendFailed, channel
from support.raw_server import raw_server

TIMEOUT = 20.0


def target(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()


def header(request: bytes, name: str) -> str | None:
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name.lower():
            return value
    return None


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("..", "%2E%2E"),
        ("a?b#c", "a%3Fb%23c"),
        ("a b+c%2F", "a%20b%2Bc%252F"),
        ("ürün", "%C3%BCr%C3%BCn"),
        (";x=1&y", "%3Bx%3D1%26y"),
    ],
)
async def test_a_path_leaves_exactly_as_it_was_encoded(value: str, segment: str) -> None:
    """An id is one segment, whatever is in it: nothing is decoded, encoded or resolved once more."""
    async with raw_server() as server, Outbound() as outbound:
        request = HttpRequest("GET", "/orders/{id}/lines", {"id": value}, query=(("q", value), ("q", "")))
        await outbound.send(request, channel(server.url), TIMEOUT)
        path, _, query = target(server.requests[0]).partition("?")
        assert path == f"/orders/{segment}/lines"
        assert query == f"q={segment.replace('%2E%2E', '..')}&q="


@pytest.mark.parametrize(
    ("base", "origin", "path"),
    [
        ("", None, "/orders"),
        ("/", None, "/orders"),
        ("/v2/shop/", None, "/v2/shop/orders"),
        ("/v2", "/login", "/login/orders"),
    ],
)
async def test_the_base_url_may_have_a_prefix(base: str, origin: str | None, path: str) -> None:
    """A prefix goes before the path; a request with an origin of its own goes there instead."""
    async with raw_server() as server, Outbound() as outbound:
        request = HttpRequest("GET", "/orders", origin=None if origin is None else server.url + origin)
        await outbound.send(request, channel(server.url + base), TIMEOUT)
        assert target(server.requests[0]) == path
        assert header(server.requests[0], "Host") == f"127.0.0.1:{server.port}"


async def test_a_simulator_takes_the_place_of_every_host() -> None:
    """No request of a simulated provider leaves this machine; of its own origin only the path prefix remains."""
    async with raw_server() as server, Outbound() as outbound:
        way = channel(server.url, simulator=True)
        await outbound.send(
            HttpRequest("POST", "/token", origin="https://login.provider.example/oauth2/"), way, TIMEOUT
        )
        await outbound.send(HttpRequest("GET", "/orders", origin="https://other.provider.example"), way, TIMEOUT)
        await outbound.send(HttpRequest("GET", "/orders"), way, TIMEOUT)
        assert [target(request) for request in server.requests] == ["/oauth2/token", "/orders", "/orders"]


async def test_the_adapters_headers_leave_and_ours_say_who_we_are() -> None:
    """Beside the adapter's headers there is only what HTTP needs, and our name and version."""
    async with raw_server() as server, Outbound() as outbound:
        headers = {"Authorization": "Bearer secret", "Accept": "application/vnd.retailer.v10+json"}
        await outbound.send(HttpRequest("GET", "/orders", headers=headers), channel(server.url), TIMEOUT)
    lines = server.requests[0].decode().split("\r\n")[1:-2]
    assert sorted(lines) == sorted(
        [
            f"Host: 127.0.0.1:{server.port}",
            "Authorization: Bearer secret",
            "Accept: application/vnd.retailer.v10+json",
            f"User-Agent: ordergate/{version('ordergate')}",
            "Accept-Encoding: gzip, deflate",
        ]
    )


async def test_a_header_leaves_once() -> None:
    """Names are the same in any case, and the later value counts, as where headers are added to a request."""
    async with raw_server() as server, Outbound() as outbound:
        headers = {"Accept": "text/html", "accept": "application/json"}
        await outbound.send(HttpRequest("GET", "/orders", headers=headers), channel(server.url), TIMEOUT)
    assert server.requests[0].lower().count(b"\r\naccept: ") == 1
    assert header(server.requests[0], "Accept") == "application/json"


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("POST", b"{}", "2"),
        ("POST", None, "0"),
        ("PUT", b"", "0"),
        ("DELETE", None, "0"),
        ("GET", None, None),
        ("GET", b"{}", "2"),
    ],
)
async def test_a_body_leaves_as_it_is(method: str, body: bytes | None, length: str | None) -> None:
    """The frozen bytes, their length, and no media type that the adapter did not name."""
    async with raw_server() as server, Outbound() as outbound:
        await outbound.send(HttpRequest(method, "/orders", body=body), channel(server.url), TIMEOUT)
    assert server.requests[0].partition(b"\r\n\r\n")[2] == (body or b"")
    assert header(server.requests[0], "Content-Length") == length
    assert header(server.requests[0], "Content-Type") is None
    assert header(server.requests[0], "Transfer-Encoding") is None


async def test_a_large_body_leaves_whole() -> None:
    """More than a mebibyte goes in pieces, with its length and under the adapter's media type."""
    body = bytes(range(256)) * 12_000
    async with raw_server() as server, Outbound() as outbound:
        request = HttpRequest("POST", "/orders", headers={"Content-Type": "text/csv"}, body=body)
        await outbound.send(request, channel(server.url), TIMEOUT)
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert sent == body
    assert head.lower().count(b"content-") == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Reference": "a\r\nX-Injected: b"},
        {"X-Reference": "a\nb"},
        {"X-Reference": "a\rb"},
        {"X-Reference": "a\0b"},
        {"X-Reference\r\nX-Injected": "b"},
        {"X Reference": "b"},
        {"": "b"},
        {"X-Reference:": "b"},
        {"Ünicode": "b"},
        {"X-Reference": "\ud800"},
        *({name.title(): "1"} for name in sorted(OWN_HEADERS)),
    ],
    ids=repr,
)
async def test_a_header_that_could_forge_a_request_is_refused(headers: dict[str, str]) -> None:
    """Line breaks, names that are none, and headers that say how bytes travel: nothing is sent."""
    async with raw_server() as server, Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("GET", "/orders", headers=headers), channel(server.url), TIMEOUT)
        assert (failed.value.phase, failed.value.kind) == ("not-sent", "invalid")
        assert server.connections == 0


@pytest.mark.parametrize("method", ["GE T", "GET /x HTTP/1.1\r\nX:", "", "GÉT", "get", "CONNECT"])
async def test_a_method_that_is_none_is_refused(method: str) -> None:
    """A method is one word of capitals, and none that asks for a tunnel."""
    async with raw_server() as server, Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest(method, "/orders"), channel(server.url), TIMEOUT)
        assert (failed.value.phase, failed.value.kind) == ("not-sent", "invalid")
        assert server.connections == 0


@pytest.mark.parametrize(
    "route", ["/a b", "/a\r\nX: y", "/ü", "/a#b", "orders", "", "/orders/{order_id}", "@provider.example/"]
)
async def test_a_path_that_is_none_is_refused(route: str) -> None:
    """What no path may hold, and a template without its value."""
    async with raw_server() as server, Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("GET", route), channel(server.url), TIMEOUT)
        assert (failed.value.phase, failed.value.kind) == ("not-sent", "invalid")
        assert server.connections == 0


@pytest.mark.parametrize(
    "origin",
    [
        "http://provider.example",
        "ftp://provider.example",
        "https://user:secret@provider.example",
        "provider.example",
        "",
    ],
)
async def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    """A request's own origin obeys the rules of a base URL, and its text is not repeated."""
    async with Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("GET", "/a", origin=origin), channel("https://provider.example"), TIMEOUT)
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "invalid")
    assert "secret" not in str(failed.value)


async def test_a_request_that_names_no_host_where_none_is_configured_is_refused() -> None:
    """Without a base URL each request has to say where it goes."""
    async with Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("GET", "/a"), channel(None), TIMEOUT)
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "invalid")
