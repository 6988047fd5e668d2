"""Whom the outbound client trusts, through whom it goes, and what it says when it may not."""

import asyncio
import base64
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.contract.wire import HttpRequest
from gateway.providers.outbound import Outbound, SendFailed, channel
from support.certificates import Authority
from support.fault_proxy import Fault, fault_proxy
from support.raw_server import http, listening, raw_server

ORDER = HttpRequest("POST", "/orders", body=b'{"a":1}', effect="commit")
TIMEOUT = 20.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_a_provider_of_the_named_authority_is_trusted(authority: Authority) -> None:
    """`ca_file` is all it takes."""
    async with raw_server(context=authority.issue().server_context()) as server, Outbound() as outbound:
        assert (await outbound.send(ORDER, channel(server.url, ca_file=authority.file), TIMEOUT)).status == 200


@pytest.mark.parametrize("case", ["unknown authority", "other name", "expired"])
async def test_a_provider_that_cannot_prove_who_it_is_gets_nothing(authority: Authority, case: str) -> None:
    """Not one byte of the request leaves for a certificate that does not hold."""
    issued = authority.issue("provider.example" if case == "other name" else "127.0.0.1", expired=case == "expired")
    ca_file = None if case == "unknown authority" else authority.file
    async with raw_server(context=issued.server_context()) as server, Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(ORDER, channel(server.url, ca_file=ca_file), TIMEOUT)
        assert (failed.value.phase, failed.value.kind) == ("not-sent", "tls")
        assert not server.requests


async def test_plain_text_where_tls_was_expected_is_a_failure_before_sending() -> None:
    """A port that speaks HTTP gets no request meant for HTTPS."""

    async def complain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(http(400, b"this is plain HTTP"))
        await writer.drain()

    async with listening(complain) as port, Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(ORDER, channel(f"https://127.0.0.1:{port}"), TIMEOUT)
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "tls")


async def test_a_handshake_that_breaks_off_is_a_failure_before_sending(authority: Authority) -> None:
    """The connection ends in the middle of the handshake."""
    async with raw_server(context=authority.issue().server_context()) as server, fault_proxy(server.port) as proxy:
        proxy.fault = Fault(response_bytes=100)
        async with Outbound() as outbound:
            with pytest.raises(SendFailed) as failed:
                await outbound.send(ORDER, channel(f"https://127.0.0.1:{proxy.port}", ca_file=authority.file), TIMEOUT)
    assert failed.value.phase == "not-sent"


