"""One token for everybody: single flight, renewal at 80 %, no storm after a refusal."""

import asyncio

import pytest
from pydantic import SecretStr

from adapters.contract.adapter import Token
from adapters.contract.errors import CredentialsRefused, Unavailable
from gateway.providers.tokens import Tokens


class Login:
    """Hands out numbered tokens of 100 seconds, on a clock that the test moves."""

    def __init__(self) -> None:
        self.calls = 0
        self.time = 0.0
        self.fails: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def __call__(self) -> Token:
        self.calls += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        return Token(SecretStr(f"t{self.calls}"), 100.0)

    def now(self) -> float:
        return self.time


@pytest.fixture
def login() -> Login:
    """The provider's login."""
    return Login()


@pytest.fixture
def tokens(login: Login) -> Tokens:
    """The account's tokens."""
    return Tokens(login, login.now)


def value(token: Token | None) -> str | None:
    """Return what the token says."""
    return token.value.get_secret_value() if token is not None else None


async def test_thirty_callers_make_one_login(login: Login, tokens: Tokens) -> None:
    """While one logs in the others wait for its token."""
    login.gate = asyncio.Event()
    waiting = [asyncio.create_task(tokens.get()) for _ in range(30)]
    await asyncio.sleep(0)
    login.gate.set()
    assert {value(token) for token in await asyncio.gather(*waiting)} == {"t1"}
    assert login.calls == 1


async def test_a_token_is_renewed_at_eighty_percent_of_its_life(login: Login, tokens: Tokens) -> None:
    """299 s tokens of bol are renewed after 239 s; here 100 s after 80."""
    assert value(await tokens.get()) == "t1"
    login.time = 79.9
    assert value(await tokens.get()) == "t1"
    login.time = 80.0
    assert value(await tokens.get()) == "t2"


async def test_others_go_on_with_a_valid_token_while_one_renews(login: Login, tokens: Tokens) -> None:
    """Nobody waits for a renewal while the old token lives."""
    await tokens.get()
    login.time, login.gate = 85.0, asyncio.Event()
    renewing = asyncio.create_task(tokens.get())
    await asyncio.sleep(0)
    assert value(await tokens.get()) == "t1"
    login.gate.set()
    assert value(await renewing) == "t2"


async def test_a_failed_renewal_falls_back_to_the_valid_token(login: Login, tokens: Tokens) -> None:
    """A login host that is down for a moment costs nothing while the token lives, and everything after."""
    await tokens.get()
    login.time, login.fails = 85.0, Unavailable(status=503)
    assert value(await tokens.get()) == "t1"
    login.time = 100.0
    with pytest.raises(Unavailable):
        await tokens.get()


async def test_a_refused_token_is_replaced_once_by_one_login(login: Login, tokens: Tokens) -> None:
    """Thirty requests with the same refused token share one new login."""
    first = await tokens.get()
    login.time = 30.0
    others = await asyncio.gather(*(tokens.replace(first) for _ in range(30)))
    assert {value(token) for token in others} == {"t2"}
    assert login.calls == 2


async def test_a_fresh_token_that_is_refused_is_not_cured_by_another_login(login: Login, tokens: Tokens) -> None:
    """A provider that refuses what it just handed out is not asked again and again."""
    first = await tokens.get()
    login.time = 4.9
    assert await tokens.replace(first) is None
    assert login.calls == 1


async def test_refused_credentials_are_remembered(login: Login, tokens: Tokens) -> None:
    """Wrong credentials do not improve within half a minute, and many tries get an address blocked."""
    login.fails = CredentialsRefused(status=401)
    for _ in range(5):
        with pytest.raises(CredentialsRefused):
            await tokens.get()
    assert login.calls == 1
    login.time, login.fails = 30.0, None
    assert value(await tokens.get()) == "t2"
