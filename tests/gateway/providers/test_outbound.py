import asyncio
import gc
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.contract.wire import HttpRequest
from gateway.providers.channel import is_loopback
from gateway.providers.evidence import KINDS, Evidence, ResendRefused, kind_of
from gateway.providers.outbound import OWN_HEADERS, FailureKind, Outbound, SendFailed, channel, user_agent
from support.certificates import Authority
from support.raw_server import Answer, http, raw_server

TIMEOUT = 20.0


def target(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()


def header(request: bytes, name: str) -> str | None:
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name.lower():
            return value
    return None


# What leaves -----------------------------------------------------------------------------------------------------


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


# What does not leave ---------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("method", ["GE T", "GET /x HTTP/1.1\r\nX:", "", "GÉT"])
async def test_a_method_that_is_none_is_refused(method: str) -> None:
    """A method is one word of the characters of a token (RFC 9110, section 5.6.2)."""
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


# Failures --------------------------------------------------------------------------------------------------------


def test_every_exception_of_aiohttp_has_a_kind() -> None:
    """The table is total: each name that aiohttp exports, and nothing is left to an ancestor's row."""
    exported = {getattr(aiohttp.client_exceptions, name) for name in aiohttp.client_exceptions.__all__}
    assert exported <= set(KINDS)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "closed"),
        (BrokenPipeError(), "closed"),
        (ValueError(), "invalid"),
        (RuntimeError(), "protocol"),
        (aiohttp.TooManyRedirects(None, ()), "protocol"),  # type: ignore[arg-type]
    ],
)
def test_other_exceptions_have_the_kind_of_their_nearest_ancestor(error: BaseException, kind: FailureKind) -> None:
    """Whatever comes, there is a kind for it."""
    assert kind_of(error) == kind