async def test_a_lost_reply_under_tls_is_in_doubt_all_the_same(authority: Authority) -> None:
    """The provider has the request and closes without a word."""

    async def drop(writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with raw_server(drop, context=authority.issue().server_context()) as server, Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(ORDER, channel(server.url, ca_file=authority.file), TIMEOUT)
        assert (failed.value.phase, failed.value.kind) == ("sent", "closed")
        assert len(server.requests) == 1


async def test_a_provider_that_asks_for_a_certificate_gets_the_configured_one(authority: Authority) -> None:
    """Mutual TLS: with `client_cert` the request goes through."""
    client = authority.issue("client.example")
    context = authority.issue().server_context(clients_of=authority.file)
    async with raw_server(context=context) as server, Outbound() as outbound:
        known = channel(server.url, ca_file=authority.file, client_cert=client.certificate, client_key=client.key)
        assert (await outbound.send(ORDER, known, TIMEOUT)).status == 200


async def test_a_client_certificate_may_stand_in_one_file_with_its_key(authority: Authority, tmp_path: Path) -> None:
    """As many authorities hand them out."""
    client = authority.issue("client.example")
    both = tmp_path / "both.pem"
    both.write_bytes(client.certificate.read_bytes() + client.key.read_bytes())
    context = authority.issue().server_context(clients_of=authority.file)
    async with raw_server(context=context) as server, Outbound() as outbound:
        known = channel(server.url, ca_file=authority.file, client_cert=both)
        assert (await outbound.send(ORDER, known, TIMEOUT)).status == 200


async def test_without_the_certificate_asked_for_nothing_is_executed(authority: Authority) -> None:
    """The provider ends the connection; with TLS 1.3 only after the client believes itself connected."""
    context = authority.issue().server_context(clients_of=authority.file)
    async with raw_server(context=context) as server, Outbound() as outbound:
        with pytest.raises(SendFailed):
            await outbound.send(ORDER, channel(server.url, ca_file=authority.file), TIMEOUT)
        assert not server.requests


@asynccontextmanager
async def connect_proxy(seen: list[bytes], refusal: bytes | None = None) -> AsyncIterator[int]:
    """Run an HTTP proxy: CONNECT opens a tunnel, or is refused."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        if refusal is not None or not head.startswith(b"CONNECT "):
            writer.write(refusal or http(200, b'{"by":"proxy"}'))
            await writer.drain()
            return
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        target_reader, target_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_copy(reader, target_writer), _copy(target_reader, writer))
        finally:
            target_writer.transport.abort()

    async with listening(serve) as port:
        yield port


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
    target.close()


async def test_a_configured_proxy_carries_the_request_and_sees_nothing_of_it(authority: Authority) -> None:
    """TLS goes through the proxy from end to end; the proxy's password is the proxy's alone."""
    seen: list[bytes] = []
    async with (
        raw_server(context=authority.issue().server_context()) as server,
        connect_proxy(seen) as port,
        Outbound() as outbound,
    ):
        way = channel(server.url, ca_file=authority.file, proxy=f"http://user:pass-word@127.0.0.1:{port}")
        assert (await outbound.send(ORDER, way, TIMEOUT)).status == 200
        assert base64.b64encode(b"user:pass-word") in seen[0]
        assert b"orders" not in seen[0]
        assert b"roxy" not in server.requests[0]
        assert "pass-word" not in repr(way)


async def test_a_plain_request_goes_to_the_proxy_as_a_whole() -> None:
    """To loopback without TLS the proxy gets the whole URL, and the password where there is one."""
    seen: list[bytes] = []
    async with raw_server() as server, connect_proxy(seen) as port, Outbound() as outbound:
        for user in ("", "user:pass-word@"):
            way = channel(server.url + "/v2", proxy=f"http://{user}127.0.0.1:{port}")
            assert (await outbound.send(ORDER, way, TIMEOUT)).body == b'{"by":"proxy"}'
        assert all(head.startswith(f"POST {server.url}/v2/orders HTTP/1.1\r\n".encode()) for head in seen)
        assert b"roxy-Auth" not in seen[0]
        password = base64.b64encode(b"user:pass-word")
        assert b"\r\nProxy-Authorization: Basic " + password + b"\r\n" in seen[1]


async def test_a_proxy_that_refuses_has_sent_nothing_on(authority: Authority) -> None:
    """407: the request never left, and no text says what the password was."""
    seen: list[bytes] = []
    async with connect_proxy(seen, http(407)) as port, Outbound() as outbound:
        way = channel("https://127.0.0.1:1", proxy=f"http://user:pass-word@127.0.0.1:{port}")
        with pytest.raises(SendFailed) as failed:
            await outbound.send(ORDER, way, TIMEOUT)
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "proxy")
    assert "pass-word" not in "".join(traceback.format_exception(failed.value))


async def test_a_proxy_that_is_not_there_has_sent_nothing_on() -> None:
    """Nobody listens at the proxy's port."""
    async with connect_proxy([]) as port:
        pass
    async with Outbound() as outbound:
        with pytest.raises(SendFailed) as failed:
            await outbound.send(ORDER, channel("https://provider.example", proxy=f"http://127.0.0.1:{port}"), TIMEOUT)
    assert (failed.value.phase, failed.value.kind) == ("not-sent", "proxy")


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a shell exports does not decide where orders go, nor with which password."""
    seen: list[bytes] = []
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password secret\n")
    async with raw_server() as server, connect_proxy(seen) as port, Outbound() as outbound:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.delenv("no_proxy", raising=False)
        await outbound.send(ORDER, channel(server.url), TIMEOUT)
        assert b"uthorization" not in server.requests[0]
    assert not seen
