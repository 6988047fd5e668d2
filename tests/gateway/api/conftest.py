"""One gateway with every provider simulated, for all tests that attack it or hold it to its documents."""

from collections.abc import Iterator

import pytest

from support.gateway_thread import Served, gateway_in_thread
from support.published_contract import PublishedContract


@pytest.fixture(scope="session")
def attacked() -> Iterator[Served]:
    """Serve a gateway that no test breaks: what one test leaves there does not matter to another."""
    with gateway_in_thread() as served:
        yield served


@pytest.fixture(scope="session")
def contract(attacked: Served) -> PublishedContract:
    """The document that the attacked gateway publishes."""
    return PublishedContract(attacked.call("GET", "/openapi.json").body)


@pytest.fixture(scope="module")
def nothing_is_sent(attacked: Served) -> Iterator[None]:
    """Fail the module when a test of it made the gateway send anything to a provider, or claim anything."""
    sent, operations = attacked.requests(), attacked.call("GET", "/v1/operations").body
    yield
    assert attacked.requests() == sent
    assert attacked.call("GET", "/v1/operations").body == operations
