"""Who is asking, and what they may do: API keys (stored hashed), scopes, allowed providers, Host and Origin."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.api.body import ApiError, refuse
from gateway.api.problems import problem

SCOPES = ("catalog:read", "orders:read", "orders:write", "operations:resolve", "goods:read", "admin")


@dataclass(frozen=True, slots=True)
class Caller:
    """An app: its name, its scopes, the providers it may use (None: all), and its weight where callers wait."""

    name: str
    scopes: frozenset[str]
    providers: frozenset[str] | None = None
    weight: int = 1

    def may(self, scope: str) -> bool:
        """Tell whether the caller has the scope."""
        return scope in self.scopes

    def uses(self, provider: str) -> bool:
        """Tell whether the caller may use the provider."""
        return self.providers is None or provider in self.providers


LOCAL = Caller("local", frozenset(SCOPES))
"""Everybody on a loopback address where no callers are configured."""


class Callers:
    """Authenticates requests. With no callers configured, everybody who reaches the (loopback) address is `local`."""

    def __init__(self, by_hash: Mapping[str, Caller], hosts: Iterable[str], origins: Iterable[str]) -> None:
        self._by_hash = dict(by_hash)
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origins)

    def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Return the caller. Raises ApiError (`unauthenticated`)."""
        if not self._by_hash:
            return LOCAL
        scheme, _, key = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and key:
            digest = hashlib.sha256(key.strip().encode(errors="surrogateescape")).hexdigest()
            for known, caller in self._by_hash.items():
                if hmac.compare_digest(known, digest):
                    return caller
        told = problem("unauthenticated", "Send Authorization: Bearer <API key>.")
        raise ApiError(told, {"www-authenticate": "Bearer"})

    def admit(self, headers: Mapping[str, str]) -> None:
        """Refuse a Host that is not ours (DNS rebinding) and a browser Origin that is not configured."""
        host = host_name(headers.get("Host", ""))
        if self._hosts and host not in self._hosts:
            refuse("forbidden", "The Host is not a name of this gateway; see listen.hosts in the configuration.")
        origin = headers.get("Origin")
        if origin is None or origin in self._origins:
            return
        # A page of our own (/docs), under a Host that was found to be ours.
        if self._hosts and origin.partition("://")[2] == headers.get("Host"):
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


def callers_of(configured: Mapping[str, Any]) -> dict[str, Caller]:
    """Return the configured callers by the SHA-256 of their keys."""
    found = {}
    for name, entry in configured.items():
        providers = None if "*" in entry.providers else frozenset(entry.providers)
        for key in entry.keys:
            found[key.removeprefix("sha256:")] = Caller(name, frozenset(entry.scopes), providers, entry.weight)
    return found
