"""Logs: one JSON object a line, that never says what was in an exception and never breaks what is done."""

import io
import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import structlog

from gateway.telemetry import logs


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
    """And whatever was said besides; what has no value is left out."""
    structlog.contextvars.bind_contextvars(caller="webshop")
    structlog.get_logger("x").info(
        "order placed", order="rexel:1", status=201, key=None, kinds=["a"], amount=Decimal(1)
    )
    (line,) = lines(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "order placed",
        "caller": "webshop",
        "order": "rexel:1",
        "status": 201,
        "kinds": ["a"],
        "amount": "1",
    }


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
    structlog.get_logger("x").info("seen", value=value)
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
