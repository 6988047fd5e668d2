"""A provider without a network: every answer is scripted, and what really reached it is counted."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import SecretStr
from typing_extensions import override

from adapters.contract.adapter import Adapter, Credentials, ProcessState, ProviderSettings, Token, WriteContext
from adapters.contract.errors import (
    AccountRefused,
    CredentialsRefused,
    MalformedResponse,
    NoAnswer,
    NotCancellable,
    NotFound,
    OutOfStock,
    ProtocolMismatch,
    ProviderError,
    RateLimited,
    Rejected,
    Unavailable,
)
from adapters.contract.flow import Answer, Flow
from adapters.contract.models.requests import NewOrder
from adapters.contract.models.resources import ChangedPart, Order, OrderChange, PartProblem, PartState
from adapters.contract.traits import RateLimit, Trait
from adapters.contract.wire import HttpRequest, HttpResponse, json_body
from gateway.config.model import Timeouts
from gateway.config.resilience import Resilience
from gateway.providers.channel import Channel, channel
from gateway.providers.evidence import SendFailed, WirePhase
from gateway.providers.outbound import Outbound
from gateway.providers.pacing import Pacer
from gateway.providers.provider import Provider
from support.pacing import pacer_of

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: CredentialsRefused,
    403: AccountRefused,
    404: NotFound,
    405: ProtocolMismatch,
    409: NotCancellable,
    422: Rejected,
    423: OutOfStock,
    429: RateLimited,
}
BUGGY = 299
"""A status at which the adapter's own code fails."""

Script = HttpResponse | Exception | Callable[[HttpRequest], Any]


def reply(status: int = 200, **members: Any) -> HttpResponse:
    """Return an answer of the provider's with these members in its JSON."""
    return HttpResponse(status, {"content-type": "application/json"}, json_body(members))


def lost(phase: WirePhase = "sent", kind: Any = "closed", status: int | None = None) -> SendFailed:
    """Return the failure of a request that got so far and no answer."""
    return SendFailed(phase, kind, status=status)


class Network(Outbound):
    """Stands in for the network: answers in turn (then 200), by step where `by_step` has one; keeps every request."""

    def __init__(self, *answers: Script, by_step: Mapping[str, Script] | None = None) -> None:
        super().__init__()
        self.answers: deque[Script] = deque(answers)
        self.by_step: dict[str, Script] = dict(by_step or {})
        self.requests: list[HttpRequest] = []
        self.times: list[float] = []
        self.hanging: asyncio.Event | None = None

    @override
    async def send(self, request: HttpRequest, channel: Channel, timeout: float) -> HttpResponse:
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        script: Any = self.by_step.get(request.step)
        if script is None:
            script = self.answers.popleft() if self.answers else reply(id="1")
        if callable(script):
            script = script(request)
        if asyncio.iscoroutine(script):
            script = await script
        if isinstance(script, Exception):
            raise script
        assert isinstance(script, HttpResponse)
        return script

    def steps(self) -> list[str]:
        """Return the step of each request that reached the network."""
        return [request.step for request in self.requests]


class ScriptedAdapter(Adapter[ProviderSettings, Credentials]):
    """An adapter whose flows the tests write; it knows errors by status, and processes."""

    title = "Scripted"
    kinds = ("purchase",)
    base_url = "http://127.0.0.1:1"
    traits_told: ClassVar[Mapping[str, Trait]] = {}

    def __init__(self, name: str = "shop", limits: Sequence[RateLimit] = ()) -> None:
        super().__init__(name, ProviderSettings(), Credentials())
        self._limits = tuple(limits)
        self.flows: dict[str, Callable[[], Flow[Any]]] = {}

    @override
    def limits(self) -> tuple[RateLimit, ...]:
        return self._limits

    @override
    def traits(self) -> Mapping[str, Trait]:
        return self.traits_told

    @override
    def error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        status = response.status
        if status == BUGGY:
            raise KeyError("the adapter did not think of this")
        if status < 300:
            return None
        after = response.headers.get("retry-after")
        kind = _BY_STATUS.get(status, Unavailable)
        message = str(response.object_or_empty().get("message", ""))
        request_id = response.headers.get("x-request-id")
        wait = float(after) if after else None
        return kind(status=status, message=message, request_id=request_id, retry_after=wait)

    @override
    def place_order(self, order: NewOrder, context: WriteContext) -> Flow[Order]:
        """Return the flow that the order's reference stands for: the same one each time."""
        return self.flows[order.reference]()

    @override
    def poll(self, processes: Sequence[str]) -> Flow[tuple[ProcessState, ...]]:
        response: HttpResponse = yield HttpRequest("POST", "/processes", body=json_body([*processes]), step="poll")
        states = response.object()["states"]
        return tuple(ProcessState(id=one, state=states.get(one, "gone"), message="a word") for one in processes)


