"""Times in SQLite: whole microseconds since 1970, UTC, so that they compare as numbers and nothing is rounded."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return an aware time as microseconds."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the time, in UTC."""
    return _EPOCH + timedelta(microseconds=micros)
