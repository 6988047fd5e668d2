"""Logs in at a provider, by its adapter's flow."""

from datetime import UTC, datetime
from typing import Any

from adapters.contract.adapter import Adapter, Token
from adapters.contract.errors import AccountRefused, CredentialsRefused, ProviderError
from adapters.contract.flow import Flow
from gateway.points import reach
from gateway.providers.driving import Send, drive
from gateway.providers.trip import Trip
from gateway.telemetry.catalogue import LOGINS
from gateway.telemetry.metrics import Metrics


async def log_in(adapter: Adapter[Any, Any], send: Send, trip: Trip, metrics: Metrics | None) -> Token:
    """Return a fresh token. Raises what driving its flow raises."""
    reach("login")

    def flow() -> Flow[Token]:
        return (yield from adapter.login(datetime.now(UTC)))

    outcome = "failed"
    try:
        token = await drive(flow(), trip, send, name=adapter.name)
        outcome = "done"
        return token
    except ProviderError as error:
        outcome = "refused" if isinstance(error, CredentialsRefused | AccountRefused) else "failed"
        raise
    finally:
        if metrics is not None:
            metrics.add(LOGINS, adapter.name, outcome)
