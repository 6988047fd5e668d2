"""What the gateway says about itself: providers, accounts, rate limits, the idempotency policy."""

from adapters.contract.models.resources import Resource
from gateway.api.context import Answer, Call, Query
from gateway.api.keys import MAX_KEY_LENGTH
from gateway.api.lists import Listing
from gateway.api.views import limits_view, provider_view
from gateway.api.writes import DEFAULT_WAIT, MAX_WAIT
from gateway.stores.rows import ANSWER_DAYS, REQUEST_DAYS, TOMBSTONE_DAYS


class NoQuery(Query):
    """No query parameters."""


class Retention(Resource, frozen=True, kw_only=True):
    """For how long each is kept after an operation has ended, as ISO 8601 durations."""

    request: str
    answer: str
    key: str


class IdempotencyPolicy(Resource, frozen=True, kw_only=True):
    """How idempotency keys work here (the resource that the IETF draft asks to publish)."""

    header: str
    required_for: tuple[str, ...]
    format: str
    maximum_length: int
    scope: str
    fingerprint: str
    expires_after: str
    retention: Retention
    replay: str
    conflicts: str
    default_wait: int
    maximum_wait: int


async def list_providers(call: Call) -> Answer:
    """List the providers the caller may use."""
    call.query(NoQuery)
    return Answer(Listing(items=tuple(provider_view(provider) for provider in call.usable())))


async def get_provider(call: Call) -> Answer:
    """Read one provider."""
    call.query(NoQuery)
    return Answer(provider_view(call.provider(call.http.match_info["provider"])))


async def get_account(call: Call) -> Answer:
    """Read the account at a provider."""
    call.query(NoQuery)
    provider = call.provider(call.http.match_info["provider"])
    return Answer(await provider.run(provider.adapter.get_account(), call.trip()))


async def get_rate_limits(call: Call) -> Answer:
    """List the rate limits that the gateway keeps for each provider, and how they stand."""
    call.query(NoQuery)
    return Answer(Listing(items=tuple([await limits_view(provider) for provider in call.usable()])))


async def get_idempotency(call: Call) -> Answer:
    """Read the idempotency policy."""
    call.query(NoQuery)
    return Answer(
        IdempotencyPolicy(
            header="Idempotency-Key",
            required_for=("POST", "PATCH", "DELETE"),
            format='A structured-field string ("8e03978e-40d5") or the same text bare; both spell the same key.',
            maximum_length=MAX_KEY_LENGTH,
            scope="One caller; the key names one intended write, whatever the endpoint.",
            fingerprint="The kind of write, its resource, and the JSON content as it was sent: every digit counts, "
            "white space and the order of members do not. Headers do not belong to it.",
            retention=Retention(request=f"P{REQUEST_DAYS}D", answer=f"P{ANSWER_DAYS}D", key=f"P{TOMBSTONE_DAYS}D"),
            replay="Idempotency-Replayed: true with the first answer; without it, once that is let go, the operation "
            "with responsePurged: true.",
            conflicts="400 without a key or with one that cannot be read; 409 while the first request is under way; "
            "422 where the key was used for something else.",
            expires_after="400 days after the operation has ended, its answer after 30; with the store memory:, "
            "the end of the process. A key is never used again for something else while it is known.",
            default_wait=int(DEFAULT_WAIT),
            maximum_wait=int(MAX_WAIT),
        )
    )
