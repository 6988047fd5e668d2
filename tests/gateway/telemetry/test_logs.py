"""Logs: one JSON object a line, that never says what was in an exception and never breaks what is done."""

import ast
import io
import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import structlog

from architecture.source import python_files, tree
from gateway.telemetry import logs
from gateway.telemetry.redaction import FIELDS
from gateway.telemetry.trace_context import CURRENT, TraceContext


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where the log goes; afterwards it is as it was."""
    kept = {name: logging.getLogger(name) for name in ("aiohttp.server", "aiohttp.access", "aiohttp.client")}
    before = {name: (logger.handlers, logger.propagate) for name, logger in kept.items()}
    stream = io.StringIO()
    logs.configure(stream)
    # A logger that is kept would go on to print here after the test.
    structlog.configure(cache_logger_on_first_use=False)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    for name, (handlers, propagate) in before.items():
        kept[name].handlers, kept[name].propagate = handlers, propagate


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    """Return what was logged."""
    return [msgspec.json.decode(line) for line in out.getvalue().splitlines()]


def test_a_line_is_an_object_with_time_level_and_event(out: io.StringIO) -> None:
    """And the fields that may be told; what has no value is left out."""
    structlog.contextvars.bind_contextvars(caller="webshop")
    structlog.get_logger("x").info(
        "order placed", operation="o-1", status=201, route=None, providers=["a"], milliseconds=Decimal(1)
    )
    (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "order placed",
        "caller": "webshop",
        "operation": "o-1",
        "status": 201,
        "providers": ["a"],
        "milliseconds": "1",
    }


def test_a_field_that_nobody_thought_about_is_left_out(out: io.StringIO) -> None:
    """Its name is told, so that somebody may."""
    structlog.get_logger("x").info("seen", status=200, headers={"Authorization": "canary-7261"}, body=b"canary-7261")
    (line,) = lines(out)
    assert line["status"] == 200
    assert line["left_out"] == ["body", "headers"]
    assert "canary" not in out.getvalue()


def test_a_text_is_cut_where_it_is_long(out: io.StringIO) -> None:
    """A line holds what somebody reads."""
    structlog.get_logger("x").info("seen", reason="x" * 10_000)
    assert lines(out)[0]["reason"] == "x" * 500


def test_a_line_names_the_trace_it_belongs_to(out: io.StringIO) -> None:
    """The current one; one that is named in the line is another."""
    token = CURRENT.set(TraceContext("a" * 32, "b" * 16))
    try:
        structlog.get_logger("x").info("seen")
        structlog.get_logger("x").info("seen", trace_id="c" * 32)
    finally:
        CURRENT.reset(token)
    structlog.get_logger("x").info("seen", trace_id=None)
    assert [line.get("trace_id") for line in lines(out)] == ["a" * 32, "c" * 32, None]


def logged() -> list[tuple[str, ast.Call]]:
    """Return where the gateway logs, and each call."""
    return [
        (f"{path}:{call.lineno}", call)
        for path in python_files("gateway")
        for call in ast.walk(tree(path))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
    ]


def test_every_message_is_constant_and_every_field_is_allowed() -> None:
    """A message can be searched for; a new field goes through gateway/telemetry/redaction.py."""
    calls = logged()
    assert len(calls) > 20
    wrong = [place for place, call in calls if not (len(call.args) == 1 and isinstance(call.args[0], ast.Constant))]
    wrong += [f"{place} {field.arg}" for place, call in calls for field in call.keywords if field.arg not in FIELDS]
    assert wrong == []


def test_what_is_below_the_level_is_not_logged(out: io.StringIO) -> None:
    """Info is; debug is not."""
    structlog.get_logger("x").debug("detail")
    assert lines(out) == []


def test_an_exception_is_told_by_class_and_place(out: io.StringIO) -> None:
    """Its text may repeat input, and a local variable hold a secret: neither is logged."""

    def failing(secret: str) -> None:
        raise ValueError(f"refused {secret}")

    try:
        failing("canary-7261")
    except ValueError as error:
        structlog.get_logger("x").exception("it failed")
        structlog.get_logger("x").error("again", exc_info=error)
        structlog.get_logger("x").error("and again", exc_info=(type(error), error, error.__traceback__))
    told = lines(out)
    assert [line["exception"] for line in told] == ["ValueError"] * 3
    assert all(line["frames"][-1].startswith("test_logs.py:") for line in told)
    assert all(line["frames"][-1].endswith(" failing") for line in told)
    assert "canary" not in out.getvalue()


def test_no_exception_is_no_exception(out: io.StringIO) -> None:
    """A logger asked to tell one where there is none."""
    structlog.get_logger("x").error("fine", exc_info=True)
    assert "exception" not in lines(out)[0]


@pytest.mark.parametrize("value", ["\udcff bytes", ["\udcff"], {"a": object()}, {1: {2, 3}}, [object], "line\nfeed"])
def test_nothing_that_is_logged_breaks_the_line_or_the_program(out: io.StringIO, value: object) -> None:
    """Bytes that are no text come in headers; whatever it is, it is one line of JSON."""
    structlog.get_logger("x").info("seen", reason=value)
    (line,) = lines(out)
    assert "seen" in line["event"]


def test_the_servers_own_loggers_are_silent(out: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    """They print received bytes: nothing of theirs is printed, or reaches whoever else listens."""
    listener = logging.StreamHandler(io.StringIO())
    logging.getLogger().addHandler(listener)
    try:
        for name in ("aiohttp.server", "aiohttp.access", "aiohttp.client"):
            logging.getLogger(name).error("canary-7261")
    finally:
        logging.getLogger().removeHandler(listener)
    captured = capfd.readouterr()
    assert "canary" not in out.getvalue() + captured.out + captured.err
    assert listener.stream.getvalue() == ""
