"""Callers who show a token: whose it is, and that everything that is not quite right is nobody's."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from multidict import CIMultiDict
from structlog.testing import capture_logs

from gateway.api.body import ApiError
from gateway.api.callers import Caller, Callers
from gateway.api.json_web_tokens import Issuer, JsonWebTokens
from gateway.api.key_sets import KeySet, SharedSecrets
from support import tokens
from support.forgeries import ATTACKS, RIGHT, resigned
from support.tokens import ec_key, jwk, key_set, rsa_key, signed

SHOP = Caller("shop", frozenset({"orders:read", "orders:write"}), weight=3)
JOBS = Caller("jobs", frozenset({"catalog:read"}))


class Source:
    """A place where a key set is read; counts how often."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.fetched = 0

    async def __call__(self) -> bytes:
        self.fetched += 1
        return self.document


@pytest.fixture
def source() -> Source:
    """The company's keys: an RSA and an EC key."""
    return Source(key_set(jwk(rsa_key(), "r1"), jwk(ec_key(), "e1")))


@pytest.fixture
def company(source: Source) -> Issuer:
    """An issuer with public keys."""
    keys = KeySet(source, ("RS256", "ES256"), time.monotonic, "company")
    return Issuer("company", tokens.ISSUER, (tokens.AUDIENCE,), ("RS256", "ES256"), keys, {"shop": SHOP})


@pytest.fixture
def partner() -> Issuer:
    """An issuer that shares two secrets, of which the first is the newer."""
    keys = SharedSecrets([b"the newer one of these two secrets", tokens.SECRET.encode()])
    return Issuer("partner", "partner", (tokens.AUDIENCE, "other"), ("HS256",), keys, {"shop": JOBS})


@pytest.fixture
def judge(company: Issuer, partner: Issuer) -> JsonWebTokens:
    """Both issuers, each with a caller that it calls `shop`."""
    return JsonWebTokens([company, partner])


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What was logged: read by tests, and never printed."""
    with capture_logs() as lines:
        yield lines


@pytest.mark.parametrize(
    "token",
    [
        lambda: signed(rsa_key()),
        lambda: signed(ec_key(), "ES256", header={"kid": "e1"}),
        lambda: signed(rsa_key(), header={"kid": ...}),
        lambda: signed(rsa_key(), aud=["another", tokens.AUDIENCE]),
        lambda: signed(rsa_key(), nbf=..., iat=...),
        lambda: signed(rsa_key(), header={"typ": "at+JWT"}),
        lambda: signed(rsa_key(), exp=int(time.time()) - 20),
        lambda: signed(rsa_key(), nbf=int(time.time()) + 20),
    ],
    ids=["rsa", "ec", "only key without an id", "one of audiences", "no nbf", "access token", "late", "early"],
)
async def test_a_good_token_is_its_callers(judge: JsonWebTokens, token: Callable[[], str]) -> None:
    """Signed by the issuer, for this gateway, in time give or take the leeway."""
    assert await judge.caller(token()) is SHOP


async def test_the_same_subject_of_two_issuers_is_two_callers(judge: JsonWebTokens) -> None:
    """An issuer speaks for its own callers only. Each of its secrets counts while they are changed."""
    old = signed(tokens.SECRET, "HS256", iss="partner")
    new = signed("the newer one of these two secrets", "HS256", iss="partner", aud="other")
    assert await judge.caller(old) is JOBS
    assert await judge.caller(new) is JOBS


@pytest.mark.parametrize(
    ("reason", "attack"),
    [pytest.param(reason, attack, id=name) for reason, attacks in ATTACKS.items() for name, attack in attacks],
)
async def test_an_attack_is_nobodys(
    judge: JsonWebTokens, reason: str, attack: Callable[[], str], logged: list[Any]
) -> None:
    """Refused, with the one answer that tells nothing: no attack is told from another."""
    callers = Callers({}, (), (), judge)
    token = attack()
    with pytest.raises(ApiError) as refused:
        await callers.authenticate(CIMultiDict({"Authorization": f"Bearer {token}"}))
    nobody = Callers({"0" * 64: SHOP}, (), ())
    with pytest.raises(ApiError) as unknown:
        await nobody.authenticate(CIMultiDict())
    assert refused.value.problem == unknown.value.problem
    assert refused.value.problem.status == 401
    assert refused.value.headers == unknown.value.headers == {"www-authenticate": "Bearer"}
    assert [line["reason"] for line in logged if line["event"] == "token refused"] == [reason]


async def test_a_token_may_be_made_by_hand(judge: JsonWebTokens) -> None:
    """What the attacks by hand change is what is wrong with them."""
    assert await judge.caller(resigned(RIGHT)) is SHOP


async def test_headers_that_name_keys_do_not_matter(judge: JsonWebTokens) -> None:
    """A genuine token that names a key elsewhere is verified with the issuer's own, and nothing is asked elsewhere."""
    header = {"jku": "https://attacker.example/keys", "x5u": "https://attacker.example/x", "jwk": jwk(rsa_key(1), "r1")}
    assert await judge.caller(signed(rsa_key(), header=header)) is SHOP