class LoggingIn(ScriptedAdapter):
    """The same with tokens: whatever `POST /token` answers, 200 s each."""

    @override
    def login(self, now: datetime) -> Flow[Token]:
        response: HttpResponse = yield HttpRequest("POST", "/token", step="login")
        return Token(SecretStr(str(response.object()["token"])), 200.0)

    @override
    def authorize(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        assert token is not None
        return request.with_headers({"authorization": f"Bearer {token.value.get_secret_value()}"})


class WorkingLater(ScriptedAdapter):
    """The same for a provider that takes writes on and carries them out later."""

    traits_told: ClassVar[Mapping[str, Trait]] = {"cancel": Trait("async", source="a test")}


STOIC = Resilience(read_retries=0, order_retries=0, breaker_failures=0)
"""Tries nothing again and leaves nobody alone: each answer shows what it does by itself."""


def provider_of(
    network: Outbound,
    adapter: ScriptedAdapter | None = None,
    *,
    pacer: Pacer | None = None,
    resilience: Resilience = STOIC,
    **timeouts: float,
) -> Provider:
    """Return an account at the scripted provider."""
    adapter = adapter or ScriptedAdapter()
    return Provider(
        adapter,
        channel("http://127.0.0.1:1"),
        network,
        pacer or pacer_of(*adapter.limits()),
        Timeouts(**timeouts),
        adapter_name="scripted",
        simulated=True,
        resilience=resilience,
    )


# Flows ---------------------------------------------------------------------------------------------------------------

COMMIT = HttpRequest("POST", "/orders", body=b"{}", effect="commit", step="place")
READ = HttpRequest("GET", "/orders", step="read")


def placing(*before: HttpRequest) -> Flow[Order]:
    """Make these requests, then place an order; its id is in the answer."""
    response: HttpResponse
    for request in before:
        response = yield request
    response = yield COMMIT
    body = response.object()
    if "id" not in body:
        raise MalformedResponse("no id")
    return Order(id=f"shop:{body['id']}", provider="shop", kind="purchase", status="pending")


def cancelling(lines: Iterable[str]) -> Flow[OrderChange]:
    """Cancel lines, one request each; an answer with a `process` is taken on, any other success is done.

    Raises the first error where no line was taken, first of all one that leaves its line unknown.
    """
    lines = list(lines)
    answers: list[Answer] = yield [
        HttpRequest("PUT", "/lines/{line}", {"line": line}, body=b"{}", effect="commit", step="cancel")
        for line in lines
    ]
    read = [_read(answer) for answer in answers]
    errors = [one for one in read if isinstance(one, ProviderError)]
    if len(errors) == len(read):
        raise next(filter(_is_doubtful, errors), errors[0])
    parts = tuple(_part(line, one) for line, one in zip(lines, read, strict=True))
    states = {part.state for part in parts}
    state: Any = "partial" if len(states) > 1 else next(iter(states))
    for one in ("pending", "unknown"):
        state = one if one in states else state
    return OrderChange(order_id="shop:7", state=state, parts=parts)


def _read(answer: Answer) -> dict[str, Any] | ProviderError:
    if isinstance(answer, ProviderError):
        return answer
    body = answer.object()
    return body if {"id", "process"} & set(body) else MalformedResponse("no id")


def _part(line: str, read: dict[str, Any] | ProviderError) -> ChangedPart:
    if isinstance(read, ProviderError):
        state: PartState = "unknown" if _is_doubtful(read) else "failed"
        return ChangedPart(id=line, state=state, problem=PartProblem(title=type(read).__name__))
    process = read.get("process")
    return ChangedPart(id=line, state="pending" if process else "done", process=process)


def _is_doubtful(error: ProviderError) -> bool:
    return isinstance(error, Unavailable | MalformedResponse) or (isinstance(error, NoAnswer) and error.sent)
