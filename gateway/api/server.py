"""The HTTP application for callers: request ids, Host and Origin, callers, scopes, problems, timing."""

import re
import time
from collections.abc import Callable, Mapping
from itertools import chain

import msgspec
import structlog
from aiohttp import HttpVersion10, hdrs, web
from multidict import istr
from uuid_utils import uuid7

from adapters.contract.errors import AdapterError, InvalidOrder
from gateway.api.about import NoQuery
from gateway.api.body import ApiError, refuse
from gateway.api.budget_fields import budget_fields
from gateway.api.caching import has
from gateway.api.callers import KeysUnavailable
from gateway.api.context import Answer, Call, Context
from gateway.api.endpoints import ENDPOINTS, Endpoint
from gateway.api.keys import KeyInvalid, KeyMissing, parse_key
from gateway.api.problems import MEDIA_TYPE, Problem, problem
from gateway.api.router import Handler, Request, Router
from gateway.errors import AdapterFault, describe
from gateway.operations.answers import operation_path
from policies.errors import PolicyError
from policies.journal import JournalUnavailable
from policies.operation import PLACED
from policies.queueing import Priority

MAX_HEADER_BYTES = 16 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_JSON_TYPES = frozenset({"*/*", "application/*", "application/json", "application/problem+json"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

_ABOUT_ANOTHER = frozenset({"idempotency-key-reused", "duplicate-order-reference", "twin-order", "request-in-progress"})
"""Problems whose `placed` tells the fate of another operation."""

_X_REQUEST_ID = istr("X-Request-ID")
_SERVER_TIMING = istr("Server-Timing")
_X_CONTENT_TYPE_OPTIONS = istr("X-Content-Type-Options")

_EXPOSED = (
    "Location, Retry-After, Idempotency-Replayed, Preference-Applied, Ordergate-Twin, Link, X-Request-ID, "
    "Server-Timing, ETag, Age, RateLimit, RateLimit-Policy"
)
"""The headers of an answer that pages of allowed origins may read."""

log = structlog.get_logger("ordergate.api")


def application(context: Context, pages: Callable[[Router], None], watched: Callable[[Handler], Handler]) -> Handler:
    """Return what answers requests; `pages` adds what is served beside the endpoints (documents).

    What `watched` returns only watches: it sees every request, and the answer as it leaves.
    """
    router = Router()
    for endpoint in ENDPOINTS:
        router.add(endpoint.method, endpoint.path, _handled(context, endpoint))
    pages(router)
    return router.routed(watched(_answered(context)))


def _answered(context: Context) -> Handler:
    """Return what answers every request that the parser let through, also those without a route."""

    async def answered(request: Request) -> web.StreamResponse:
        started = time.perf_counter()
        given = request.headers.get(_X_REQUEST_ID, "")
        request.request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid7())
        try:
            context.callers.admit(request.headers)
            _proper(request)
            response = await _handler(request)(request)
        except ApiError as error:
            response = _problem(request, error.problem, error.headers)
        except web.HTTPRequestEntityTooLarge:
            response = _problem(request, problem("payload-too-large"))
        except web.HTTPException as error:
            response = _problem(request, problem("malformed-request", status=error.status))
        except Exception:
            log.exception("request failed", request_id=request.request_id)
            response = _problem(request, problem("internal"))
        limited = [trip for trip in request.call.trips if trip.limits] if request.call else ()
        if limited:
            response.headers.update(await budget_fields(limited, context.providers))
        _finish(request, response, time.perf_counter() - started)
        return response

    return answered


def _handler(request: Request) -> Handler:
    """Return who answers the request's method at its path. Raises ApiError (`not-found`, `method-not-allowed`)."""
    route = request.route
    handler = None if route is None else route.handlers.get(request.method)
    if handler is not None:
        return handler
    given = request.headers
    if request.method == "OPTIONS" and hdrs.ACCESS_CONTROL_REQUEST_METHOD in given and hdrs.ORIGIN in given:
        return _preflight
    if route is None:
        refuse("not-found", "There is no such path; see /docs.")
    raise ApiError(problem("method-not-allowed"), {"allow": ",".join(sorted(route.handlers))})


def _handled(context: Context, endpoint: Endpoint) -> Handler:
    """Return the handler of an endpoint: authenticate, check scope and Accept, answer or explain."""
    priority, is_catalog = endpoint.priority, endpoint.tag == "catalog"

    async def handled(request: Request) -> web.Response:
        try:
            call = await _admitted(context, endpoint, request, priority)
            context.inbound.enter(call.caller, catalog=is_catalog)
            try:
                return _response(request, await endpoint.handler(call))
            finally:
                context.inbound.leave(call.caller)
        except JournalUnavailable as error:
            told = _described(context, request, error)
            if endpoint.write:
                told = await _with_fate(context, request, told, in_doubt=error.in_doubt)
            raise ApiError(told) from error
        except (AdapterError, PolicyError, AdapterFault) as error:
            raise ApiError(_told(context, request, error)) from error
        except ApiError as error:
            if endpoint.write and error.problem.placed is None and error.problem.name not in _ABOUT_ANOTHER:
                error.problem = await _with_fate(context, request, error.problem)
            raise

    return handled


async def _with_fate(context: Context, request: Request, told: Problem, *, in_doubt: bool = False) -> Problem:
    """Return the problem of a write that was refused here, with what became of what its key names.

    That is nothing, mostly; but a faulty repetition must not be told that the first request placed nothing. It is not
    known where the journal cannot be read, or may still come to hold the operation (`in_doubt`).
    """
    call = request.call
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


async def _admitted(context: Context, endpoint: Endpoint, request: Request, priority: Priority) -> Call:
    """Return the call of a caller who may make it. Raises ApiError."""
    try:
        caller = await context.callers.authenticate(request.headers)
    except KeysUnavailable as error:
        refuse("issuer-unavailable", retry="same-key", retry_after=error.retry_after)
    call = request.call = Call(context, request, caller, request.request_id, priority)
    _acceptable(request)
    if endpoint.scope is not None and not caller.may(endpoint.scope):
        refuse("forbidden", f"The caller lacks the scope {endpoint.scope}.")
    if endpoint.query is NoQuery and request.rel_url.raw_query_string:
        call.query(NoQuery)
    return call


def _told(context: Context, request: Request, error: Exception) -> Problem:
    """Return the problem of a read, or of a write before anything was claimed."""
    told = _described(context, request, error)
    if isinstance(error, InvalidOrder) and request.method in {"GET", "HEAD"}:
        return msgspec.structs.replace(told, status=400)
    if request.method in {"POST", "PATCH", "DELETE"} and request.path != "/v1/availability":
        return msgspec.structs.replace(told, placed="no", retry="same-key")
    return told


def _described(context: Context, request: Request, error: Exception) -> Problem:
    account = request.match_info.get("provider") or request.match_info.get("id", "").partition(":")[0] or None
    return describe(error, account if account in context.providers else None)


def _response(request: Request, answer: Answer) -> web.Response:
    tag = answer.headers.get("ETag")
    if tag is not None and has(request, tag.strip('"')):
        return web.Response(status=304, headers=answer.headers)
    headers = {**answer.headers, hdrs.CONTENT_TYPE: answer.media_type}
    return web.Response(body=answer.encoded(), status=answer.status, headers=headers)


def _problem(request: Request, told: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return a problem that was met by this request. Its `instance` is the path, without the query."""
    path = "/" + request.rel_url.raw_path.lstrip("/")
    told = msgspec.structs.replace(told, request_id=request.request_id, instance=told.instance or path)
    headers = {**(headers or {}), hdrs.CONTENT_TYPE: MEDIA_TYPE}
    if told.status in {429, 503}:
        told = msgspec.structs.replace(told, retry_after=told.retry_after or 1)
        headers.setdefault("retry-after", str(told.retry_after))
    return web.Response(body=told.encoded(), status=told.status, headers=headers)


def _finish(request: Request, response: web.StreamResponse, seconds: float) -> None:
    """Add what every answer carries."""
    queue = provider = 0.0
    for trip in request.call.trips if request.call else ():
        queue += trip.queue_seconds
        provider += trip.provider_seconds
    own = max(0.0, seconds - queue - provider)
    headers = response.headers
    headers[_X_REQUEST_ID] = request.request_id
    headers[hdrs.SERVER] = "ordergate"
    headers[_SERVER_TIMING] = (
        f"gateway;dur={own * 1000:.1f}, queue;dur={queue * 1000:.1f}, provider;dur={provider * 1000:.1f}"
    )
    headers[_X_CONTENT_TYPE_OPTIONS] = "nosniff"
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and response.status != 403:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _EXPOSED
        headers["Vary"] = "Origin"
    if response.status >= 400 or request.method not in _READING:
        _log(request, response.status, seconds)


def _log(request: Request, status: int, seconds: float) -> None:
    """Log what changed something, or failed; a read that went well is not worth a line."""
    call = request.call
    trace = None if call is None else call.trace
    log.info(
        "request",
        method=request.method,
        route=request.template,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        caller=None if call is None else call.caller.name,
        request_id=request.request_id,
        trace_id=None if trace is None else trace.trace_id,
    )


async def _preflight(request: Request) -> web.Response:
    """Answer a browser that asks whether a page of an allowed origin may call."""
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
        "Access-Control-Allow-Headers": "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-None-Match, "
        "Ordergate-Allow-Twin, Prefer, X-Request-ID",
        "Access-Control-Max-Age": "600",
    }
    return web.Response(status=204, headers=allowed)


def _proper(request: Request) -> None:
    """Refuse what the parser lets through: too many headers, and a version before there were any."""
    if request.version < HttpVersion10:
        refuse("malformed-request", "HTTP/1.1 is spoken here.")
    lines = request.raw_headers
    if sum(map(len, chain.from_iterable(lines))) + 4 * len(lines) > MAX_HEADER_BYTES:
        refuse("header-too-large")


def _acceptable(request: Request) -> None:
    """Refuse a request whose Accept takes no JSON."""
    accept = request.headers.get(hdrs.ACCEPT)
    if not accept or accept in _JSON_TYPES:
        return
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media_type in _JSON_TYPES and not any(re.fullmatch(r"q=0(\.0*)?", one) for one in parameters):
            return
    refuse("not-acceptable")
