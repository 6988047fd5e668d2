"""W3C Trace Context, Level 2: read from a caller, handed on to a provider. Knows no tracing library."""

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACESTATE = re.compile(r"[\t\x20-\x7e]{1,512}")
MAX_MEMBERS = 32
"""Members of a tracestate (3.3.1.1); one with more is dropped, as one that is too long."""
SAMPLED = 0x01


class Headers(Protocol):
    """Headers that may come more than once."""

    def getall(self, key: str, default: Sequence[str], /) -> Sequence[str]:
        """Return every value of a header."""
        ...


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace: ids in lower-case hexadecimal, flags, and what other tracing systems keep along."""

    trace_id: str
    span_id: str
    flags: int = 0
    state: str | None = None

    @property
    def sampled(self) -> bool:
        """Tell whether whoever called may have recorded it."""
        return bool(self.flags & SAMPLED)

    def headers(self) -> Mapping[str, str]:
        """Return the headers that hand it on."""
        parent = {"traceparent": f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"}
        return parent if self.state is None else {**parent, "tracestate": self.state}


CURRENT: ContextVar[TraceContext | None] = ContextVar("trace_context", default=None)
"""The span that what runs now belongs to. None where nothing is traced."""


def received(headers: Headers) -> TraceContext | None:
    """Return the caller's trace context, or None where there is none that can be understood."""
    given = headers.getall("traceparent", ())
    if len(given) != 1:
        return None
    found = _TRACEPARENT.fullmatch(given[0].strip())
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    # Of a later version only this flag is known to mean the same.
    known = int(flags, 16) if version == "00" else int(flags, 16) & SAMPLED
    return TraceContext(trace_id, span_id, known, _state(headers.getall("tracestate", ())))


def _state(given: Sequence[str]) -> str | None:
    joined = ",".join(given)
    if not _TRACESTATE.fullmatch(joined) or joined.count(",") >= MAX_MEMBERS:
        return None
    return joined
