"""What may be told to whoever reads logs: fields that were thought about, in bounded length, and no others."""

from collections.abc import Mapping
from typing import Any

LONGEST = 500
"""Characters of one text in a line."""

FIELDS = frozenset(
    # of every line
    "timestamp level event exception frames request_id trace_id "
    # who asks for what
    "caller issuer held method route status milliseconds idempotency_key operation "
    # which provider, and how it went: `code` and `provider_request_id` are its words, without our secrets
    "provider step phase kind error code provider_request_id state cause move attempt twin action "
    # which of a provider's limits
    "limit requests seconds "
    # what retention let go, and what became of a restored journal
    "operations in_doubt unknown_orders not_listed order reference created_at by "
    # this process, its store, and the others that share its work
    "admin bytes free_bytes lane metric needed_bytes next_trial_seconds path pid platform providers reason simulators "
    "url warning worker workers".split()
)
"""Fields that a line may have: never a header, a body, a query, a credential, or who somebody is."""


def allowed(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that may be told; `left_out` names the others."""
    known = {name: value for name, value in event.items() if value is not None}
    told = {name: _shortened(value) for name, value in known.items() if name in FIELDS}
    if left_out := sorted(name for name in known if name not in FIELDS):
        told["left_out"] = left_out
    return told


def _shortened(value: Any) -> Any:
    return value[:LONGEST] if isinstance(value, str) and len(value) > LONGEST else value
