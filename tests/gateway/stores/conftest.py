"""The stores that keep the journal. A store joins the suite by a name here and a branch below."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.stores.memory import MemoryJournal
from policies.journal import Journal

STORES = ("memory",)
CAPACITY = 40
"""Operations that a store holds in these tests: more than any but the tests about bounds need."""


@pytest_asyncio.fixture(params=STORES)
async def journal(request: pytest.FixtureRequest) -> AsyncIterator[Journal]:
    """An empty journal, of each store in turn."""
    assert request.param == "memory"
    yield MemoryJournal(limit=CAPACITY)
