"""What we refuse, before anything reaches a provider.

PolicyError
├── KeyReused            the same idempotency key with other content
├── InProgress           the operation with this key has not ended, and the wait is over
├── DuplicateReference   another live or placed operation has this reference
├── CapacityExceeded     the provider's rate leaves no room within the time there is
├── ShareExceeded        the caller has too many requests waiting for a provider's rate already
├── DeadlineExceeded     the time there is was over before the request could leave
├── CircuitOpen          the provider fails, and is left alone for a while
├── LeaseLost            somebody else works on the operation now
├── Withdrawn            the operation was deleted before anything was sent
├── Overloaded           too much is under way here
├── Quarantined          the journal was restored from a backup and is not reconciled yet
├── NotKept              only a kept answer was wanted, and none is kept
└── WritesPaused         the configuration lets no write to this provider leave
"""


class PolicyError(Exception):
    """Anything a policy refuses. Nothing was sent."""


class OperationConflict(PolicyError):
    """A write that cannot go on because of another operation; `operation_id` names it, for the same caller only."""

    def __init__(self, operation_id: str | None) -> None:
        super().__init__(type(self).__name__)
        self.operation_id = operation_id


class KeyReused(OperationConflict):
    """The idempotency key was used for something else."""


class InProgress(OperationConflict):
    """The first operation with this key is still under way."""


class DuplicateReference(OperationConflict):
    """The reference belongs to another operation that is live or placed."""


class Withdrawn(PolicyError):
    """The operation was deleted before anything was sent."""


class CapacityExceeded(PolicyError):
    """The provider's documented rate leaves no room in time; `retry_after` seconds from now it may."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("CapacityExceeded")
        self.retry_after = retry_after


class ShareExceeded(PolicyError):
    """Too many requests of the same caller wait for the provider's rate; `retry_after` seconds from now it may do."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("ShareExceeded")
        self.retry_after = retry_after


class DeadlineExceeded(PolicyError):
    """The time for the request was over before it could leave."""


class CircuitOpen(PolicyError):
    """The provider fails and is left alone; `retry_after` seconds from now it may be asked again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("CircuitOpen")
        self.retry_after = retry_after


class LeaseLost(PolicyError):
    """Somebody else works on the operation now, or ended it."""


class Overloaded(PolicyError):
    """Too much is under way here; `retry_after` seconds from now it may be less."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("Overloaded")
        self.retry_after = retry_after


class NotKept(PolicyError):
    """The caller takes only an answer that is kept, and none is that would do."""


class WritesPaused(PolicyError):
    """Writes to the provider are paused by configuration; asking again before `retry_after` seconds is no use."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("WritesPaused")
        self.retry_after = retry_after


class Quarantined(PolicyError):
    """The journal was restored from a backup; what was done since is found out first. Ask again in `retry_after`."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("Quarantined")
        self.retry_after = retry_after