async def test_no_text_of_a_failure_holds_a_secret() -> None:
    """Neither query, headers nor what was received appears in a failure, its cause or its traceback."""

    async def half_a_head(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Token: canary-received\r\nContent-Length: 5\r\n")
        writer.close()

    answers: list[bytes | Answer] = [
        b"HTTP/1.1 canary-received canary-received\r\n\r\n",
        http(200, b"canary-received", "Content-Encoding: gzip"),
        half_a_head,
    ]
    request = HttpRequest(
        "POST",
        "/orders",
        query=(("api_key", "canary-query"),),
        headers={"Authorization": "canary-header"},
        body=b"canary-body",
    )
    for answer in answers:
        async with raw_server(answer) as server, Outbound() as outbound:
            with pytest.raises(SendFailed) as failed:
                await outbound.send(request, channel(server.url), TIMEOUT)
            text = "".join(traceback.format_exception(failed.value)) + repr(failed.value)
            assert "canary" not in text


async def test_a_timed_out_connection_says_nothing_of_the_query() -> None:
    """The library's own text of it holds the whole URL; ours does not, nor does the traceback."""
    async with raw_server() as server, Outbound() as outbound:
        request = HttpRequest("GET", "/orders", query=(("api_key", "canary"),))
        with pytest.raises(SendFailed) as failed:
            await outbound.send(request, channel(server.url, connect_timeout=1e-9), TIMEOUT)
        assert (failed.value.phase, failed.value.kind) == ("not-sent", "timeout")
    assert "canary" not in "".join(traceback.format_exception(failed.value))


async def test_a_second_try_is_refused_even_if_aiohttp_should_insist() -> None:
    """The guard counts tries: whoever asks for a second one gets an error that aiohttp does not repeat after."""
    evidence = Evidence()
    sent: list[Any] = []

    async def handler(request: Any) -> Any:
        sent.append(request)

    await evidence.only_once(None, handler)  # type: ignore[arg-type]
    with pytest.raises(ResendRefused) as refused:
        await evidence.only_once(None, handler)  # type: ignore[arg-type]
    assert len(sent) == 1
    assert not isinstance(refused.value, aiohttp.ClientError | OSError)
    assert evidence.failed(refused.value).kind == "resend-refused"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST"])
async def test_aiohttp_asks_for_a_second_try_only_of_those_who_do_not_hide_the_first(method: str) -> None:
    """The danger is real: a bare session sends twice what our client sends once."""

    async def close(writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with raw_server(close) as server, aiohttp.ClientSession() as session, Outbound() as outbound:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.request(method, server.url)
        assert server.methods == [method] * (1 if method == "POST" else 2)
        server.requests.clear()
        with pytest.raises(SendFailed):
            await outbound.send(HttpRequest(method, "/"), channel(server.url), TIMEOUT)
        assert server.methods == [method]


async def test_a_closed_client_sends_nothing() -> None:
    """After `close`, and before `open`, nothing leaves."""
    outbound = Outbound()
    async with raw_server() as server:
        with pytest.raises(RuntimeError, match="not open"):
            await outbound.send(HttpRequest("GET", "/"), channel(server.url), TIMEOUT)
        await outbound.open()
        await outbound.close()
        await outbound.close()
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("GET", "/"), channel(server.url), TIMEOUT)
        assert failed.value.phase == "not-sent"
        assert server.connections == 0


# Connections -----------------------------------------------------------------------------------------------------


async def test_reads_share_a_connection_and_commits_have_their_own() -> None:
    """What is kept alive is reused for reads and preparations, and never for a commit."""
    async with raw_server() as server, Outbound() as outbound:
        way = channel(server.url)
        for _ in range(3):
            await outbound.send(HttpRequest("GET", "/"), way, TIMEOUT)
            await outbound.send(HttpRequest("POST", "/quote", effect="prepare"), way, TIMEOUT)
        assert server.connections == 1
        for _ in range(3):
            await outbound.send(HttpRequest("POST", "/orders", effect="commit"), way, TIMEOUT)
        assert server.connections == 4
        assert all(header(request, "Connection") == "close" for request in server.requests[6:])


async def test_connections_to_one_host_are_bounded_and_waiting_for_one_is_not_sending() -> None:
    """With all connections busy a request waits, and if that takes too long nothing of it was sent."""
    release, both = asyncio.Event(), asyncio.Event()

    async def slow(writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 2:
            both.set()
        await release.wait()
        writer.write(http(200, b"{}"))

    async with raw_server(slow) as server, Outbound(connections_per_host=2) as outbound:
        way = channel(server.url)
        busy = [asyncio.create_task(outbound.send(HttpRequest("GET", "/"), way, TIMEOUT)) for _ in range(2)]
        await both.wait()
        with pytest.raises(SendFailed) as failed:
            await outbound.send(HttpRequest("GET", "/"), channel(server.url, connect_timeout=0.05), TIMEOUT)
        assert (failed.value.phase, failed.value.kind) == ("not-sent", "timeout")
        assert server.connections == 2
        release.set()
        assert [response.status for response in await asyncio.gather(*busy)] == [200, 200]


async def test_many_at_once_each_get_their_own_answer() -> None:
    """A hundred requests at a time, over shared connections, are not mixed up."""
    async with raw_server() as server, Outbound(connections_per_host=10) as outbound:

        async def echo(writer: asyncio.StreamWriter) -> None:
            writer.write(http(200, target(server.requests[-1]).encode()))

        server.answers[:] = [echo]
        responses = await asyncio.gather(
            *(outbound.send(HttpRequest("GET", f"/{number}"), channel(server.url), TIMEOUT) for number in range(100))
        )
        assert [response.body for response in responses] == [b"/%d" % number for number in range(100)]
        assert server.connections <= 10


async def test_nothing_is_left_open() -> None:
    """After `close` there is no session, connection or task of ours (a warning would fail this test)."""
    before = asyncio.all_tasks()
    async with raw_server() as server:
        async with Outbound() as outbound:
            await outbound.send(HttpRequest("GET", "/"), channel(server.url), TIMEOUT)
            await outbound.send(HttpRequest("GET", "/", effect="commit"), channel(server.url), TIMEOUT)
        del outbound
        gc.collect()
    assert asyncio.all_tasks() == before


def test_we_are_called_by_name_and_version() -> None:
    """`ordergate/VERSION`, so that a provider can tell who asks."""
    assert user_agent() == f"ordergate/{version('ordergate')}"


# Channels --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://api.provider.example",
        "https://h:8443/v2/",
        "http://127.0.0.1:8080",
        "http://[::1]:1",
        "http://localhost",
    ],
)
def test_a_base_url_is_https_or_on_this_machine(url: str) -> None:
    """TLS everywhere, and plain HTTP where nobody else can listen."""
    assert channel(url).origin == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.provider.example",
        "http://10.0.0.1",
        "http://127.0.0.1.provider.example",
        "http://2130706433",
        "http://[::ffff:10.0.0.1]",
        "http://localhost.provider.example",
        "ftp://provider.example",
        "file:///etc/passwd",
        "provider.example",
        "//provider.example",
        "https://",
        "https://user@provider.example",
        "https://user:secret@provider.example",
        "https://provider.example?api_key=secret",
        "https://provider.example/#x",
        "https://[provider",
        "https://provider.example:port",
        "https://provider.example/a b",
        "https://provider.example/\r\nX: y",
        "",
    ],
)
def test_any_other_base_url_is_refused(url: str) -> None:
    """Credentials would travel in the clear, or to nobody knows whom. The refusal does not repeat the text."""
    with pytest.raises(ValueError, match=r"URL|http://") as refused:
        channel(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("LOCALHOST", False),
    ],
)
def test_loopback_is_known_without_a_name_server(host: str, loopback: bool) -> None:
    """Only what is this machine by definition."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    "proxy", ["https://proxy:3128", "socks5://proxy:1080", "proxy:3128", "http://", "http://p/path"]
)
def test_a_proxy_is_an_http_proxy(proxy: str) -> None:
    """Other kinds are refused, without repeating a text that may hold a password."""
    with pytest.raises(ValueError, match="proxy"):
        channel("https://provider.example", proxy=proxy)


def test_files_that_are_not_what_they_should_be_are_refused(tmp_path: Path) -> None:
    """Missing, empty, wrong and encrypted files are named at start, not at the first order."""
    authority = Authority(tmp_path)
    issued, encrypted = authority.issue("a.example"), authority.issue("b.example", password=b"secret")
    empty = tmp_path / "empty.pem"
    empty.touch()
    wrong: list[tuple[str, dict[str, Path]]] = [
        ("ca_file", {"ca_file": tmp_path / "missing.pem"}),
        ("ca_file", {"ca_file": empty}),
        ("ca_file", {"ca_file": issued.key}),
        ("client_cert", {"client_cert": tmp_path / "missing.pem"}),
        ("client_cert", {"client_cert": issued.certificate}),
        ("client_cert", {"client_cert": issued.certificate, "client_key": empty}),
        ("client_cert", {"client_cert": issued.certificate, "client_key": encrypted.key}),
        ("client_cert", {"client_cert": encrypted.certificate, "client_key": encrypted.key}),
        ("client_key", {"client_key": issued.key}),
    ]
    for named, files in wrong:
        with pytest.raises(ValueError, match=named):
            channel("https://provider.example", **files)  # type: ignore[arg-type]


def test_a_simulated_provider_needs_its_simulator() -> None:
    """Without the simulator's URL requests could go to the real provider."""
    with pytest.raises(ValueError, match="simulator"):
        channel(None, simulator=True)
