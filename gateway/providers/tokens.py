"""One account's access token: fetched once for everybody, renewed before it ends, never fetched in a storm."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.contract.adapter import Token
from adapters.contract.errors import AccountRefused, CredentialsRefused, ProviderError

RENEW_AT = 0.8
"""The part of a token's life after which the next request fetches a new one."""
FRESH_SECONDS = 5.0
"""A token refused within this time of its login is not cured by another login."""
REFUSAL_SECONDS = 30.0
"""How long a refused login is remembered: wrong credentials do not improve, and many tries get an address blocked."""


@dataclass(frozen=True, slots=True)
class _Held:
    token: Token
    since: float

    def age(self, now: float) -> float:
        return now - self.since


class Tokens:
    """Holds the token of one account. `login` fetches one; `now` is a monotonic clock."""

    def __init__(self, login: Callable[[], Awaitable[Token]], now: Callable[[], float]) -> None:
        self._login = login
        self._now = now
        self._held: _Held | None = None
        self._refused: tuple[float, ProviderError] | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> Token:
        """Return a token with life left. One login at a time; while it runs others go on with a token still valid.

        Raises what the login raises; CredentialsRefused and AccountRefused are remembered for a while.
        """
        held = self._held
        if held is not None and held.age(self._now()) < held.token.lifetime * RENEW_AT:
            return held.token
        if held is not None and self._lock.locked() and self._alive(held):
            return held.token
        async with self._lock:
            return await self._renewed(held)

    async def replace(self, token: Token) -> Token | None:
        """Return another token than the one the provider refused, or None where a new login would not help."""
        held = self._held
        if held is not None and held.token is token:
            if held.age(self._now()) < FRESH_SECONDS:
                return None
            self._held = None
        return await self.get()

    async def _renewed(self, before: _Held | None) -> Token:
        held = self._held
        if held is not None and held is not before:
            return held.token
        if self._refused is not None and self._now() - self._refused[0] < REFUSAL_SECONDS:
            raise self._refused[1].with_traceback(None)
        try:
            token = await self._login()
        except (CredentialsRefused, AccountRefused) as error:
            self._refused = (self._now(), error)
            raise
        except ProviderError:
            if held is not None and self._alive(held):
                return held.token
            raise
        self._refused = None
        self._held = _Held(token, self._now())
        return token

    def _alive(self, held: _Held) -> bool:
        return held.age(self._now()) < held.token.lifetime