async def test_a_refused_token_is_logged_with_a_reason_and_no_part_of_it(
    judge: JsonWebTokens, logged: list[Any]
) -> None:
    """Whoever runs the gateway learns why; whoever reads the log learns no token."""
    token = signed(rsa_key(), exp=int(time.time()) - 3600)
    assert await judge.caller(token) is None
    assert [line["reason"] for line in logged if line["event"] == "token refused"] == ["ExpiredSignatureError"]
    assert not any(part in str(logged) for part in token.split("."))


async def test_scopes_in_the_token_only_take_away(company: Issuer) -> None:
    """What counts is what the configuration allows and the token says, as words or as a list."""
    judge = JsonWebTokens([replace(company, scopes_claim="scp")])
    expected = {
        "orders:read admin": {"orders:read"},
        "": set(),
        "orders:read  orders:write": {"orders:read", "orders:write"},
    }
    for scopes, left in expected.items():
        for written in (scopes, scopes.split()):
            caller = await judge.caller(signed(rsa_key(), scp=written))
            assert caller is not None
            assert caller.scopes == left
            assert (caller.name, caller.weight) == ("shop", 3)
    for wrong in (..., 7, {"orders:read": True}):
        assert await judge.caller(signed(rsa_key(), scp=wrong)) is None


async def test_another_claim_may_name_the_caller(company: Issuer) -> None:
    """The subject is then as good as not there."""
    judge = JsonWebTokens([replace(company, caller_claim="azp")])
    assert await judge.caller(signed(rsa_key(), azp="shop", sub="somebody")) is SHOP
    assert await judge.caller(signed(rsa_key(), sub="shop")) is None


async def test_a_verified_token_stops_to_count_when_it_expires(company: Issuer) -> None:
    """That it was verified is remembered for a while, and never longer than it is good for."""
    now = time.time()
    judge = JsonWebTokens([company], now=lambda: now)
    token = signed(rsa_key(), exp=int(now) + 5)
    assert await judge.caller(token) is SHOP
    company.callers.clear()  # type: ignore[attr-defined] # so that only what is remembered tells
    assert await judge.caller(token) is SHOP
    now += 5 + 31
    assert await judge.caller(token) is None


async def test_headers_that_stand_twice_are_nobodys(judge: JsonWebTokens) -> None:
    """Which of two would count is not for us to guess, nor for a proxy in front of us."""
    callers = Callers({hashlib.sha256(b"key").hexdigest(): SHOP}, (), (), judge)
    good = f"Bearer {signed(rsa_key())}"
    assert await callers.authenticate(CIMultiDict(authorization=good)) is SHOP
    assert await callers.authenticate(CIMultiDict(authorization="bearer key")) is SHOP
    for second in (good, "Bearer key", "Basic x", ""):
        with pytest.raises(ApiError):
            await callers.authenticate(CIMultiDict([("Authorization", good), ("Authorization", second)]))


async def test_issuers_alone_let_nobody_in_without_a_token(judge: JsonWebTokens) -> None:
    """A gateway whose callers have tokens only is not an open one."""
    with pytest.raises(ApiError):
        await Callers({}, (), (), judge).authenticate(CIMultiDict())
