"""What a caller asks for when something is to be written."""

from dataclasses import dataclass
from datetime import datetime

from gateway.operations.intents import Intent
from gateway.providers.provider import Provider, Trip


@dataclass(frozen=True, slots=True)
class Write:
    """One intended write: whose, with which key and content, and what it wants."""

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
