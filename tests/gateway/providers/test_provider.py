"""One account: what is sent in which order, what is believed, and what stops it."""

import asyncio
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.contract.errors import AccountRefused, CredentialsRefused, ProviderError, RateLimited
from adapters.contract.flow import Answer, Flow
from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within
from policies.errors import CapacityExceeded, DeadlineExceeded
from support import virtual_time
from support.pacing import pacer_of, refuse
from support.scripted_provider import (
    READ,
    LoggingIn,
    Network,
    ScriptedAdapter,
    placing,
    provider_of,
    reply,
)

Logged = list[MutableMapping[str, Any]]


@pytest.fixture(autouse=True)
def logged() -> Iterator[Logged]:
    """What was logged."""
    with capture_logs() as lines:
        yield lines


def trip(seconds: float = 30.0) -> Trip:
    """Return a call with this much time."""
    return Trip(within(seconds), "request-1", idempotency_key="key-1")


def reading(*requests: HttpRequest) -> Flow[list[Any]]:
    """Make requests one after the other; return the answers."""
    answers = []
    for request in requests:
        answer = yield request
        answers += [answer]
    return answers


def at_once(*requests: HttpRequest) -> Flow[list[Answer]]:
    """Make independent requests; return the answers."""
    answers: list[Answer] = yield list(requests)
    return answers


def one(number: int) -> HttpRequest:
    """Return a read that differs from others."""
    return HttpRequest("GET", "/items/{id}", {"id": str(number)})


# Tokens --------------------------------------------------------------------------------------------------------------


def logging_in(network: Network, *, apart: float) -> Provider:
    """Return an account whose clock goes `apart` seconds from one look to the next."""
    tokens = iter(range(1, 100))
    network.by_step.setdefault("login", lambda request: reply(token=f"t{next(tokens)}"))
    provider = provider_of(network, LoggingIn())
    looks = iter(range(10**6))
    provider._tokens._now = lambda: next(looks) * apart
    return provider


async def test_a_refused_token_is_replaced_once_and_the_request_made_again() -> None:
    """401, a login, and the same request with the other token."""
    network = Network(reply(401), reply(id="1"))
    answers = await logging_in(network, apart=10).run(reading(READ), trip())
    assert network.steps() == ["login", "read", "login", "read"]
    assert [request.headers.get("authorization") for request in network.requests[1::2]] == ["Bearer t1", "Bearer t2"]
    assert answers[0].status == 200


async def test_a_second_refusal_is_about_the_credentials() -> None:
    """One re-login after a 401, then `provider-credentials`: no third try."""
    network = Network(*[reply(401)] * 10)
    with pytest.raises(CredentialsRefused):
        await logging_in(network, apart=10).run(reading(READ), trip())
    assert network.steps() == ["login", "read", "login", "read"]


async def test_a_token_that_is_refused_fresh_is_not_cured_by_another() -> None:
    """A provider that refuses what it just handed out is not asked for more."""
    network = Network(*[reply(401)] * 10)
    with pytest.raises(CredentialsRefused):
        await logging_in(network, apart=0.1).run(reading(READ), trip())
    assert network.steps() == ["login", "read"]


async def test_a_403_is_never_answered_with_another_login() -> None:
    """The account may not: no token changes that."""
    network = Network(*[reply(403)] * 10)
    with pytest.raises(AccountRefused):
        await logging_in(network, apart=10).run(reading(READ), trip())
    assert network.steps() == ["login", "read"]


async def test_a_commit_that_met_a_refused_token_is_sent_once_more() -> None:
    """A 401 executes nothing: both attempts are known, the second counts."""
    network, taken = Network(reply(401), reply(id="1")), trip()
    order = await logging_in(network, apart=10).run(placing(), taken)
    assert order.id == "shop:1"
    assert [(attempt.judgement, attempt.status) for attempt in taken.attempts] == [
        ("not-executed", 401),
        ("executed", 200),
    ]


async def test_an_account_whose_login_fails_shows_it() -> None:
    """`health` of the provider is failing, and ok again after the next answer."""
    logins = [reply(500), reply(token="t")]
    provider = logging_in(Network(by_step={"login": lambda request: logins.pop(0)}), apart=10)
    with pytest.raises(ProviderError):
        await provider.run(reading(READ), trip())
    assert provider.last_failure == "Unavailable"
    await provider.run(reading(READ), trip())
    assert provider.last_failure is None


# Time and rates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", [lambda: reading(READ), placing])
async def test_nothing_leaves_after_the_deadline(flow: Any) -> None:
    """The time was over before the request could go."""
    network = Network()
    with pytest.raises(DeadlineExceeded):
        await provider_of(network).run(flow(), trip(-0.001))
    assert network.requests == []


async def test_a_request_gets_its_own_time_or_what_is_left() -> None:
    """The shorter of the class's timeout and the whole call's deadline."""
    given: list[float] = []

    class Timed(Network):
        @override
        async def send(self, request: HttpRequest, channel: Any, timeout: float) -> HttpResponse:
            given.append(timeout)
            return await super().send(request, channel, timeout)

    provider = provider_of(Timed(), read=2.0, order=20.0)
    await provider.run(placing(READ), trip())
    await provider.run(reading(READ), trip(1.0))
    await provider.run(placing(), trip(10.0))
    assert given[:2] == [2.0, 20.0]
    assert 0.5 < given[2] <= 1.0
    assert 9.5 < given[3] <= 10.0


async def test_a_write_with_too_little_time_left_is_not_begun() -> None:
    """Less than it takes to connect (3 s) and to be served (1 s): cut off, it would only leave doubt behind."""
    network = Network()
    with pytest.raises(DeadlineExceeded):
        await provider_of(network).run(placing(READ), trip(3.9))
    assert network.steps() == ["read"]


@pytest.mark.parametrize(("header", "pause"), [({"retry-after": "7"}, 7.0), ({}, 1.0)])
def test_after_a_429_the_account_is_quiet_for_as_long_as_the_provider_says(
    header: dict[str, str], pause: float
) -> None:
    """Without a number, for a second; other routes are not held up."""
    network = Network(HttpResponse(429, header))
    provider = provider_of(network)

    async def calls() -> float:
        with pytest.raises(RateLimited):
            await provider.run(reading(READ), trip())
        await provider.run(reading(one(1)), trip())
        started = asyncio.get_running_loop().time()
        await provider.run(reading(READ), trip())
        return asyncio.get_running_loop().time() - started

    assert virtual_time.run(calls()) == pytest.approx(pause, abs=0.01)


def test_a_request_that_would_wait_longer_than_it_may_is_refused_at_once() -> None:
    """With the time when there will be room."""
    network = Network()
    limit = RateLimit("GET", "/orders", 1, 60.0, source="a test")
    provider = provider_of(network, ScriptedAdapter(limits=[limit]), read=10.0)

    async def calls() -> CapacityExceeded:
        await provider.run(reading(READ), trip())
        with pytest.raises(CapacityExceeded) as refused:
            await provider.run(reading(READ), trip())
        return refused.value

    assert 59 < virtual_time.run(calls()).retry_after < 62
    assert len(network.requests) == 1


async def test_waiting_and_answering_are_timed_apart() -> None:
    """`Server-Timing` says where the time went."""
    pacer = pacer_of()
    provider, taken = provider_of(Network(), pacer=pacer), trip()
    await refuse(pacer, READ, 0.02)
    await provider.run(reading(READ), taken)
    assert taken.queue_seconds >= 0.015
    assert 0 < taken.provider_seconds < taken.queue_seconds
