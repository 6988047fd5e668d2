"""How the gateway's own resources look to callers: operations, providers, rate limits, the idempotency policy."""

from datetime import datetime
from math import ceil
from typing import Literal

import msgspec

from adapters.contract.adapter import OPERATIONS
from adapters.contract.models.resources import OrderKind, Resource
from gateway.api.callers import Caller
from gateway.providers.needs import UNLIMITED
from gateway.providers.provider import Provider
from policies.budget import Mode
from policies.journal import Operation
from policies.operation import FINAL, PLACED, Phase, Placed, State


class EvidenceView(Resource, frozen=True, kw_only=True):
    """One fact about an operation."""

    at: datetime
    kind: str
    verdict: str
    phase: Phase | None = None
    status: int | None = None


class OperationView(Resource, frozen=True, kw_only=True):
    """The fate of a write: its state, whether it was placed, and the evidence. `result` or `problem` is its answer."""

    id: str
    kind: str
    state: State
    placed: Placed
    provider: str
    attempts: int
    evidence: tuple[EvidenceView, ...]
    created_at: datetime
    updated_at: datetime
    reference: str | None = None
    order_id: str | None = None
    next_check_at: datetime | None = None
    result: msgspec.Raw | None = None
    problem: msgspec.Raw | None = None
    response_purged: bool | None = None


def operation_view(operation: Operation, caller: Caller) -> OperationView:
    """Return an operation as its caller sees it."""
    answer = operation.answer
    body = msgspec.Raw(answer.body) if answer is not None and answer.body else None
    failed = answer is not None and answer.status >= 400
    return OperationView(
        id=operation.id,
        kind=operation.kind,
        state=operation.state,
        placed=PLACED[operation.state],
        provider=operation.account,
        attempts=operation.attempts,
        evidence=tuple(
            EvidenceView(
                at=one.at.replace(microsecond=0),
                kind=one.kind,
                verdict=one.verdict,
                phase=one.phase,
                status=one.status,
            )
            for one in operation.evidence
        ),
        created_at=operation.created_at.replace(microsecond=0),
        updated_at=operation.updated_at.replace(microsecond=0),
        reference=operation.reference,
        order_id=operation.subject,
        next_check_at=operation.due.replace(microsecond=0) if operation.due else None,
        result=None if failed else body,
        problem=body if failed else None,
        response_purged=True if operation.state in FINAL and answer is None else None,
    )


class Unsupported(Resource, frozen=True, kw_only=True):
    """An operation that the provider, or this account, cannot do, and why."""

    operation: str
    reason: str


class ProviderView(Resource, frozen=True, kw_only=True):
    """A configured provider: what it is, what it can do, and how its last request went."""

    id: str
    name: str
    adapter: str
    title: str
    kinds: tuple[OrderKind, ...]
    simulated: bool
    health: Literal["ok", "failing"]
    writes: Literal["allowed", "paused"]
    operations: tuple[str, ...]
    unsupported: tuple[Unsupported, ...] | None = None
    currency: str | None = None
    last_failure: str | None = None


def provider_view(provider: Provider) -> ProviderView:
    """Return a provider as callers see it."""
    adapter = provider.adapter
    able = [method for method in OPERATIONS if adapter.supports(method)]
    unable = [method for method in OPERATIONS if method not in able]
    return ProviderView(
        id=provider.name,
        name=provider.name,
        adapter=provider.adapter_name,
        title=adapter.title,
        kinds=adapter.kinds,
        simulated=provider.simulated,
        health="failing" if provider.last_failure in FAILURES else "ok",
        operations=tuple(OPERATIONS[method] for method in able),
        unsupported=tuple(Unsupported(operation=OPERATIONS[one], reason=adapter.why_not(one)) for one in unable)
        or None,
        writes="paused" if provider.writes_paused else "allowed",
        currency=adapter.currency,
        last_failure=provider.last_failure,
    )


FAILURES = frozenset({"NoAnswer", "Unavailable", "CredentialsRefused", "AccountRefused", "MalformedResponse"})


class LimitView(Resource, frozen=True, kw_only=True):
    """A rate limit of a provider that the gateway keeps, and how it stands.

    `requests` in `seconds` are let through, counted as `mode` says: `strict` until a window after their answers, `fast`
    (reads) after they left; `in_force` is less while the provider was found to allow less. `used` and
    `waiting` count requests now, `free_in` and `blocked_for` are seconds. Where each value of `partition` has a budget
    of its own, they are those of requests without a value.
    """

    id: str
    method: str
    route: str
    requests: int
    seconds: int
    mode: Mode
    source: str
    partition: str | None = None
    in_force: int | None = None
    used: int = 0
    waiting: int = 0
    free_in: int | None = None
    blocked_for: int | None = None


class ProviderLimits(Resource, frozen=True, kw_only=True):
    """The limits kept for one provider."""

    provider: str
    limits: tuple[LimitView, ...]


async def limits_view(provider: Provider) -> ProviderLimits:
    """Return the rate limits of a provider, those learned from it included. Raises PermitsUnavailable."""
    return ProviderLimits(
        provider=provider.name,
        limits=tuple(
            LimitView(
                id=rule.id,
                method=rule.method,
                route=rule.path,
                requests=rule.requests,
                seconds=max(1, ceil(rule.seconds)),
                mode=rule.mode,
                source=rule.source,
                partition=rule.partition,
                in_force=None if usage is None or usage.limit in {0, rule.requests} else usage.limit,
                used=0 if usage is None else usage.used,
                waiting=waiting,
                free_in=None if usage is None else ceil(usage.free_in) or None,
                blocked_for=None if usage is None else ceil(usage.blocked_for) or None,
            )
            for rule, usage, waiting in await provider.pacer.usage()
            if rule.requests != UNLIMITED
        ),
    )
