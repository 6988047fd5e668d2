"""One gateway with every provider simulated, for all tests that attack it or hold it to its documents."""

from collections.abc import Iterator

import pytest

from support.gateway_thread import Served, gateway_in_thread


@pytest.fixture(scope="session")
def attacked() -> Iterator[Served]:
    """Serve a gateway that no test breaks: what one test leaves there does not matter to another."""
    with gateway_in_thread() as served:
        yield served
