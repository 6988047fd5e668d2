"""What the quick journal of these tests may do that the product may not; what no gateway here does by itself."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from blockbuster import BlockBuster

from gateway import app
from gateway.providers import publishing
from support.postgres_store import SERVER
from support.simulator_thread import start_thread


@pytest.fixture(scope="session", autouse=True)
def quick_journals_may_block(blocking_calls_fail: BlockBuster) -> None:
    """The quick journal opens and runs its commands in the loop: nobody waits for it but the test."""
    for function in blocking_calls_fail.functions.values():
        function.can_block_in("support/written.py", {"run", "__init__"})


@pytest.fixture(scope="session", autouse=True)
def no_provider_is_asked_unbidden() -> Iterator[None]:
    """A gateway asks for published limits a minute after its start: tests that count requests may last longer."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(publishing, "FIRST_SECONDS", 3600.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def simulators_are_threads() -> Iterator[None]:
    """A gateway that a test runs here starts its simulators here; the commands start processes, as everywhere."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(app, "start_process", start_thread)
        yield


@pytest.fixture(scope="session", autouse=True)
def server_is_stopped() -> Iterator[None]:
    """Stop the PostgreSQL that tests started, if they did."""
    yield
    SERVER.stop()


@pytest.fixture(scope="session", autouse=True)
def types_of_postgres_are_asked_for_once() -> Iterator[None]:
    """Every connection asks anew what an array of timestamps is; tests open a thousand, and that is half of their time.

    Numbers of types below 16384 are PostgreSQL's own, and the same in each database.
    """
    connections: Any = asyncpg.connection.Connection
    introspect = connections._introspect_types
    known: dict[frozenset[int], Any] = {}

    async def remembered(connection: Any, types: Any, *bounds: Any) -> Any:
        asked = frozenset(types)
        if asked in known:
            return known[asked], SimpleNamespace(name="no statement was made")
        found, statement = await introspect(connection, types, *bounds)
        if max(asked) < 16384:
            known[asked] = found
        return found, statement

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connections, "_introspect_types", remembered)
        yield
