"""What every test lives by: a loop that is never blocked, examples that repeat, and nothing left running."""

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import hypothesis
import pytest
import structlog
from blockbuster import BlockBuster

# No deadline: a shared machine is slow at any moment. No database: a run leaves nothing behind. Few examples: every run
# makes others up; ORDERGATE_EXAMPLES=2000 looks longer at once.
hypothesis.settings.register_profile(
    "default",
    deadline=None,
    database=None,
    print_blob=True,
    max_examples=int(os.environ.get("ORDERGATE_EXAMPLES", "40")),
)
# The same examples every time, so that a build that failed fails again.
hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("default"), derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Spare the collector of circles what lives as long as the run: half a million objects."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have each process begin with its part of the long tests, so that none is waited for at the end.

    Each process of pytest-xdist is given its tests in one piece; what is left is taken from the ends of the pieces.
    """
    long: dict[str, list[pytest.Item]] = {}
    for item in items:
        if (marker := item.get_closest_marker("long")) is not None:
            long.setdefault(marker.args[0] if marker.args else item.nodeid, []).append(item)
    groups = list(long.values())
    others = [item for item in items if item.get_closest_marker("long") is None]
    processes = getattr(config, "workerinput", {}).get("workercount", 1)
    ordered: list[pytest.Item] = []
    for process in range(processes):
        first = [item for group in groups[process::processes] for item in group]
        piece = (len(items) - len(ordered)) // (processes - process)
        room = max(0, piece - len(first))
        ordered += first + others[:room]
        del others[:room]
    items[:] = ordered + others


@pytest.fixture(scope="session", autouse=True)
def blocking_calls_fail() -> Iterator[BlockBuster]:
    """Raise `BlockingError` where the product's code blocks a running event loop.

    Only calls with a frame of our three packages below them count: what pytest, its plug-ins and the tests' own fakes
    do in the loop is theirs. A test that must block says so with the marker `blocking_allowed`.
    """
    detector = BlockBuster(scanned_modules=["adapters", "policies", "gateway"])
    detector.activate()
    yield detector
    detector.deactivate()


@pytest.fixture(autouse=True)
def blocking_allowed_where_marked(request: pytest.FixtureRequest, blocking_calls_fail: BlockBuster) -> Iterator[None]:
    """Switch the detector off for a test marked `blocking_allowed`."""
    if request.node.get_closest_marker("blocking_allowed") is None:
        yield
        return
    blocking_calls_fail.deactivate()
    yield
    blocking_calls_fail.activate()


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """Fail the run when its tests leave a child process or a thread that keeps the interpreter alive."""
    processes, threads = _child_processes(), set(threading.enumerate())
    yield
    left = [name for pid, name in _child_processes().items() if pid not in processes]
    left += [thread.name for thread in threading.enumerate() if thread not in threads and not thread.daemon]
    assert not left, f"left running: {left}"


def _child_processes() -> dict[int, str]:
    """Return the command lines of this process's children, where the system tells them (Linux)."""
    children: dict[int, str] = {}
    for listing in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # the thread ended meanwhile
            children |= {int(pid): _command(pid) for pid in listing.read_text().split()}
    # multiprocessing keeps its tracker until the interpreter exits
    return {pid: command for pid, command in children.items() if command and "resource_tracker" not in command}


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:  # it ended meanwhile
        return ""


@pytest.fixture(scope="session", autouse=True)
def nobody_is_trusted() -> Iterator[None]:
    """Spare each process and client the machine's two hundred authorities: tests speak to this machine only."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SSL_CERT_FILE", os.devnull)
        yield


@pytest.fixture(autouse=True)
def logging_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command that a test runs sets logging up for its own process, which is this one, and for a stream that ends.

    What a module logs with would remember it for good.
    """
    configure = structlog.configure
    monkeypatch.setattr(structlog, "configure", lambda **how: configure(**how | {"cache_logger_on_first_use": False}))
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
