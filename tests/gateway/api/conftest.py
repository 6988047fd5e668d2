"""One gateway with every provider simulated, for all tests that attack it or hold it to its documents."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from gateway import listeners
from gateway.providers import limits
from policies.budget import Limits
from support.attacker import Attacker
from support.gateway_thread import Served, gateway_in_thread
from support.published_contract import PublishedContract


@pytest.fixture(scope="session")
def attacked() -> Iterator[Served]:
    """Serve a gateway that no test breaks: what one test leaves there does not matter to another.

    It keeps an idle connection for one second, so that a client that reads to the end can tell a hang, and keeps no
    provider's rate, so that no attacker waits for one.
    """
    with ExitStack() as running:
        # While it starts only: other gateways of this process keep to their rates.
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(limits, "limits_of", lambda *_: Limits([]))
            patched.setattr(listeners, "KEEPALIVE_SECONDS", 1.0)
            served = running.enter_context(gateway_in_thread())
        yield served


@pytest.fixture(scope="session")
def contract(attacked: Served) -> PublishedContract:
    """The document that the attacked gateway publishes."""
    return PublishedContract(attacked.call("GET", "/openapi.json").body)


@pytest.fixture
def attacker(attacked: Served, contract: PublishedContract) -> Attacker:
    """A caller of the attacked gateway."""
    return Attacker(attacked, contract)


@pytest.fixture(scope="module")
def nothing_is_sent(attacked: Served) -> Iterator[None]:
    """Fail the module when a test of it made the gateway send anything to a provider, or claim anything."""
    sent, operations = attacked.requests(), attacked.call("GET", "/v1/operations").body
    yield
    assert attacked.requests() == sent
    assert attacked.call("GET", "/v1/operations").body == operations
