"""An issuer's keys: fetched once for everybody, kept while the issuer is away, and never fetched in a storm."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from gateway.api import key_sources
from gateway.api.callers import KeysUnavailable
from gateway.api.key_sets import (
    FLOOR_SECONDS,
    FRESH_SECONDS,
    MAX_KEYS,
    RETRY_SECONDS,
    STALE_SECONDS,
    KeySet,
    keys_in,
)
from gateway.providers.channel import channel
from support.raw_server import RawServer, http, raw_server
from support.tokens import ec_key, jwk, key_set, private_jwk, rsa_key

BOTH = ("RS256", "ES256")
ONE, TWO = key_set(jwk(rsa_key(), "r1")), key_set(jwk(rsa_key(), "r1"), jwk(ec_key(), "e1"))


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What was logged, not printed."""
    with capture_logs() as lines:
        yield lines


class Source:
    """A place where a key set is read, a clock, and a door that can be shut."""

    def __init__(self) -> None:
        self.document: bytes | Exception = ONE
        self.fetched = 0
        self.now = 1000.0
        self.open = asyncio.Event()
        self.open.set()
        self.keys = KeySet(self.fetch, BOTH, lambda: self.now, "company")

    async def fetch(self) -> bytes:
        self.fetched += 1
        await self.open.wait()
        if isinstance(self.document, Exception):
            raise self.document
        return self.document

    async def knows(self, key_id: str | None, algorithm: str = "RS256") -> bool:
        return bool(await self.keys.candidates(key_id, algorithm))


@pytest.fixture
async def source() -> Source:
    return Source()


async def settled() -> None:
    """Let a fetch in the background end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_many_at_once_are_one_fetch(source: Source) -> None:
    """Fifty callers at a cold start wait for the same answer; who goes away takes nothing from the others."""
    source.open.clear()
    waiting = [asyncio.create_task(source.knows("r1")) for _ in range(50)]
    await settled()
    waiting[0].cancel()
    source.open.set()
    assert await asyncio.gather(*waiting[1:]) == [True] * 49
    assert source.fetched == 1


async def test_fresh_keys_are_not_fetched_again(source: Source) -> None:
    """Ten minutes long."""
    for _ in range(3):
        assert await source.knows("r1")
        source.now += FRESH_SECONDS / 3 - 1
    assert source.fetched == 1


async def test_made_up_ids_fetch_at_most_every_half_minute(source: Source) -> None:
    """A thousand tokens with ids of their own are no storm at the issuer's, and a new key is found all the same."""
    assert await source.knows("r1")
    for number in range(1000):
        assert not await source.knows(f"made up {number}")
    assert source.fetched == 1, "the first look was a moment ago"
    source.now += FLOOR_SECONDS
    assert not any([await source.knows(f"made up {number}") for number in range(1000)])
    assert source.fetched == 2
    source.document = TWO
    assert not await source.knows("e1", "ES256")
    source.now += FLOOR_SECONDS
    assert await source.knows("e1", "ES256")
    assert source.fetched == 3


async def test_old_keys_count_while_new_ones_come(source: Source) -> None:
    """Nobody waits for a fetch that only freshens; a key that was withdrawn is gone after it."""
    source.document = TWO
    assert await source.knows("e1", "ES256")
    source.document, source.now = ONE, source.now + FRESH_SECONDS
    source.open.clear()
    assert await source.knows("e1", "ES256")
    source.open.set()
    await settled()
    assert source.fetched == 2
    assert not await source.knows("e1", "ES256")
    assert await source.knows("r1")


@pytest.mark.parametrize("broken", [KeysUnavailable("status 500"), b"<html>", b"{}", key_set(), b"[" * 100_000])
async def test_an_issuer_that_fails_changes_nothing_for_a_day(source: Source, broken: Any) -> None:
    """Its keys are kept and asked for again now and then; after that nobody can say who its tokens are."""
    assert await source.knows("r1")
    source.document = broken
    steps = 24
    for _ in range(steps):
        source.now += STALE_SECONDS / steps - 1
        assert await source.knows("r1")
        await settled()
    assert source.fetched == 1 + steps
    source.now += STALE_SECONDS
    with pytest.raises(KeysUnavailable):
        await source.knows("r1")


async def test_without_any_keys_it_is_tried_every_few_seconds(source: Source) -> None:
    """Not for each request, and soon enough."""
    source.document = KeysUnavailable("no answer")
    for _ in range(20):
        with pytest.raises(KeysUnavailable):
            await source.knows("r1")
    assert source.fetched == 1
    source.document, source.now = ONE, source.now + RETRY_SECONDS
    assert await source.knows("r1")


