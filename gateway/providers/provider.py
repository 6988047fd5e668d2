"""One configured account: drives an adapter's flows over the network and judges every answer."""

import asyncio
import time
from functools import partial
from typing import Any, TypeVar

import structlog

from adapters.contract.adapter import Adapter, Token
from adapters.contract.errors import AdapterError, CredentialsRefused, NoAnswer, ProviderError, RateLimited
from adapters.contract.flow import Answer, Flow
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.config.model import Timeouts
from gateway.config.resilience import Resilience
from gateway.errors import AdapterFault, judgement, rule
from gateway.providers.channel import Channel
from gateway.providers.driving import drive
from gateway.providers.evidence import SENTENCES, SendFailed
from gateway.providers.guard import Guard
from gateway.providers.judge import Judge
from gateway.providers.login import log_in
from gateway.providers.outbound import Outbound
from gateway.providers.pacing import Admission, Pacer
from gateway.providers.probe import answers
from gateway.providers.redaction import Redaction
from gateway.providers.tokens import Tokens
from gateway.providers.trip import Place, Trip, within
from gateway.telemetry.catalogue import QUEUE_DURATION, RETRIES
from gateway.telemetry.watch import Watch
from policies.errors import CapacityExceeded, DeadlineExceeded, ShareExceeded
from policies.operation import Attempt
from policies.queueing import Priority, Standing

T = TypeVar("T")

SERVICE_SECONDS = 1.0
"""The least that a provider needs to carry out a write, once it is connected: with less left none is begun."""

log = structlog.get_logger("ordergate.provider")


