"""Spans for OpenTelemetry's exporters: begun where a hop begins, made where it ends, in traces that are recorded.

A span of the SDK's own kind can be asked and changed until it ends, by anybody, in any thread, and costs ten times what
making one at the end does (gateway/README.md): ours are known to us alone until then.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from gateway.telemetry.trace_context import CURRENT, SAMPLED, TraceContext

CLOSE_SECONDS = 5.0
"""How long the last spans may take to be exported."""

Kind = Literal["server", "client", "internal"]
Value = str | int | float | bool
_KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "internal": SpanKind.INTERNAL}
_UNSET, _ERROR = Status(StatusCode.UNSET), Status(StatusCode.ERROR)


class Tracing:
    """Begins spans and has them exported.

    `ratio` of the traces that begin here are recorded; `chance` decides which. `give_up` ends an export that does not
    end by itself.
    """

    def __init__(
        self,
        processor: SpanProcessor,
        resource: Resource,
        version: str,
        *,
        ratio: float,
        chance: random.Random,
        give_up: Callable[[], None],
    ) -> None:
        self._processor = processor
        self._resource = resource
        self._scope = InstrumentationScope("ordergate", version)
        self._ratio = ratio
        self._chance = chance
        self._give_up = give_up

    def root(self, name: str, kind: Kind, caller: TraceContext | None = None) -> "Traced | None":
        """Begin a span below the caller's, or of a trace of its own; None where it is not to be recorded.

        A caller that traces has decided whether this trace is recorded.
        """
        recorded = caller.sampled if caller is not None else self._chance.random() < self._ratio
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

    def child(self, name: str, kind: Kind, attributes: Mapping[str, Value]) -> "Traced | None":
        """Begin a span below the current one; None where there is none."""
        parent = CURRENT.get()
        return None if parent is None else self._begun(name, kind, parent, attributes)

    async def close(self) -> None:
        """Export what is left, as far as that gets within `CLOSE_SECONDS`, and end."""
        ending = asyncio.ensure_future(asyncio.to_thread(self._processor.shutdown))
        _, open_still = await asyncio.wait({ending}, timeout=CLOSE_SECONDS)
        if open_still:
            await asyncio.to_thread(self._give_up)
        await ending

    def ended(self, traced: "Traced", attributes: Mapping[str, Value], *, failed: bool) -> None:
        """Have a span exported that ends now."""
        parent = traced.parent
        span = ReadableSpan(
            traced.name,
            _context(traced.place, is_remote=False),
            None if parent is None else _context(parent, is_remote=traced.kind == "server"),
            self._resource,
            {**traced.attributes, **attributes},
            kind=_KINDS[traced.kind],
            status=_ERROR if failed else _UNSET,
            start_time=traced.since,
            end_time=time.time_ns(),
            instrumentation_scope=self._scope,
        )
        self._processor.on_end(span)

    def _begun(self, name: str, kind: Kind, parent: TraceContext | None, attributes: Mapping[str, Value]) -> "Traced":
        bits = self._chance.getrandbits
        trace_id = f"{bits(128) or 1:032x}" if parent is None else parent.trace_id
        place = TraceContext(trace_id, f"{bits(64) or 1:016x}", SAMPLED, None if parent is None else parent.state)
        return Traced(self, name, kind, place, parent, attributes)


class Traced:
    """A span that has begun, and its place in the trace."""

    __slots__ = ("_tracing", "attributes", "kind", "name", "parent", "place", "since")

    def __init__(
        self,
        tracing: Tracing,
        name: str,
        kind: Kind,
        place: TraceContext,
        parent: TraceContext | None,
        attributes: Mapping[str, Value],
    ) -> None:
        self._tracing = tracing
        self.name = name
        self.kind = kind
        self.place = place
        self.parent = parent
        self.attributes = attributes
        self.since = time.time_ns()

    def end(self, attributes: Mapping[str, Value], *, failed: bool = False) -> None:
        """End the span, once, with what is known at its end."""
        self._tracing.ended(self, attributes, failed=failed)


def _context(place: TraceContext, *, is_remote: bool) -> SpanContext:
    state = TraceState.from_header([place.state]) if place.state is not None else None
    return SpanContext(
        int(place.trace_id, 16), int(place.span_id, 16), is_remote, TraceFlags(place.flags | SAMPLED), state
    )
