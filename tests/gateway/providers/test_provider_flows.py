"""One account: flows that break their contract, lists of requests, and what is logged."""

import asyncio
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.contract.adapter import Token
from adapters.contract.errors import NoAnswer, NotFound, ProviderError
from adapters.contract.flow import Answer, Flow
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.errors import AdapterFault
from gateway.providers.driving import MAX_STEPS
from gateway.providers.trip import Trip, within
from support.scripted_provider import (
    BUGGY,
    COMMIT,
    READ,
    LoggingIn,
    Network,
    lost,
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


# Adapters that fail --------------------------------------------------------------------------------------------------


class Faulty(LoggingIn):
    """An adapter whose login or authorization fails with exceptions of its own."""

    at = ""

    @override
    def login(self, now: Any) -> Flow[Token]:
        if self.at == "login":
            raise KeyError(self.at)
        return super().login(now)

    @override
    def authorize(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        if self.at == "authorize":
            raise KeyError(self.at)
        return super().authorize(request, token)


def failing() -> Flow[Any]:
    """Read, then fail."""
    yield READ
    raise KeyError("surprise")


def junk() -> Flow[Any]:
    """Yield what is no request."""
    yield "GET /orders"  # type: ignore[misc]


@pytest.mark.parametrize("at", ["login", "authorize"])
async def test_an_exception_of_the_adapters_own_is_its_fault(at: str) -> None:
    """Never the provider's, never a crash."""
    adapter = Faulty()
    adapter.at = at
    network = Network(by_step={"login": reply(token="t")})
    with pytest.raises(AdapterFault):
        await provider_of(network, adapter).run(reading(READ), trip())
    assert "read" not in network.steps()


@pytest.mark.parametrize("flow", [failing, junk])
async def test_a_flow_that_breaks_its_contract_is_at_fault(flow: Any) -> None:
    """Whatever it raises or yields; it is logged without its words."""
    with pytest.raises(AdapterFault):
        await provider_of(Network()).run(flow(), trip())


async def test_an_answer_that_the_adapter_cannot_judge_is_its_fault(logged: Logged) -> None:
    """For a read; the place where it failed is logged."""
    with pytest.raises(AdapterFault):
        await provider_of(Network(reply(BUGGY))).run(reading(READ), trip())
    assert [line["event"] for line in logged if line["log_level"] == "error"] == ["adapter failed"]


async def test_a_request_that_no_client_can_send_is_the_adapters_fault() -> None:
    """A header with a line feed, a path without its value: not the provider's doing."""
    with pytest.raises(AdapterFault):
        await provider_of(Network(lost("not-sent", "invalid"))).run(reading(READ), trip())


async def test_a_flow_without_an_end_is_ended() -> None:
    """After fifty steps it goes round in circles."""

    def endless() -> Flow[Any]:
        while True:
            yield READ

    network, flow = Network(), endless()
    with pytest.raises(AdapterFault):
        await provider_of(network).run(flow, trip())
    assert len(network.requests) <= MAX_STEPS
    with pytest.raises(StopIteration):
        next(flow)


# What a flow is sent -------------------------------------------------------------------------------------------------


async def test_an_error_is_raised_where_the_flow_waits() -> None:
    """A flow may catch it and go on."""

    def forgiving() -> Flow[str]:
        try:
            yield READ
        except NotFound:
            response: HttpResponse = yield READ
            return str(response.object()["id"])
        return "found"

    assert await provider_of(Network(reply(404), reply(id="second"))).run(forgiving(), trip()) == "second"


async def test_a_list_of_reads_is_answered_in_its_order() -> None:
    """All at once, each answer or error in its own place, however long each takes."""
    last = asyncio.Event()

    async def first(request: HttpRequest) -> HttpResponse:
        await last.wait()
        return reply(id="0")

    def second(request: HttpRequest) -> HttpResponse:
        last.set()
        return reply(404)

    network = Network(first, lost(), second)
    answers = await provider_of(network).run(at_once(one(0), one(1), one(2)), trip())
    assert [type(answer) for answer in answers] == [HttpResponse, NoAnswer, NotFound]
    assert isinstance(answers[0], HttpResponse)
    assert answers[0].object() == {"id": "0"}


async def test_a_list_of_writes_goes_one_by_one() -> None:
    """The second leaves when the first is answered."""
    under_way: list[int] = []

    async def alone(request: HttpRequest) -> HttpResponse:
        under_way.append(1)
        assert len(under_way) == 1
        await asyncio.sleep(0)
        under_way.pop()
        return reply(id="1")

    answers = await provider_of(Network(alone, alone, alone)).run(at_once(COMMIT, COMMIT, COMMIT), trip())
    assert len(answers) == 3


async def test_an_empty_list_is_answered_by_one() -> None:
    """Nothing to ask is no error."""
    assert await provider_of(Network()).run(at_once(), trip()) == []


async def test_reads_of_a_list_do_not_outlive_it() -> None:
    """When one cannot be sent the flow is over, and the others with it."""
    ended = asyncio.Event()

    async def hanging(request: HttpRequest) -> HttpResponse:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return reply()

    def unjudgeable(request: HttpRequest) -> HttpResponse:
        return reply(BUGGY)

    with pytest.raises(AdapterFault):
        await provider_of(Network(hanging, unjudgeable)).run(at_once(one(0), one(1)), trip())
    await asyncio.wait_for(ended.wait(), 10)


# Logs ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [HttpResponse(422, {"x-request-id": "theirs-1"}), lost()])
async def test_the_log_of_a_failure_names_the_request(answer: Any, logged: Logged) -> None:
    """Our request id, the idempotency key, and the provider's own request id where it has one."""
    with pytest.raises(ProviderError):
        await provider_of(Network(answer)).run(placing(), trip())
    line = next(line for line in logged if line["event"] in {"provider answered", "no answer from provider"})
    assert (line["request_id"], line["idempotency_key"], line["step"]) == ("request-1", "key-1", "place")
    if isinstance(answer, HttpResponse):
        assert (line["status"], line["error"], line["provider_request_id"]) == (422, "Rejected", "theirs-1")
    else:
        assert (line["phase"], line["kind"]) == ("sent", "closed")


async def test_the_log_of_a_write_names_the_providers_request(logged: Logged) -> None:
    """Also of one that went well: its support asks for it."""
    answer = HttpResponse(200, {"x-request-id": "theirs-1"}, b'{"id":"1"}')
    await provider_of(Network(answer)).run(placing(), trip())
    assert [(line["status"], line["provider_request_id"]) for line in logged] == [(200, "theirs-1")]


async def test_reads_that_go_well_are_not_logged(logged: Logged) -> None:
    """There are too many of them."""
    await provider_of(Network()).run(reading(READ), trip())
    assert logged == []
