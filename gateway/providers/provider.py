"""One configured account: drives an adapter's flows over the network and judges every answer."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from adapters.contract.adapter import Adapter, Token
from adapters.contract.errors import (
    AccountRefused,
    AdapterError,
    CredentialsRefused,
    NoAnswer,
    ProviderError,
    RateLimited,
)
from adapters.contract.flow import Answer, Flow
from adapters.contract.limits import ToldLimit
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.config.model import Timeouts
from gateway.errors import AdapterFault, judgement
from gateway.points import reach
from gateway.providers.channel import Channel
from gateway.providers.driving import drive
from gateway.providers.evidence import SendFailed
from gateway.providers.outbound import Outbound
from gateway.providers.pacing import Admission, Pacer
from gateway.providers.redaction import Redaction
from gateway.providers.tokens import Tokens
from gateway.providers.trip import Place, Trip
from gateway.telemetry.catalogue import LOGINS, QUEUE_DURATION
from gateway.telemetry.watch import Watch
from policies.errors import CapacityExceeded, DeadlineExceeded, ShareExceeded
from policies.operation import Attempt
from policies.queueing import Priority

__all__ = ["Provider", "Trip"]

T = TypeVar("T")

log = structlog.get_logger("ordergate.provider")


class Provider:
    """An account at a provider, ready to be used. With `writes_paused` set, nothing may begin a write to it."""

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        channel: Channel,
        outbound: Outbound,
        pacer: Pacer,
        timeouts: Timeouts,
        *,
        adapter_name: str,
        simulated: bool,
        watch: Watch | None = None,
    ) -> None:
        self.name = adapter.name
        self.adapter_name = adapter_name
        self.simulated = simulated
        self.adapter = adapter
        self.writes_paused = False
        self.last_failure: str | None = None
        self._channel = channel
        self._outbound = outbound
        self._pacer = pacer
        self._timeouts = timeouts
        self._watch = watch
        self._metrics = None if watch is None else watch.metrics
        self._tokens = Tokens(self._login, time.monotonic)
        self._redaction = Redaction(adapter.credentials)

    @property
    def order_seconds(self) -> float:
        """Return the longest that one write may take on the wire."""
        return self._timeouts.order

    async def run(self, flow: Flow[T], trip: Trip) -> T:
        """Drive a flow to its end and return what it returns.

        Raises AdapterError (refusals, provider errors, NoAnswer), PolicyError (nothing was sent), what
        the recorder raises, and AdapterFault for any other exception of the adapter's own.
        """
        return await drive(flow, trip, lambda request, place: self._answered(request, place, trip), name=self.name)

    async def _answered(self, request: HttpRequest, place: Place, trip: Trip) -> Answer:
        """Send one request, with one more login where the token was refused; return the answer or the error it is."""
        if trip.recorder is not None and (kept := trip.recorder.recall(place, request)) is not None:
            return self._played_back(request, kept, trip)
        token = await self._tokens.get() if self.adapter.needs_login else None
        answer = await self._sent(request, token, place, trip)
        if isinstance(answer, CredentialsRefused) and token is not None:
            other = await self._tokens.replace(token)
            if other is not None:
                answer = await self._sent(request, other, place, trip)
        if request.effect == "commit":
            trip.last_error = answer if isinstance(answer, ProviderError) else None
        if isinstance(answer, ProviderError):
            self.last_failure = type(answer).__name__
        else:
            self.last_failure = None
        return answer

    def _played_back(self, request: HttpRequest, kept: Answer, trip: Trip) -> Answer:
        answer = kept if isinstance(kept, ProviderError) else self._judged(request, kept, trip)
        if request.effect == "commit":
            trip.last_error = answer if isinstance(answer, ProviderError) else None
        return answer

    async def _sent(self, request: HttpRequest, token: Token | None, place: Place, trip: Trip) -> Answer:
        authorized = self._authorized(request, token)
        if trip.trace is not None:
            authorized = authorized.with_headers(trip.trace.headers())
        own = self._timeouts.order if request.effect == "commit" else self._timeouts.read
        tried = len(trip.attempts)
        try:
            response, answer = await self._exchange(request, authorized, own, place, trip)
        except (AdapterFault, DeadlineExceeded):
            # It was recorded as about to leave, and then did not.
            if trip.recorder is not None and len(trip.attempts) > tried:
                await trip.recorder.after(place, request, None, trip.attempts[tried])
            raise
        if trip.recorder is not None:
            attempt = trip.attempts[tried] if len(trip.attempts) > tried else Attempt("answered")
            await trip.recorder.after(place, request, self._redaction.kept(response, authorized), attempt)
        return answer

    def _authorized(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        try:
            return self.adapter.authorize(request, token)
        except AdapterError:
            raise
        except Exception as error:
            log.exception("adapter failed", provider=self.name)
            raise AdapterFault from error

    async def _exchange(
        self, request: HttpRequest, authorized: HttpRequest, own: float, place: Place, trip: Trip
    ) -> tuple[HttpResponse | None, Answer]:
        """Send a request when there is room for it; return the response, where one came, and what it is judged as."""
        queued = time.monotonic()
        admission = self._pacer.admitted(request, trip.left(own), trip.standing)
        trip.limits.update((need.key, need) for need in admission.needs)
        try:
            async with admission:
                waited = time.monotonic() - queued
                trip.queue_seconds += waited
                self._queued(waited)
                await self._ready(request, own, place, trip)
                return await self._sent_once(authorized, own, place, trip, admission)
        except (CapacityExceeded, ShareExceeded):
            self._queued(time.monotonic() - queued)
            raise

    async def _ready(self, request: HttpRequest, own: float, place: Place, trip: Trip) -> None:
        """Record a commit that is about to leave. Raises DeadlineExceeded where there is no time left for it."""
        if trip.left(own) <= 0:
            raise DeadlineExceeded
        if request.effect == "commit" and trip.recorder is not None:
            await trip.recorder.before(place, request)
            if trip.left(own) <= 0:
                # The record took all the time there was.
                trip.attempts.append(Attempt("not-sent"))
                raise DeadlineExceeded

    async def _sent_once(
        self, request: HttpRequest, own: float, place: Place, trip: Trip, admission: Admission
    ) -> tuple[HttpResponse | None, Answer]:
        """Send a request that was let through, and tell the pacer what became of it."""
        started = time.monotonic()
        admission.leaving()
        try:
            if self._watch is None:
                response = await self._outbound.send(request, self._channel, trip.left(own))
            else:
                response = await self._watch.send(request, self._channel, trip.left(own), trip, place)
        except asyncio.CancelledError:
            if request.effect == "commit":
                # Stopped in the middle: nobody knows what left, so all of it may have.
                trip.attempts.append(Attempt("sent"))
            raise
        except SendFailed as failure:
            admission.failed(failure.phase)
            return None, self._failed(request, failure, trip)
        finally:
            trip.provider_seconds += time.monotonic() - started
        admission.answered(self._told(response))
        answer = self._judged(request, response, trip)
        if isinstance(answer, RateLimited):
            admission.refused(answer.retry_after)
        return response, answer

    def _told(self, response: HttpResponse) -> tuple[ToldLimit, ...]:
        """Return what a response tells about limits; an adapter that fails at it must not cost us the response."""
        try:
            return self.adapter.told_limits(response)
        except Exception:
            log.exception("adapter failed", provider=self.name)
            return ()

    def _queued(self, seconds: float) -> None:
        if self._metrics is not None:
            self._metrics.observe(QUEUE_DURATION, seconds, self.name)

    def _failed(self, request: HttpRequest, failure: SendFailed, trip: Trip) -> NoAnswer:
        if request.effect == "commit":
            trip.attempts.append(self._cut_short(request, failure))
        log.warning(
            "no answer from provider",
            provider=self.name,
            step=request.step,
            method=request.method,
            route=request.route,
            phase=failure.phase,
            kind=failure.kind,
            request_id=trip.request_id,
            trace_id=trip.trace_id,
            idempotency_key=trip.idempotency_key,
        )
        if failure.kind == "invalid" and failure.phase == "not-sent":
            raise AdapterFault from failure
        return NoAnswer(failure.kind, sent=failure.phase != "not-sent", timed_out=failure.kind == "timeout")

    def _cut_short(self, request: HttpRequest, failure: SendFailed) -> Attempt:
        """Return what a failed commit proves: where the head of an answer was read, its status may."""
        status = failure.status
        if status is None:
            return Attempt(failure.phase)
        try:
            error = self._error(request, HttpResponse(status, failure.headers))
        except AdapterFault:
            return Attempt(failure.phase, "unclear", status)
        if 200 <= status < 300:
            return Attempt(failure.phase, "unclear" if self.adapter.success_in_body else "executed", status)
        return Attempt(failure.phase, judgement(error), status)

    def _judged(self, request: HttpRequest, response: HttpResponse, trip: Trip) -> Answer:
        try:
            error = self._error(request, response)
        except AdapterFault:
            if request.effect != "commit":
                raise
            trip.attempts.append(Attempt("answered", "unclear", response.status))
            return NoAnswer("unreadable", sent=True)
        if request.effect == "commit":
            trip.attempts.append(Attempt("answered", judgement(error), response.status))
        if error is not None or request.effect == "commit":
            log.info(
                "provider answered",
                provider=self.name,
                step=request.step,
                method=request.method,
                route=request.route,
                status=response.status,
                error=None if error is None else type(error).__name__,
                code=None if error is None else error.code,
                provider_request_id=self._redaction.text(
                    (error.request_id if error else None) or response.headers.get("x-request-id"), request
                ),
                request_id=trip.request_id,
                trace_id=trip.trace_id,
                idempotency_key=trip.idempotency_key,
            )
        return response if error is None else error

    def _error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        """Return what the adapter says of a response. Raises AdapterFault."""
        try:
            return self._redaction.applied(self.adapter.error(request, response), request)
        except Exception as fault:
            log.exception("adapter failed", provider=self.name)
            raise AdapterFault from fault

    async def _login(self) -> Token:
        trip = Trip(time.monotonic() + self._timeouts.login * 2, request_id="login", priority=Priority.RESOLVE)

        reach("login")

        def flow() -> Flow[Token]:
            return (yield from self.adapter.login(datetime.now(UTC)))

        async def sent(request: HttpRequest, place: Place) -> Answer:
            _, answer = await self._exchange(request, request, self._timeouts.login, place, trip)
            return answer

        outcome = "failed"
        try:
            token = await drive(flow(), trip, sent, name=self.name)
            outcome = "done"
            return token
        except ProviderError as error:
            self.last_failure = type(error).__name__
            outcome = "refused" if isinstance(error, CredentialsRefused | AccountRefused) else "failed"
            raise
        finally:
            if self._metrics is not None:
                self._metrics.add(LOGINS, self.name, outcome)
