"""One account's access token: fetched once for everybody, renewed before it ends, never fetched in a storm."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.contract.adapter import Token
from adapters.contract.errors import AccountRefused, CredentialsRefused, ProviderError
from policies.deadline import Deadline
from policies.errors import DeadlineExceeded

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
    """Holds the token of one account. `login` fetches one; `now` is a monotonic clock.

    A login is a task of its own: who waits for it may run out of time, and the others still get their token.
    """

    def __init__(self, login: Callable[[], Awaitable[Token]], now: Callable[[], float]) -> None:
        self._login = login
        self._now = now
        self._held: _Held | None = None
        self._refused: tuple[float, ProviderError] | None = None
        self._renewal: asyncio.Task[Token] | None = None

    async def get(self, deadline: Deadline | None = None) -> Token:
        """Return a token with life left. One login at a time; while it runs others go on with a token still valid.

        Raises what the login raises (CredentialsRefused and AccountRefused are remembered for a while), and
        DeadlineExceeded where that takes longer than there is.
        """
        held = self._held
        if held is not None and held.age(self._now()) < held.token.lifetime * RENEW_AT:
            return held.token
        if self._renewal is None:
            if self._refused is not None and self._now() - self._refused[0] < REFUSAL_SECONDS:
                raise self._refused[1].with_traceback(None)
            self._renewal = asyncio.create_task(self._renewed(held), name="login")
            self._renewal.add_done_callback(self._over)
        elif held is not None and self._alive(held):
            return held.token
        try:
            async with asyncio.timeout(None if deadline is None else deadline.left()):
                return await asyncio.shield(self._renewal)
        except TimeoutError:
            raise DeadlineExceeded from None

    async def replace(self, token: Token, deadline: Deadline | None = None) -> Token | None:
        """Return another token than the one the provider refused, or None where a new login would not help."""
        held = self._held
        if held is not None and held.token is token:
            if held.age(self._now()) < FRESH_SECONDS:
                return None
            self._held = None
        return await self.get(deadline)

    def close(self) -> None:
        """End a login under way."""
        if self._renewal is not None:
            self._renewal.cancel()

    async def _renewed(self, held: _Held | None) -> Token:
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

    def _over(self, renewal: asyncio.Task[Token]) -> None:
        self._renewal = None
        if not renewal.cancelled():
            # Whoever waited has it raised; where nobody does any more, nobody is to be told.
            renewal.exception()

    def _alive(self, held: _Held) -> bool:
        return held.age(self._now()) < held.token.lifetime
