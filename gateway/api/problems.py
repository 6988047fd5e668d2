"""Every problem type a caller can meet, with its status and meaning, and how a problem is written (RFC 9457)."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from adapters.contract import codec
from adapters.contract.models.resources import ChangedPart, Resource

Retry = Literal["never", "same-key", "new-key"]

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One row of the table: usual status, title, and what it means and asks for (shown at `/problems/{name}`)."""

    status: int
    title: str
    meaning: str


TYPES: dict[str, ProblemType] = {
    "malformed-request": ProblemType(400, "The request cannot be read", "The body is not JSON, or nested too deeply, or a header has a value that is not allowed. Mend the request; nothing was sent."),
    "validation-failed": ProblemType(400, "The request has wrong values", "`violations` names each member and why. Status 400: against the schema; 422: refused by the adapter or the provider. Nothing was placed."),
    "idempotency-key-missing": ProblemType(400, "An Idempotency-Key is required", "Every write needs one: any text of up to 255 characters that is the same when you repeat the same intent."),
    "idempotency-key-invalid": ProblemType(400, "The Idempotency-Key cannot be read", "Give one header line: a quoted string, or bare characters of A-Z a-z 0-9 . _ : ~ + / = -."),
    "unauthenticated": ProblemType(401, "Who are you?", "Send one header `Authorization: Bearer <API key or token>`. What is wrong with one that was sent is not told here; the gateway's log says it."),
    "forbidden": ProblemType(403, "Not allowed", "The caller lacks the scope, may not use the provider, or the request came with a Host or Origin that is not configured."),
    "not-found": ProblemType(404, "Not found", "There is no such resource here or at the provider."),
    "gone": ProblemType(410, "No longer there", "The resource existed at the provider and does no longer."),
    "method-not-allowed": ProblemType(405, "Method not allowed", "The `Allow` header names the methods of this path."),
    "not-acceptable": ProblemType(406, "Not acceptable", "Answers are application/json and application/problem+json."),
    "request-timeout": ProblemType(408, "The request took too long to arrive", "The body has to arrive within ten seconds. Nothing was sent."),
    "payload-too-large": ProblemType(413, "The body is too large", "A body has at most 1 MiB."),
    "unsupported-media-type": ProblemType(415, "Unsupported media type", "Bodies are application/json in UTF-8, without a content encoding."),
    "header-too-large": ProblemType(431, "The headers are too large", "The header section has at most 16 KiB."),
    "idempotency-key-reused": ProblemType(422, "The Idempotency-Key was used for something else", "The first request with this key had another content. `placed` and `operation` tell what became of it."),
    "lossy-translation": ProblemType(422, "The provider cannot take everything", "`violations` names the members the provider has no place for. Leave them out, or choose another provider. Nothing was sent."),
    "request-in-progress": ProblemType(409, "The first request is still under way", "Another request with this key has not ended. Repeat with the same key, or follow `operation`."),
    "duplicate-order-reference": ProblemType(409, "The order reference is taken", "Another order with this reference is under way or placed. `placed` tells its fate."),
    "twin-order": ProblemType(409, "The same was ordered a moment ago", "The same goods for the same recipient were ordered under another key, and nothing was sent this time. `placed` and `operation` tell the fate of the other one. If you mean it, send the request with its key and `Ordergate-Allow-Twin: true`."),
    "rejected-by-provider": ProblemType(422, "The provider refuses", "The provider understood and said no; `provider` has its own words. The verdict is final for this key."),
    "out-of-stock": ProblemType(422, "Out of stock", "The provider does not have what was ordered. Nothing was placed."),
    "insufficient-balance": ProblemType(422, "The balance does not suffice", "The account at the provider does not cover the order. Nothing was placed."),
    "price-changed": ProblemType(422, "The price has changed", "The provider's price is no longer the one expected. Nothing was placed."),
    "not-cancellable": ProblemType(409, "Too late to change", "The order's state no longer allows this."),
    "unsupported-operation": ProblemType(501, "The provider cannot do this", "`detail` says why. GET /v1/providers lists what each provider can do."),
    "issuer-unavailable": ProblemType(503, "Tokens cannot be checked now", "The keys of the token's issuer cannot be fetched, so nobody can tell whether the token is genuine. Nothing was done for this request. Wait `retryAfter` seconds and repeat with the same key."),
    "rate-limited": ProblemType(429, "Too many requests", "Your share is used up. Wait `retryAfter` seconds and repeat with the same key."),
    "provider-capacity": ProblemType(503, "The provider's rate limit is reached", "Wait `retryAfter` seconds and repeat with the same key. Nothing was placed."),
    "provider-unavailable": ProblemType(503, "The provider cannot be reached", "Nothing was placed. Repeat with the same key."),
    "provider-credentials": ProblemType(503, "The provider refuses the gateway's credentials", "An operator has to mend the credentials in gateway.yaml. Nothing was placed."),
    "provider-account": ProblemType(503, "The provider does not allow this account", "The plan has lapsed, or the account may not do this. An operator has to settle it with the provider."),
    "provider-address": ProblemType(503, "The provider's address is wrong", "Nothing at the provider's address takes this request: `base_url`, or a path, is wrong in gateway.yaml, and an operator has to mend it. `detail` says what to compare it with. Nothing was placed."),
    "writes-paused": ProblemType(503, "Writes to this provider are paused", "An operator has paused them in gateway.yaml (`writes: paused`). Nothing was placed. Reads go on, and so does finding out what became of earlier writes. Repeat with the same key when writes are on again."),
    "journal-unavailable": ProblemType(503, "The journal cannot be used now", "Nothing is sent without it, and this request sent nothing. `placed: unknown` is said where the journal cannot even be read: nobody can tell then what an earlier request with this key did. Wait `retryAfter` seconds and repeat with the same key."),
    "budgets-unavailable": ProblemType(503, "The provider's rate limits cannot be kept now", "What counts them cannot answer, so nothing is sent. Nothing was placed. Repeat with the same key."),
    "journal-restored": ProblemType(503, "Writes wait until the restored journal is reconciled", "The gateway was started on a journal from a backup and finds out what was done since. Nothing was sent. Reads and replays go on. Repeat with the same key."),
    "overloaded": ProblemType(503, "The gateway has too much to do", "Wait `retryAfter` seconds and repeat with the same key."),
    "provider-timeout": ProblemType(504, "The provider did not answer in time", "Nothing was changed. Repeat."),
    "outcome-unknown": ProblemType(504, "It may have been done", "The request may have reached the provider, and its answer did not come back, does not say whether it was done (`provider` has the provider's last words), or could not be stored. Do not order again with another key; follow `operation`, or repeat with the same key."),
    "deadline-exceeded": ProblemType(504, "Out of time", "The time for this request was over before the provider was asked."),
    "not-cached": ProblemType(504, "No answer is kept", "`Cache-Control: only-if-cached` asked for an answer that need not be fetched, and there is none that is young enough. Nothing was sent."),
    "provider-malformed": ProblemType(502, "The provider's answer cannot be read", "The provider answered, and not as documented."),
    "adapter-fault": ProblemType(502, "A fault in the adapter", "The adapter spoke to the provider wrongly, or failed itself: our fault, please report it. Nothing was placed."),
    "internal": ProblemType(500, "A fault in the gateway", "Our fault, please report it with the request id. Nothing was sent."),
}  # fmt: skip


