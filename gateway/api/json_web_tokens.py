"""Callers who show a token (JWT, RFC 7519) instead of an API key: whose it is, or that it is nobody's.

A header of the token decides nothing but which of the issuer's own keys is tried: `jku`, `x5u`, `jwk` and `x5c` are not
read, `kid` is looked up among keys that were fetched already or are fetched from where the configuration says, and
the algorithm has to be the key's own and one of the issuer's.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jwt
import structlog
from cachetools import TTLCache

from gateway.api.callers import Caller
from gateway.api.key_sets import Keys

MAX_TOKEN = 8 * 1024
MAX_VERIFIED = 1024
VERIFIED_SECONDS = 60.0
"""How long a token that was verified is not verified again: so long it goes on to count when its key is withdrawn."""
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})

log = structlog.get_logger("ordergate.callers")


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer of tokens: what they have to say, the keys they are signed with, and the callers by their claim."""

    name: str
    issuer: str
    audience: tuple[str, ...]
    algorithms: tuple[str, ...]
    keys: Keys
    callers: Mapping[str, Caller]
    caller_claim: str = "sub"
    scopes_claim: str | None = None
    leeway: float = 30.0


class _Refused(Exception):
    """A token that counts for nothing, and why, in a word for the log."""


class JsonWebTokens:
    """Tells callers by their tokens. `now` is the time of day, in seconds."""

    def __init__(self, issuers: Iterable[Issuer], now: Callable[[], float] = time.time) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._now = now
        self._verified: TTLCache[bytes, tuple[Caller, float]] = TTLCache(MAX_VERIFIED, VERIFIED_SECONDS)

    async def caller(self, token: str) -> Caller | None:
        """Return whose token it is, None when it is nobody's. Raises KeysUnavailable when that cannot be said."""
        digest = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        known = self._verified.get(digest)
        if known is not None and self._now() < known[1]:
            return known[0]
        try:
            caller, until = await self._judged(token)
        except _Refused as refused:
            log.info("token refused", reason=str(refused))
            return None
        self._verified[digest] = (caller, until)
        return caller

    async def close(self) -> None:
        """Let go of keys that are being fetched."""
        for issuer in self._issuers.values():
            await issuer.keys.close()

    async def _judged(self, token: str) -> tuple[Caller, float]:
        """Return the caller and until when the token counts. Raises _Refused, KeysUnavailable."""
        issuer, header = self._claimed(token)
        algorithm = header["alg"]
        for key in await issuer.keys.candidates(header.get("kid"), algorithm):
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[algorithm],
                    issuer=issuer.issuer,
                    audience=issuer.audience,
                    leeway=issuer.leeway,
                    options={"require": ["exp", "iss", "aud", issuer.caller_claim]},
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.PyJWTError as error:
                raise _Refused(type(error).__name__) from None
            return _caller(issuer, claims), int(claims["exp"]) + issuer.leeway
        raise _Refused("signature or key")

    def _claimed(self, token: str) -> tuple[Issuer, Mapping[str, Any]]:
        """Return the issuer whom an unverified token names, and its header, if they go together. Raises _Refused."""
        if len(token) > MAX_TOKEN:
            raise _Refused("too long")
        try:
            # Nothing is believed here: it says which issuer's keys it has to be verified with.
            told = jwt.decode_complete(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError):
            raise _Refused("no token") from None
        header, name = told["header"], told["payload"].get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise _Refused("issuer")
        if header.get("alg") not in issuer.algorithms:
            raise _Refused("algorithm")
        if "crit" in header or str(header.get("typ", "JWT")).lower() not in _TYPES:
            raise _Refused("header")
        return issuer, header


def _caller(issuer: Issuer, claims: Mapping[str, Any]) -> Caller:
    """Return the caller whom verified claims name, with the scopes that the token leaves. Raises _Refused."""
    subject = claims[issuer.caller_claim]
    caller = issuer.callers.get(subject) if isinstance(subject, str) else None
    if caller is None:
        raise _Refused("caller")
    if issuer.scopes_claim is None:
        return caller
    scopes = claims.get(issuer.scopes_claim)
    if isinstance(scopes, str):
        scopes = scopes.split(" ")
    if not isinstance(scopes, list):
        raise _Refused("scopes")
    return replace(caller, scopes=caller.scopes.intersection(one for one in scopes if isinstance(one, str)))
