"""One suite for all journals: a test that takes `journal` or `store` runs against each."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from policies.journal import Journal
from support.journals import STORES, Store, store_of


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Return what is logged, instead of printing it."""
    with structlog.testing.capture_logs() as captured:
        yield captured


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
