"""Who is asking, and what they may do: API keys (stored hashed), tokens, scopes, providers, Host and Origin."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from aiohttp import hdrs
from multidict import MultiMapping

from gateway.api.body import ApiError, refuse
from gateway.api.problems import problem
from gateway.config.callers import EVERY_PROVIDER, REQUESTS_AT_ONCE
from gateway.config.callers import Caller as Configured

SCOPES = ("catalog:read", "orders:read", "orders:write", "operations:resolve", "goods:read", "admin")


@dataclass(frozen=True, slots=True)
class Caller:
    """An app: its name, its scopes, the providers it may use (None: all).

    `weight` is its share where callers wait, `requests_at_once` how many of its requests may be under way.
    """

    name: str
    scopes: frozenset[str]
    providers: frozenset[str] | None = None
    weight: int = 1
    requests_at_once: int = REQUESTS_AT_ONCE

    def may(self, scope: str) -> bool:
        """Tell whether the caller has the scope."""
        return scope in self.scopes

    def uses(self, provider: str) -> bool:
        """Tell whether the caller may use the provider."""
        return self.providers is None or provider in self.providers


LOCAL = Caller("local", frozenset(SCOPES))
"""Everybody on a loopback address where no callers are configured."""


class KeysUnavailable(Exception):
    """An issuer's keys cannot be read, so nothing can be said about its tokens. `retry_after` is in seconds."""

    retry_after = 5


class Tokens(Protocol):
    """Tells callers by the tokens they show."""

    async def caller(self, token: str) -> Caller | None:
        """Return whose token it is, None when it is nobody's. Raises KeysUnavailable when that cannot be said."""
        ...

    async def close(self) -> None:
        """Let go of what is under way."""
        ...


class Callers:
    """Authenticates requests. With neither keys nor tokens, everybody who reaches the (loopback) address is `local`."""

    def __init__(
        self,
        by_hash: Mapping[str, Caller],
        hosts: Iterable[str],
        origins: Iterable[str],
        tokens: Tokens | None = None,
    ) -> None:
        self._by_hash = dict(by_hash)
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origins)
        self._tokens = tokens

    async def authenticate(self, headers: MultiMapping[str]) -> Caller:
        """Return the caller. Raises ApiError (`unauthenticated`, whatever is wrong) and what `tokens` does."""
        if not self._by_hash and self._tokens is None:
            return LOCAL
        given = headers.getall(hdrs.AUTHORIZATION, [])
        scheme, _, shown = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        shown = shown.strip()
        if scheme.lower() == "bearer" and shown:
            caller = self._of_key(shown)
            if caller is None and self._tokens is not None:
                caller = await self._tokens.caller(shown)
            if caller is not None:
                return caller
        told = problem("unauthenticated", "Send one Authorization: Bearer <API key or token>.")
        raise ApiError(told, {"www-authenticate": "Bearer"})

    def _of_key(self, key: str) -> Caller | None:
        """Return whose API key it is. Every hash is compared, each in the same time, whichever fits."""
        digest = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()
        found = None
        for known, caller in self._by_hash.items():
            if hmac.compare_digest(known, digest):
                found = caller
        return found

    def admit(self, headers: Mapping[str, str]) -> None:
        """Refuse a Host that is not ours (DNS rebinding) and a browser Origin that is not configured."""
        if self._hosts and host_name(headers.get(hdrs.HOST, "")) not in self._hosts:
            refuse("forbidden", "The Host is not a name of this gateway; see listen.hosts in the configuration.")
        origin = headers.get(hdrs.ORIGIN)
        if origin is None or origin in self._origins:
            return
        # A page of our own (/docs), under a Host that was found to be ours.
        if self._hosts and origin.partition("://")[2] == headers.get(hdrs.HOST):
            return
        refuse("forbidden", "Browsers on this Origin are not allowed; see listen.origins in the configuration.")


def host_name(host: str) -> str:
    """Return a Host header's name without port and brackets, lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def is_loopback(host: str) -> bool:
    """Tell whether a configured address is loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def caller_of(name: str, entry: Configured) -> Caller:
    """Return a configured caller."""
    providers = None if EVERY_PROVIDER in entry.providers else frozenset(entry.providers)
    return Caller(name, frozenset(entry.scopes), providers, entry.weight, entry.requests_at_once)


def callers_of(configured: Mapping[str, Configured]) -> dict[str, Caller]:
    """Return the configured callers by the SHA-256 of their keys."""
    return {
        key.removeprefix("sha256:"): caller_of(name, entry) for name, entry in configured.items() for key in entry.keys
    }
