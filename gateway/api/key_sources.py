"""Where an issuer's key set is read: a file, or a URL asked through a client of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from adapters.contract.wire import HttpRequest
from gateway.api.callers import KeysUnavailable
from gateway.providers.channel import Channel
from gateway.providers.evidence import SendFailed
from gateway.providers.outbound import Outbound

MAX_BYTES = 256 * 1024
FETCH_SECONDS = 5.0

Fetch = Callable[[], Awaitable[bytes]]


def from_file(path: Path) -> Fetch:
    """Return what reads a key set from a file."""

    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)

    async def fetch() -> bytes:
        try:
            document = await asyncio.to_thread(read)
        except OSError as error:
            raise KeysUnavailable(f"the file cannot be read: {error.strerror}") from error
        if len(document) > MAX_BYTES:
            raise KeysUnavailable(f"the file is larger than {MAX_BYTES} bytes")
        return document

    return fetch


def client() -> Outbound:
    """Return a client for key sets: small answers, no redirects, no cookies, no proxy of the environment."""
    return Outbound(max_body=MAX_BYTES, connections=8, connections_per_host=1)


def from_url(url: str, outbound: Outbound, way: Channel) -> Fetch:
    """Return what reads a key set at a URL, the way a channel goes."""
    parts = urlsplit(url)
    request = HttpRequest(
        "GET",
        parts.path or "/",
        query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        headers={"Accept": "application/jwk-set+json, application/json"},
        step="keys",
    )

    async def fetch() -> bytes:
        try:
            response = await outbound.send(request, way, FETCH_SECONDS)
        except SendFailed as failure:
            raise KeysUnavailable(f"no answer: {failure.kind}") from failure
        if response.status != 200:
            raise KeysUnavailable(f"status {response.status}")
        return response.body

    return fetch