class Provider:
    """An account at a provider, ready to be used. With `writes_paused` set, nothing may begin a write to it."""

    def __init__(  # noqa: PLR0913 - the parts of an account
        self,
        adapter: Adapter[Any, Any],
        channel: Channel,
        outbound: Outbound,
        pacer: Pacer,
        timeouts: Timeouts,
        *,
        adapter_name: str,
        simulated: bool,
        resilience: Resilience | None = None,
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
        self.pacer = pacer
        self._timeouts = timeouts
        self._watch = watch
        self._metrics = None if watch is None else watch.metrics
        self.guard = Guard(
            self.name, adapter.traits(), resilience or Resilience(), partial(answers, self, timeouts.lookup)
        )
        self._tokens = Tokens(self._login, time.monotonic)
        self._redaction = Redaction(adapter.credentials)
        self._judge = Judge(adapter, self._redaction)

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
        """Send one request, a read again where that may help; return the answer or the error it is."""
        if trip.recorder is not None and (kept := trip.recorder.recall(place, request)) is not None:
            return self._played_back(request, kept, trip)
        self.guard.admit(trip)
        answer = await self._tried(request, place, trip)
        tries = 0
        while (pause := self.guard.pause(request, place[0], answer, tries, trip)) is not None:
            await asyncio.sleep(pause)
            tries += 1
            if self._metrics is not None:
                self._metrics.add(RETRIES, self.name, request.step)
            answer = await self._tried(request, place, trip)
        if request.effect == "commit":
            trip.last_error = answer if isinstance(answer, ProviderError) else None
        if isinstance(answer, ProviderError):
            self.last_failure = type(answer).__name__
        else:
            self.last_failure = None
        return answer

    async def _tried(self, request: HttpRequest, place: Place, trip: Trip) -> Answer:
        """Send one request, with one more login where the token was refused."""
        if not self.adapter.needs_login:
            return await self._sent(request, None, place, trip)
        token = await self._tokens.get(trip.deadline)
        answer = await self._sent(request, token, place, trip)
        if isinstance(answer, CredentialsRefused):
            other = await self._tokens.replace(token, trip.deadline)
            if other is not None:
                answer = await self._sent(request, other, place, trip)
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
        tried = len(trip.attempts)
        try:
            response, answer = await self._exchange(request, authorized, self._own(request, trip), place, trip)
        except (AdapterFault, DeadlineExceeded):
            # It was recorded as about to leave, and then did not.
            if trip.recorder is not None and len(trip.attempts) > tried:
                await trip.recorder.after(place, request, None, trip.attempts[tried])
            raise
        if trip.recorder is not None:
            attempt = trip.attempts[tried] if len(trip.attempts) > tried else Attempt("answered")
            if request.effect != "commit" and isinstance(answer, ProviderError) and rule(answer).repeat != "never":
                # A read that failed is made again when the flow is: its failure is no part of what the flow was told.
                response = None
            await trip.recorder.after(place, request, self._redaction.kept(response, authorized), attempt)
        return answer

    def _own(self, request: HttpRequest, trip: Trip) -> float:
        """Return the seconds that a request may take by itself."""
        if request.effect == "commit":
            return self._timeouts.order
        return self._timeouts.read if trip.purpose == "call" else self._timeouts.lookup

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
        admission = self.pacer.admitted(request, trip.left(own), trip.standing)
        for need in admission.needs:
            trip.limits[need.key] = need
        try:
            async with admission, self.guard.place(request, trip, own):
                waited = time.monotonic() - queued
                trip.queue_seconds += waited
                self._queued(waited)
                if request.effect == "commit":
                    await self._recorded(request, own, place, trip)
                elif not trip.deadline.allows(0.0):
                    raise DeadlineExceeded
                return await self._sent_once(authorized, own, place, trip, admission)
        except (CapacityExceeded, ShareExceeded):
            self._queued(time.monotonic() - queued)
            raise

    async def _recorded(self, request: HttpRequest, own: float, place: Place, trip: Trip) -> None:
        """Record a commit that is about to leave. Raises DeadlineExceeded where there is no time left for it."""
        needed = min(own, self._timeouts.connect + SERVICE_SECONDS)
        if not trip.deadline.allows(needed):
            raise DeadlineExceeded
        if trip.recorder is not None:
            await trip.recorder.before(place, request)
            if not trip.deadline.allows(needed):
                # The record took all the time there was.
                trip.attempts.append(Attempt("not-sent"))
                raise DeadlineExceeded

    async def _sent_once(
        self, request: HttpRequest, own: float, place: Place, trip: Trip, admission: Admission
    ) -> tuple[HttpResponse | None, Answer]:
        """Send a request that was let through, and tell the pacer what became of it."""
        started, generation = time.monotonic(), self.guard.circuit.generation
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
            return None, self.guard.seen(self._failed(request, failure, trip), trip, generation)
        finally:
            trip.provider_seconds += time.monotonic() - started
        admission.answered(self._judge.told(response))
        answer = self.guard.seen(self._judged(request, response, trip), trip, generation)
        if isinstance(answer, RateLimited):
            admission.refused(answer.retry_after)
        return response, answer

    def _queued(self, seconds: float) -> None:
        if self._metrics is not None:
            self._metrics.observe(QUEUE_DURATION, seconds, self.name)

    def _failed(self, request: HttpRequest, failure: SendFailed, trip: Trip) -> NoAnswer:
        if request.effect == "commit":
            trip.attempts.append(self._judge.cut_short(request, failure))
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
        sent, timed_out = failure.phase != "not-sent", failure.kind == "timeout"
        return NoAnswer(SENTENCES[failure.kind], sent=sent, timed_out=timed_out, status=failure.status)

    def _judged(self, request: HttpRequest, response: HttpResponse, trip: Trip) -> Answer:
        try:
            error = self._judge.error(request, response)
        except AdapterFault:
            if request.effect != "commit":
                raise
            trip.attempts.append(Attempt("answered", "unclear", response.status))
            return NoAnswer("The adapter failed at the answer.", sent=True, status=response.status)
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

    async def _login(self) -> Token:
        # Whoever waits for it was let through; what comes of it is counted like anything else.
        deadline = within(self._timeouts.login * 2)
        trip = Trip(deadline, request_id="login", standing=Standing(Priority.RESOLVE), purpose="probe")

        async def sent(request: HttpRequest, place: Place) -> Answer:
            _, answer = await self._exchange(request, request, self._timeouts.login, place, trip)
            return answer

        try:
            return await log_in(self.adapter, sent, trip, self._metrics)
        except ProviderError as error:
            self.last_failure = type(error).__name__
            raise

    def close(self) -> None:
        """End what goes on by itself."""
        self.guard.circuit.close()
        self._tokens.close()
