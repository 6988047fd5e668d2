"""The HTTP application for callers: request ids, Host and Origin, callers, scopes, problems, timing."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from aiohttp import HttpVersion10, web
from uuid_utils import uuid7

from adapters.contract.errors import AdapterError, InvalidOrder
from gateway.api.about import NoQuery
from gateway.api.body import MAX_BYTES, ApiError, refuse
from gateway.api.budget_fields import budget_fields
from gateway.api.caching import has
from gateway.api.callers import KeysUnavailable
from gateway.api.context import Answer, Call, Context
from gateway.api.endpoints import ENDPOINTS, Endpoint
from gateway.api.keys import KeyInvalid, KeyMissing, parse_key
from gateway.api.problems import MEDIA_TYPE, Problem, problem
from gateway.errors import AdapterFault, describe
from gateway.operations.answers import operation_path
from policies.errors import PolicyError
from policies.journal import JournalUnavailable
from policies.operation import PLACED

MAX_HEADER_BYTES = 16 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_JSON_TYPES = frozenset({"*/*", "application/*", "application/json", "application/problem+json"})

_ABOUT_ANOTHER = frozenset({"idempotency-key-reused", "duplicate-order-reference", "twin-order", "request-in-progress"})
"""Problems whose `placed` tells the fate of another operation."""

_REQUEST_ID_KEY = web.RequestKey("request_id", str)
_CALL_KEY = web.RequestKey("call", Call)

_EXPOSED = (
    "Location, Retry-After, Idempotency-Replayed, Preference-Applied, Ordergate-Twin, Link, X-Request-ID, "
    "Server-Timing, ETag, Age, RateLimit, RateLimit-Policy"
)
"""The headers of an answer that pages of allowed origins may read."""

log = structlog.get_logger("ordergate.api")


def application(
    context: Context, pages: Callable[[web.Application], None], around: Sequence[Any] = ()
) -> web.Application:
    """Return the application; `pages` adds what is served beside the endpoints (documents).

    `around` are middlewares that only watch: they see every request, and the answer as it leaves.
    """
    app = web.Application(client_max_size=MAX_BYTES, middlewares=[*around, _outermost(context)])
    for endpoint in ENDPOINTS:
        handler = _handled(context, endpoint)
        if endpoint.method == "GET":
            # RFC 9110, section 9.1: who answers GET answers HEAD, with the same headers and no body.
            app.router.add_get(endpoint.path, handler, allow_head=True)
        else:
            app.router.add_route(endpoint.method, endpoint.path, handler)
    pages(app)
    return app


def _outermost(context: Context) -> Any:
    """Return the middleware that answers every request that the parser let through, also those without a route."""

    @web.middleware
    async def outermost(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid7())
        request[_REQUEST_ID_KEY] = request_id
        try:
            context.callers.admit(request.headers)
            _proper(request)
            response = _preflight(request) or await handler(request)
        except ApiError as error:
            response = _problem(request, error.problem, error.headers)
        except web.HTTPMethodNotAllowed as error:
            response = _problem(request, problem("method-not-allowed"), {"allow": error.headers["Allow"]})
        except web.HTTPNotFound:
            response = _problem(request, problem("not-found", "There is no such path; see /docs."))
        except web.HTTPRequestEntityTooLarge:
            response = _problem(request, problem("payload-too-large"))
        except web.HTTPException as error:
            response = _problem(request, problem("malformed-request", status=error.status))
        except Exception:
            log.exception("request failed", request_id=request_id)
            response = _problem(request, problem("internal"))
        call = request.get(_CALL_KEY)
        if call is not None and any(trip.limits for trip in call.trips):
            response.headers.update(await budget_fields(call.trips, context.providers))
        _finish(request, response, request_id, time.perf_counter() - started)
        return response

    return outermost


def _handled(context: Context, endpoint: Endpoint) -> Any:
    """Return the aiohttp handler of an endpoint: authenticate, check scope and Accept, answer or explain."""

    async def handled(request: web.Request) -> web.Response:
        try:
            call = await _admitted(context, endpoint, request)
            with context.inbound.admitted(call.caller, catalog=endpoint.tag == "catalog"):
                return _response(request, await endpoint.handler(call))
        except JournalUnavailable as error:
            told = _described(request[_CALL_KEY], error)
            if endpoint.write:
                told = await _with_fate(context, request, told, in_doubt=error.in_doubt)
            raise ApiError(told) from error
        except (AdapterError, PolicyError, AdapterFault) as error:
            raise ApiError(_told(request[_CALL_KEY], error)) from error
        except ApiError as error:
            if endpoint.write and error.problem.placed is None and error.problem.name not in _ABOUT_ANOTHER:
                error.problem = await _with_fate(context, request, error.problem)
            raise

    return handled


async def _with_fate(context: Context, request: web.Request, told: Problem, *, in_doubt: bool = False) -> Problem:
    """Return the problem of a write that was refused here, with what became of what its key names.

    That is nothing, mostly; but a faulty repetition must not be told that the first request placed nothing. It is not
    known where the journal cannot be read, or may still come to hold the operation (`in_doubt`).
    """
    call = request.get(_CALL_KEY)
    if call is None:
        # Nobody knows who asks, so nobody is told what became of whose order.
        return told
    try:
        key = parse_key(request.headers.getall("Idempotency-Key", []))
        first = await context.journal.find(call.caller.name, key)
    except (KeyMissing, KeyInvalid):
        first = None
    except JournalUnavailable:
        return msgspec.structs.replace(told, placed="unknown", retry="same-key")
    if first is None and in_doubt:
        return msgspec.structs.replace(told, placed="unknown", retry="same-key")
    if first is None or first.state == "cancelled":
        return msgspec.structs.replace(told, placed="no", retry="same-key")
    path = operation_path(first.id)
    return msgspec.structs.replace(told, placed=PLACED[first.state], retry="same-key", operation=path)


async def _admitted(context: Context, endpoint: Endpoint, request: web.Request) -> Call:
    """Return the call of a caller who may make it. Raises ApiError."""
    try:
        caller = await context.callers.authenticate(request.headers)
    except KeysUnavailable as error:
        refuse("issuer-unavailable", retry="same-key", retry_after=error.retry_after)
    call = request[_CALL_KEY] = Call(context, request, caller, request[_REQUEST_ID_KEY], endpoint.priority)
    _acceptable(request)
    if endpoint.scope is not None and not caller.may(endpoint.scope):
        refuse("forbidden", f"The caller lacks the scope {endpoint.scope}.")
    if endpoint.query is NoQuery and request.query_string:
        call.query(NoQuery)
    return call


def _told(call: Call, error: Exception) -> Problem:
    """Return the problem of a read, or of a write before anything was claimed."""
    told = _described(call, error)
    if isinstance(error, InvalidOrder) and call.http.method in {"GET", "HEAD"}:
        return msgspec.structs.replace(told, status=400)
    if call.http.method in {"POST", "PATCH", "DELETE"} and call.http.path != "/v1/availability":
        return msgspec.structs.replace(told, placed="no", retry="same-key")
    return told


def _described(call: Call, error: Exception) -> Problem:
    account = call.http.match_info.get("provider") or call.http.match_info.get("id", "").partition(":")[0] or None
    return describe(error, account if account in call.context.providers else None)


def _response(request: web.Request, answer: Answer) -> web.Response:
    tag = answer.headers.get("ETag")
    if tag is not None and has(request, tag.strip('"')):
        return web.Response(status=304, headers=answer.headers)
    headers = {**answer.headers, "Content-Type": answer.media_type}
    return web.Response(body=answer.encoded(), status=answer.status, headers=headers)


def _problem(request: web.Request, told: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a problem that was met by this request. Its `instance` is the path, without the query."""
    path = "/" + request.rel_url.raw_path.lstrip("/")
    told = msgspec.structs.replace(told, request_id=request[_REQUEST_ID_KEY], instance=told.instance or path)
    headers = {**(headers or {}), "Content-Type": MEDIA_TYPE}
    if told.status in {429, 503}:
        told = msgspec.structs.replace(told, retry_after=told.retry_after or 1)
        headers.setdefault("retry-after", str(told.retry_after))
    return web.Response(body=told.encoded(), status=told.status, headers=headers)