async def test_a_fetch_under_way_ends_with_the_gateway(source: Source) -> None:
    """Whoever still waits is not left waiting."""
    source.open.clear()
    waiting = asyncio.create_task(source.knows("r1"))
    await settled()
    await source.keys.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize(
    ("entries", "known"),
    [
        ([jwk(rsa_key(), "r1", use="sig", alg="RS256", key_ops=["verify"])], [("r1", "RS256")]),
        ([jwk(rsa_key(), "r1"), jwk(ec_key(), "r1")], [("r1", "RS256"), ("r1", "ES256")]),
        ([jwk(rsa_key(), None)], [(None, "RS256")]),
        ([jwk(rsa_key(), "r1", use="enc")], []),
        ([jwk(rsa_key(), "r1", key_ops=["encrypt"])], []),
        ([jwk(rsa_key(), "r1", alg="RS512")], []),
        ([jwk(rsa_key(), "r1", alg="HS256")], []),
        ([jwk(rsa_key(), "r1", alg="none")], []),
        ([jwk(rsa_key(9, 1024), "weak")], []),
        ([{"kty": "oct", "kid": "o1", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXM"}], []),
        ([private_jwk(rsa_key())], []),
        ([private_jwk(ec_key())], []),
        ([jwk(ec.generate_private_key(ec.SECP384R1()), "e1")], []),
        ([jwk(ec.generate_private_key(ec.SECP384R1()), "e1", alg="ES256")], []),
        ([jwk(ec_key(), "e1", crv="P-384")], []),
        ([jwk(ec_key(), "e1", crv="secp256k1", alg="ES256")], []),
        ([jwk(ec_key(), "e1", x="AAAA")], []),
        ([{"kty": "RSA", "kid": "r1"}], []),
        ([{"kty": "RSA", "kid": "r1", "n": 1, "e": []}], []),
        ([jwk(rsa_key(), "r1") | {"kid": 7}], []),
        (["r1", None, 7, []], []),
        ([jwk(rsa_key(), "r1"), "junk", jwk(rsa_key(9, 1024), "weak")], [("r1", "RS256")]),
        ([{}] * MAX_KEYS + [jwk(rsa_key(), "late")], []),
    ],
)
def test_only_public_keys_that_verify_are_taken(entries: Sequence[Any], known: list[tuple[str, str]]) -> None:
    """Not secrets, private keys, keys to encrypt with, weak ones, other algorithms, and what is no key at all."""
    if known:
        assert sorted(keys_in(key_set(*entries), BOTH), key=str) == sorted(known, key=str)
    else:
        with pytest.raises(ValueError, match="no public key for RS256 or ES256"):
            keys_in(key_set(*entries), BOTH)


async def test_a_token_without_an_id_needs_a_set_with_one_key(source: Source) -> None:
    """Of several keys none is guessed."""
    assert await source.knows(None)
    source.document = key_set(jwk(rsa_key(), "r1"), jwk(rsa_key(1), "r2"))
    source.now += STALE_SECONDS
    assert not await source.knows(None)
    assert await source.knows("r2")


# Where they are read ------------------------------------------------------------------------------------------------


async def fetched(answer: bytes | Callable[..., Any], path: str = "/keys?a=b%20c&d=") -> tuple[bytes, RawServer]:
    """Fetch a key set from a server."""
    async with raw_server(answer) as server, key_sources.client() as client:
        return await key_sources.from_url(server.url + path, client, channel(server.url))(), server


async def test_a_url_is_asked_as_it_is_written() -> None:
    """With its query, without cookies or credentials, and what it answers is the key set."""
    document, server = await fetched(http(200, ONE, "Content-Type: application/jwk-set+json"))
    assert document == ONE
    (request,) = server.requests
    assert request.startswith(b"GET /keys?a=b%20c&d= HTTP/1.1\r\n")
    assert b"authorization" not in request.lower()


@pytest.mark.parametrize(
    "answer",
    [
        http(500),
        http(404, ONE),
        http(204),
        http(302, b"", "Location: http://127.0.0.1:1/other"),
        http(200, b"x" * (key_sources.MAX_BYTES + 1)),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
        b"no HTTP\r\n\r\n",
    ],
    ids=["500", "404", "204", "redirect", "too large", "cut off", "no HTTP"],
)
async def test_anything_but_a_whole_small_200_is_no_key_set(answer: bytes) -> None:
    """Redirects are not followed: where keys are is written in the configuration."""
    if b"cut off" in answer:

        async def cut(writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            writer.close()

        with pytest.raises(KeysUnavailable):
            await fetched(cut)
        return
    with pytest.raises(KeysUnavailable):
        await fetched(answer)


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody set for another program does not decide whose keys we trust."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    document, _ = await fetched(http(200, ONE))
    assert document == ONE


async def test_a_file_is_read_again_when_its_keys_have_changed(tmp_path: Path) -> None:
    """As Kubernetes changes a secret: by another file under the same name."""
    path = tmp_path / "keys.json"
    path.write_bytes(ONE)
    fetch = key_sources.from_file(path)
    now = time.monotonic()
    keys = KeySet(fetch, BOTH, lambda: now, "partner")
    assert await keys.candidates("r1", "RS256")
    path.write_bytes(TWO)
    now += FLOOR_SECONDS
    assert await keys.candidates("e1", "ES256")
    path.unlink()
    now += FRESH_SECONDS
    assert await keys.candidates("e1", "ES256")
    await keys.close()


async def test_a_file_that_is_too_large_or_not_there_is_no_key_set(tmp_path: Path) -> None:
    """Said, and not read to its end."""
    path = tmp_path / "keys.json"
    with pytest.raises(KeysUnavailable, match="cannot be read"):
        await key_sources.from_file(path)()
    path.write_bytes(b" " * (key_sources.MAX_BYTES + 1))
    with pytest.raises(KeysUnavailable, match="larger than"):
        await key_sources.from_file(path)()
