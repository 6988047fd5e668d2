"""What handlers work with: the parts of the gateway, and one call by one caller."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import msgspec
from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, ValidationError
from yarl import URL

from adapters.contract import codec
from adapters.contract.models.resources import Resource
from adapters.contract.remembered import Remembered
from gateway.api.body import MAX_BYTES, ApiError, decode, refuse, refuse_violations, validated, violations
from gateway.api.callers import Caller, Callers
from gateway.api.inbound import Inbound
from gateway.api.media_type import is_json
from gateway.api.problems import Problem, ProblemViolation
from gateway.api.router import Request
from gateway.cache import Cache
from gateway.config.model import Route
from gateway.operations.engine import Engine
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within
from gateway.telemetry.trace_context import CURRENT, TraceContext, received
from policies.journal import Journal
from policies.queueing import Priority, Standing

READ_SECONDS = 15.0
"""The longest a read may take, all its requests together."""
BODY_SECONDS = 10.0

ModelT = TypeVar("ModelT", bound=BaseModel)


def kebab(name: str) -> str:
    """Return a member's name as a query parameter."""
    return name.replace("_", "-")


class Query(BaseModel):
    """The query parameters of an endpoint, in kebab-case; unknown and repeated ones are refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=kebab, populate_by_name=True, frozen=True)


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of a running gateway. `prepared` waits until there is what orders need that nothing else does."""

    version: str
    providers: Mapping[str, Provider]
    routes: tuple[Route, ...]
    callers: Callers
    journal: Journal
    engine: Engine
    cache: Cache
    inbound: Inbound
    prepared: Callable[[], Awaitable[None]]


class Answer(msgspec.Struct, frozen=True):
    """What a handler answers: a canonical value or bytes, a status, headers."""

    value: Resource | bytes
    status: int = 200
    headers: Mapping[str, str] = {}
    media_type: str = "application/json"

    def encoded(self) -> bytes:
        """Return the body."""
        return self.value if isinstance(self.value, bytes) else codec.encode(self.value)


class Call(msgspec.Struct):
    """One request by one caller."""

    context: Context
    http: Request
    caller: Caller
    request_id: str
    priority: Priority = Priority.STATUS
    trips: list[Trip] = []

    def trip(self, seconds: float = READ_SECONDS, idempotency_key: str | None = None) -> Trip:
        """Return a trip to a provider that counts towards this call's timing."""
        trip = Trip(
            within(seconds),
            self.request_id,
            idempotency_key,
            self.trace,
            Standing(self.priority, self.caller.name, self.caller.weight),
        )
        self.trips.append(trip)
        return trip

    @property
    def trace(self) -> TraceContext | None:
        """Return the trace that this call belongs to: our span of it, or the caller's context as it is."""
        return CURRENT.get() or received(self.http.headers)

    def provider(self, name: str) -> Provider:
        """Return a provider the caller may use. Raises ApiError (`not-found`, `forbidden`)."""
        provider = self.context.providers.get(name)
        if provider is None:
            refuse("not-found", "There is no provider of that name; GET /v1/providers lists them.")
        if not self.caller.uses(name):
            refuse("forbidden", "The caller may not use this provider.")
        return provider

    def usable(self) -> list[Provider]:
        """Return the providers the caller may use, as configured."""
        return [provider for name, provider in self.context.providers.items() if self.caller.uses(name)]

    def resource(self, name: str = "id") -> tuple[Provider, str]:
        """Return the provider and the native id of the resource id in the path. Raises ApiError."""
        return self.split(self.http.match_info[name], name)

    def split(self, resource_id: str, member: str) -> tuple[Provider, str]:
        """Return the provider and the native part of a resource id. Raises ApiError."""
        account, _, native = resource_id.partition(":")
        if not account or not native or len(resource_id) > 1024 or not resource_id.isprintable():
            refuse_violations([ProblemViolation(name=member, reason="an id is {provider}:{the provider's id}")])
        return self.provider(account), native

    def query(self, model: type[ModelT]) -> ModelT:
        """Return the query parameters. Raises ApiError with a violation for each that is wrong, unknown or repeated."""
        text = self.http.rel_url.raw_query_string
        return cast("ModelT", _PARAMETERS[model, text] if len(text) <= _SHORT else _parameters((model, text)))

    async def content(self) -> Any:
        """Return the decoded JSON body. Raises ApiError."""
        request = self.http
        if not is_json(", ".join(request.headers.getall(hdrs.CONTENT_TYPE, ()))):
            refuse("unsupported-media-type", "Send Content-Type: application/json.")
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            refuse("unsupported-media-type", "Send the body without Content-Encoding.")
        if (request.content_length or 0) > MAX_BYTES:
            refuse("payload-too-large")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            refuse("request-timeout")
        except ConnectionError:
            # Nobody is there to hear it: for the log, where it is the caller's doing and not ours.
            refuse("malformed-request", "The body broke off.")
        except web.HTTPRequestEntityTooLarge:
            refuse("payload-too-large")
        return decode(body)

    def validated(self, model: type[ModelT], content: Any) -> ModelT:
        """Return the content as a model. Raises ApiError."""
        return validated(model, content)


def _parameters(key: tuple[type[BaseModel], str]) -> BaseModel:
    model, text = key
    pairs = URL.build(query_string=text, encoded=True).query
    given = dict(pairs)
    repeated = [name for name in given if len(pairs.getall(name)) > 1]
    found = [ProblemViolation(name=name or "query", reason="given more than once") for name in repeated]
    found += [ProblemViolation(name=name or "query", reason="empty") for name, value in pairs.items() if not value]
    try:
        value = model.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        known = {one.name for one in found}
        refuse_violations([*found, *map(_as_parameter, violations(error, known))])
    if found:
        refuse_violations(found)
    return value


# The same questions are asked again and again; a cursor is asked once.
_PARAMETERS = Remembered(_parameters, most=1024)
_SHORT = 256


def _as_parameter(violation: ProblemViolation) -> ProblemViolation:
    if violation.reason == "unknown member":
        # One without a name has no path, which would be the body's.
        name = "query" if violation.name == "body" else violation.name
        return ProblemViolation(name=name, reason="unknown query parameter")
    return violation


def failed(told: Problem, headers: dict[str, str] | None = None) -> ApiError:
    """Return the exception that answers with a problem."""
    return ApiError(told, headers)