def _finish(request: web.Request, response: web.StreamResponse, request_id: str, seconds: float) -> None:
    """Add what every answer carries."""
    call = request.get(_CALL_KEY)
    queue = provider = 0.0
    for trip in call.trips if call else ():
        queue += trip.queue_seconds
        provider += trip.provider_seconds
    own = max(0.0, seconds - queue - provider)
    headers = response.headers
    headers["X-Request-ID"] = request_id
    headers["Server"] = "ordergate"
    headers["Server-Timing"] = (
        f"gateway;dur={own * 1000:.1f}, queue;dur={queue * 1000:.1f}, provider;dur={provider * 1000:.1f}"
    )
    headers["X-Content-Type-Options"] = "nosniff"
    origin = request.headers.get("Origin")
    if origin is not None and response.status != 403:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _EXPOSED
        headers["Vary"] = "Origin"
    _told_to_log(request, response.status, request_id, seconds)


def _told_to_log(request: web.Request, status: int, request_id: str, seconds: float) -> None:
    """Log what changed something, or failed; a read that went well is not worth a line."""
    if status < 400 and request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    call = request.get(_CALL_KEY)
    resource = request.match_info.route.resource
    trace = None if call is None else call.trace
    log.info(
        "request",
        method=request.method,
        route=None if resource is None else resource.canonical,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        caller=None if call is None else call.caller.name,
        request_id=request_id,
        trace_id=None if trace is None else trace.trace_id,
    )


def _preflight(request: web.Request) -> web.Response | None:
    """Answer a browser that asks whether a page of an allowed origin may call."""
    wanted = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or wanted is None or "Origin" not in request.headers:
        return None
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
        "Access-Control-Allow-Headers": "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-None-Match, "
        "Ordergate-Allow-Twin, Prefer, X-Request-ID",
        "Access-Control-Max-Age": "600",
    }
    return web.Response(status=204, headers=allowed)


def _proper(request: web.Request) -> None:
    """Refuse what the parser lets through: too many headers, and a version before there were any."""
    if request.version < HttpVersion10:
        refuse("malformed-request", "HTTP/1.1 is spoken here.")
    if sum(len(name) + len(value) + 4 for name, value in request.raw_headers) > MAX_HEADER_BYTES:
        refuse("header-too-large")


def _acceptable(request: web.Request) -> None:
    """Refuse a request whose Accept takes no JSON."""
    accept = request.headers.get("Accept")
    if not accept:
        return
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media_type in _JSON_TYPES and not any(re.fullmatch(r"q=0(\.0*)?", one) for one in parameters):
            return
    refuse("not-acceptable")
