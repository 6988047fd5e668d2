"""Structured logs: one JSON object a line on stderr, constant messages, never a secret, a body or a header."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from adapters.contract import codec
from gateway.telemetry.redaction import allowed
from gateway.telemetry.trace_context import CURRENT


def configure(stream: TextIO | None = None, level: int = logging.INFO, *, worker: int | None = None) -> None:
    """Log to `stream` (default: stderr) from `level` up. Call once, at the start of a process.

    Every line of one of several workers has its number.
    """
    out = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _trace_id,
            *(() if worker is None else (_Numbered(worker),)),
            _exception_by_place,
            _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(out),
        cache_logger_on_first_use=True,
    )
    silence_servers()


class _Lines:
    """Writes a line at a time, at once. A stream that is closed or full costs the line, never what is being done."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def msg(self, line: str) -> None:
        """Write one line."""
        try:
            self._out.write(line + "\n")
            self._out.flush()
        except (OSError, ValueError):
            return

    debug = info = warning = error = exception = critical = msg


def silence_servers() -> None:
    """Keep aiohttp's own loggers quiet: they print received bytes, credentials included."""
    for name in ("aiohttp.server", "aiohttp.access", "aiohttp.web", "aiohttp.client", "aiohttp.internal"):
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False


def _trace_id(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Name the trace that a line belongs to, where it does not itself."""
    trace = CURRENT.get()
    if trace is not None and event.get("trace_id") is None:
        event["trace_id"] = trace.trace_id
    return event


class _Numbered:
    """Says which worker a line is of."""

    def __init__(self, worker: int) -> None:
        self._worker = worker

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["worker"] = self._worker
        return event


def _exception_by_place(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say of an exception its class and the lines it came through, not its text, which may repeat input."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        frames = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event["frames"] = frames[-12:]
    return event


def _line(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    told = allowed(event)
    try:
        return codec.encode({name: value if _plain(value) else str(value) for name, value in told.items()}).decode()
    except (TypeError, ValueError):
        # Text that is not Unicode, from a header, say: what is logged never breaks what is done.
        return codec.encode({name: ascii(value) for name, value in told.items()}).decode()


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool | list | dict)
