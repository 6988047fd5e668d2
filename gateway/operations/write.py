"""What a caller asks for when something is to be written."""

from dataclasses import dataclass
from datetime import datetime

from gateway.operations.intents import Intent
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip


@dataclass(frozen=True, slots=True)
class Write:
    """One intended write: whose, with which key and content, and what it wants.

    `wait` is for how many seconds its caller waits for the outcome, before it is told that the operation goes on.
    """

    caller: str
    key: str
    fingerprint: str
    provider: Provider
    intent: Intent
    trip: Trip
    reference: str | None = None
    twin: str | None = None
    twin_allowed: bool = False
    subject: str | None = None
    valid_until: datetime | None = None
    wait: float = 10.0