class ProblemViolation(Resource, frozen=True, kw_only=True):
    """One member that is wrong, and why."""

    name: str
    reason: str


class ProviderWords(Resource, frozen=True, kw_only=True):
    """What the provider itself said."""

    name: str
    status: int | None = None
    code: str | None = None
    message: str | None = None
    request_id: str | None = None


class Problem(Resource, frozen=True, kw_only=True):
    """Why something was not done, for programs (`type`, `placed`, `retry`) and people (`title`, `detail`).

    `violations` are members of the request. `parts` are what came of each line or shipment of a change, as in a 200.
    """

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    request_id: str | None = None
    violations: tuple[ProblemViolation, ...] | None = None
    parts: tuple[ChangedPart, ...] | None = None
    placed: Literal["yes", "no", "unknown", "pending"] | None = None
    retry: Retry | None = None
    retry_after: int | None = None
    operation: str | None = None
    next_check_at: str | None = None
    provider: ProviderWords | None = None
    response_purged: bool | None = None
    incomplete: tuple["Incomplete", ...] | None = None

    @property
    def name(self) -> str:
        """Return the type's name in the table."""
        return self.type.rpartition("/")[2]

    def encoded(self) -> bytes:
        """Return the JSON."""
        return codec.encode(self)


class Incomplete(Resource, frozen=True, kw_only=True):
    """A provider whose part of a list is missing, and why."""

    provider: str
    problem: Problem


def problem(name: str, detail: str | None = None, *, status: int | None = None, **members: object) -> Problem:
    """Return a problem of a type in the table; `status` only where the type has two."""
    kind = TYPES[name]
    members = {member: value for member, value in members.items() if value is not None and value != ()}
    return msgspec.structs.replace(
        Problem(type=f"/problems/{name}", title=kind.title, status=status or kind.status, detail=detail), **members
    )
