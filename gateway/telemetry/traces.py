"""Spans, by OpenTelemetry's SDK: begun by hand where a hop begins, and only in traces that are recorded.

Whether a trace is recorded is decided before the SDK is asked anything: that is most of what a span costs.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from gateway.telemetry.trace_context import CURRENT, TraceContext

CLOSE_SECONDS = 5.0

Value = str | int | float | bool
_KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "internal": SpanKind.INTERNAL}


class Traced:
    """A span that has begun, and its place in the trace."""

    __slots__ = ("_span", "place")

    def __init__(self, span: Span, state: str | None) -> None:
        own = span.get_span_context()
        self._span = span
        self.place = TraceContext(f"{own.trace_id:032x}", f"{own.span_id:016x}", int(own.trace_flags), state)

    def end(self, attributes: Mapping[str, Value], *, failed: bool = False) -> None:
        """End the span with what is known at its end."""
        self._span.set_attributes(attributes)
        if failed:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class Tracing:
    """Begins spans and has them exported.

    `ratio` of the traces that begin here are recorded; `chance` returns a number in [0, 1). `give_up` ends an export
    that does not end by itself.
    """

    def __init__(
        self,
        processor: SpanProcessor,
        resource: Resource,
        version: str,
        *,
        ratio: float,
        chance: Callable[[], float],
        give_up: Callable[[], None],
    ) -> None:
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("ordergate", version)
        self._ratio = ratio
        self._chance = chance
        self._give_up = give_up

    def root(self, name: str, kind: Literal["server", "internal"], caller: TraceContext | None = None) -> Traced | None:
        """Begin a span below the caller's, or of a trace of its own; None where it is not to be recorded.

        A caller that traces has decided whether this trace is recorded.
        """
        recorded = caller.sampled if caller is not None else self._chance() < self._ratio
        return self._begun(name, kind, caller, {}) if recorded else None

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Trace what nobody asked for, as a trace of its own, where that is to be recorded."""
        traced = self.root(name, "internal")
        if traced is None:
            yield
            return
        token = CURRENT.set(traced.place)
        try:
            yield
        finally:
            CURRENT.reset(token)
            traced.end({})

    def child(self, name: str, kind: Literal["client", "internal"], attributes: Mapping[str, Value]) -> Traced | None:
        """Begin a span below the current one; None where there is none."""
        parent = CURRENT.get()
        return None if parent is None else self._begun(name, kind, parent, attributes)

    async def close(self) -> None:
        """Export what is left, as far as that gets within `CLOSE_SECONDS`, and end."""
        ending = asyncio.ensure_future(asyncio.to_thread(self._provider.shutdown))
        _, open_still = await asyncio.wait({ending}, timeout=CLOSE_SECONDS)
        if open_still:
            await asyncio.to_thread(self._give_up)
        await ending

    def _begun(self, name: str, kind: str, parent: TraceContext | None, attributes: Mapping[str, Value]) -> Traced:
        context = None if parent is None else set_span_in_context(NonRecordingSpan(_span_context(parent)))
        span = self._tracer.start_span(name, context, _KINDS[kind], attributes)
        return Traced(span, None if parent is None else parent.state)


def _span_context(place: TraceContext) -> SpanContext:
    state = TraceState.from_header([place.state]) if place.state is not None else None
    flags = TraceFlags(place.flags)
    return SpanContext(
        int(place.trace_id, 16), int(place.span_id, 16), is_remote=True, trace_flags=flags, trace_state=state
    )
