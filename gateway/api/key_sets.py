"""The public keys of an issuer (JWKS, RFC 7517): fetched without holding anybody up, kept, replaced as a whole.

    fresh      ten minutes after a fetch: used as they are
    stale      up to a day: used, while one fetch for everybody runs behind them; a source that fails changes nothing
    too old    not used: whoever needs a key waits for the fetch

A key id that is not known has them fetched again, at most every half minute however many are made up.
"""

import asyncio
import json  # noqa: TID251 - it knows the line and column of a mistake; msgspec knows a byte in its message
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.api.callers import KeysUnavailable

FRESH_SECONDS = 600.0
STALE_SECONDS = 24 * 3600.0
FLOOR_SECONDS = 30.0
"""The least time between two fetches for the sake of a key that is not known."""
RETRY_SECONDS = float(KeysUnavailable.retry_after)
"""The least time between two fetches while there are no keys at all."""
MAX_KEYS = 100
LEAST_RSA_BITS = 2048

log = structlog.get_logger("ordergate.issuers")


class Keys(Protocol):
    """Where the keys of an issuer come from."""

    async def candidates(self, key_id: str | None, algorithm: str) -> Sequence[Any]:
        """Return the keys that may have signed a token with this header. Raises KeysUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of what is under way."""
        ...


class SharedSecrets:
    """Secrets that an issuer shares with the gateway: any of them may have signed."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(secrets)

    async def candidates(self, key_id: str | None, algorithm: str) -> Sequence[bytes]:
        """Return all of them, for HS256."""
        return self._secrets if algorithm == "HS256" else ()

    async def close(self) -> None:
        """Do nothing: nothing is ever under way."""


class KeySet:
    """Keeps what `fetch` returns, for these algorithms; `now` is monotonic time, `issuer` a name for the log."""

    def __init__(
        self, fetch: Callable[[], Awaitable[bytes]], algorithms: Sequence[str], now: Callable[[], float], issuer: str
    ) -> None:
        self._fetch = fetch
        self._algorithms = tuple(algorithms)
        self._now = now
        self._issuer = issuer
        self._keys: dict[tuple[str | None, str], Any] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def candidates(self, key_id: str | None, algorithm: str) -> Sequence[Any]:
        """Return the key with that id, or without an id the only one there is. Raises KeysUnavailable."""
        await self._usable()
        key = self._key(key_id, algorithm)
        if key is None and key_id is not None:
            await self._again(FLOOR_SECONDS)
            key = self._key(key_id, algorithm)
        return () if key is None else (key,)

    async def close(self) -> None:
        """End a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _usable(self) -> None:
        """Return when there are keys that may be used. Raises KeysUnavailable."""
        if self._age() >= STALE_SECONDS:
            await self._again(RETRY_SECONDS)
            if self._age() >= STALE_SECONDS:
                raise KeysUnavailable
        elif self._age() >= FRESH_SECONDS:
            self._begin(FLOOR_SECONDS)

    def _age(self) -> float:
        return STALE_SECONDS if self._fetched is None else self._now() - self._fetched

    def _key(self, key_id: str | None, algorithm: str) -> Any | None:
        if key_id is not None:
            return self._keys.get((key_id, algorithm))
        fitting = [key for (_, name), key in self._keys.items() if name == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    async def _again(self, floor: float) -> None:
        """Wait for a fetch: the one that runs, or a new one unless the last was less than `floor` seconds ago."""
        self._begin(floor)
        if self._fetching is not None:
            # Who waits may go away; the fetch is for everybody.
            await asyncio.shield(self._fetching)

    def _begin(self, floor: float) -> None:
        if self._fetching is not None or (self._tried is not None and self._now() - self._tried < floor):
            return
        self._tried = self._now()
        self._fetching = asyncio.create_task(self._replaced(), name=f"keys of {self._issuer}")
        self._fetching.add_done_callback(self._over)

    def _over(self, _: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _replaced(self) -> None:
        """Fetch, and take what came for what there was. A source that fails leaves it as it is."""
        try:
            keys = keys_in(await self._fetch(), self._algorithms)
        except (KeysUnavailable, ValueError) as error:
            log.warning("keys not read", issuer=self._issuer, reason=str(error), held=len(self._keys))
            return
        self._keys, self._fetched = keys, self._now()
        log.info("keys read", issuer=self._issuer, held=len(keys))


class NotJson(ValueError):
    """A key set that is no JSON from this line and column on."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__(f"the key set is not JSON: line {line}, column {column}")
        self.line, self.column = line, column


def keys_in(document: bytes, algorithms: Sequence[str]) -> dict[tuple[str | None, str], Any]:
    """Return the public keys of a JWKS by id and algorithm.

    Left out are keys that are for something else, secret, weak or not understood. Raises ValueError when none is left,
    NotJson with the place for what is no JSON.
    """
    try:
        told = json.loads(document.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotJson(*_place(document, error)) from None
    entries = told.get("keys") if isinstance(told, dict) else None
    keys: dict[tuple[str | None, str], Any] = {}
    for entry in entries[:MAX_KEYS] if isinstance(entries, list) else ():
        algorithm = _algorithm(entry) if isinstance(entry, dict) else None
        if algorithm is None or algorithm not in algorithms:
            continue
        key = _public_key(entry, algorithm)
        if key is not None:
            keys.setdefault((entry.get("kid"), algorithm), key)
    if not keys:
        raise ValueError(f"the key set has no public key for {' or '.join(algorithms)}")
    return keys


def _place(document: bytes, error: Exception) -> tuple[int, int]:
    """Return the line and column from which a document is no JSON; its beginning where more is not known."""
    if isinstance(error, json.JSONDecodeError):
        return error.lineno, error.colno
    before = document[: error.start] if isinstance(error, UnicodeDecodeError) else b""
    return before.count(b"\n") + 1, len(before) - before.rfind(b"\n")


def _algorithm(entry: Mapping[str, Any]) -> str | None:
    """Return the one algorithm that a key is for, or None where it is not for verifying."""
    kind = {"RSA": "RS256", "EC": "ES256"}.get(str(entry.get("kty")))
    operations = entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    return kind if entry.get("alg", kind) == kind else None


def _public_key(entry: dict[str, Any], algorithm: str) -> RSAPublicKey | EllipticCurvePublicKey | None:
    """Return the key of an entry; None for a private one, a weak one, one of another curve, and what is no key."""
    if not isinstance(entry.get("kid"), str | None):
        return None
    try:
        key = jwt.PyJWK(entry, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if isinstance(key, RSAPublicKey):
        return key if key.key_size >= LEAST_RSA_BITS else None
    if isinstance(key, EllipticCurvePublicKey):
        return key if key.curve.name == "secp256r1" else None
    return None
