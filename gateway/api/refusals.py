"""Which problems an endpoint can answer: what the OpenAPI document says, and what the tests hold the gateway to."""

from collections.abc import Mapping

from gateway.api.endpoints import Endpoint
from gateway.api.problems import TYPES

Types = Mapping[int, tuple[str, ...]]

_EVERYWHERE = (
    "malformed-request",
    "validation-failed",
    "unauthenticated",
    "issuer-unavailable",
    "forbidden",
    "not-acceptable",
    "header-too-large",
    "rate-limited",
    "internal",
)
_BODY = ("request-timeout", "payload-too-large", "unsupported-media-type")
_PROVIDER = (
    "not-found",
    "gone",
    "lossy-translation",
    "rejected-by-provider",
    "unsupported-operation",
    "provider-capacity",
    "budgets-unavailable",
    "provider-unavailable",
    "provider-credentials",
    "provider-account",
    "provider-address",
    "overloaded",
    "provider-timeout",
    "deadline-exceeded",
    "provider-malformed",
    "adapter-fault",
)
_KEY = ("idempotency-key-missing", "idempotency-key-invalid")
_WRITE = (
    *_KEY,
    "request-in-progress",
    "duplicate-order-reference",
    "twin-order",
    "not-cancellable",
    "idempotency-key-reused",
    "out-of-stock",
    "insufficient-balance",
    "price-changed",
    "writes-paused",
    "journal-unavailable",
    "journal-restored",
    "outcome-unknown",
)


def group(endpoint: Endpoint) -> str:
    """Return the kind of endpoint, which decides what it can answer: endpoints of one kind share their responses."""
    if endpoint.tag == "operations":
        return "Withdrawal" if endpoint.write else "Operation"
    if endpoint.scope is None:
        return "Gateway"
    if endpoint.kept:
        return "Kept"
    return "Write" if endpoint.write else "Read"


def possible(endpoint: Endpoint) -> Types:
    """Return the problem types that the endpoint can answer, by status."""
    kind = group(endpoint)
    names = [*_EVERYWHERE]
    if endpoint.body is not None:
        names += _BODY
    if "{" in endpoint.path:
        names.append("not-found")
    if kind in {"Read", "Kept", "Write"}:
        names += _PROVIDER
    if kind == "Kept":
        names.append("not-cached")
    if kind == "Write":
        names += _WRITE
    if kind in {"Operation", "Withdrawal"}:
        names.append("journal-unavailable")
    if kind == "Withdrawal":
        names += (*_KEY, "not-cancellable", "request-in-progress")
    found: dict[int, list[str]] = {}
    for name in dict.fromkeys(names):
        found.setdefault(TYPES[name].status, []).append(name)
    if kind == "Write":
        # Refused by the adapter or the provider, not by the schema.
        found[422].insert(0, "validation-failed")
    return {status: tuple(found[status]) for status in sorted(found)}
