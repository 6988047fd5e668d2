"""One suite for all journals: a test that takes `journal` or `store` runs against each."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.stores import postgres_pool
from policies.journal import Journal
from support.journals import STORES, Store, store_of


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Return what is logged, instead of printing it."""
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture(autouse=True)
def a_connection_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine hundreds that want one of four connections wait for longer than production has them wait."""
    monkeypatch.setattr(postgres_pool, "WAIT_SECONDS", 30.0)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Return an empty store of each kind."""
    found = store_of(request.param, tmp_path)
    yield found
    await found.remove()


@pytest.fixture
async def journal(store: Store) -> AsyncIterator[Journal]:
    """Return an open, empty journal."""
    opened = await store.open()
    yield opened
    await opened.close()
