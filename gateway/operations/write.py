"""What a caller asks for when something is to be written."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.operations.intents import Intent
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip
from policies.journal import Evidence, Operation


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

    def operation(self, operation_id: str, worker: str, *, seconds: float, lease: float) -> Operation:
        """Return the operation that it begins as, its worker's for `lease` seconds.

        It is wanted for `seconds` where the caller does not say until when.
        """
        now = datetime.now(UTC)
        claimed = Evidence(now, "claimed", "accepted", detail=self.trip.request_id)
        allowed = (Evidence(now, "twin", "allowed"),) if self.twin_allowed else ()
        return Operation(
            id=operation_id,
            caller=self.caller,
            key=self.key,
            fingerprint=self.fingerprint,
            kind=self.intent.kind,
            account=self.provider.name,
            content=self.intent.encoded(),
            reference=self.reference,
            twin=self.twin,
            subject=self.subject,
            created_at=now,
            updated_at=now,
            valid_until=self.valid_until or now + timedelta(seconds=seconds),
            due=now,
            owner=worker,
            lease_until=now + timedelta(seconds=lease),
            evidence=(claimed, *allowed),
        )
