"""Twin orders: the same goods for the same recipient, ordered again under another key a moment later.

A key protects who repeats a request with it, and a reference who orders the same number twice. This is for the rest: a
button pressed twice, a job run again, that makes a new key and a new number each time. The number is therefore no part
of what makes twins; a second live or placed order with the same one is refused whatever it holds.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from weakref import WeakValueDictionary

import structlog

from adapters.contract.models.requests import NewOrder
from gateway.operations import answers
from gateway.operations.intents import Intent
from gateway.operations.run import Run
from policies.idempotency import fingerprint
from policies.journal import Evidence, Journal, Operation
from policies.operation import HOLD

Action = Literal["warn", "hold", "reject"]

_RECIPIENT_AND_AMOUNTS = {"kind", "currency", "ship_to", "customer", "shipping_retail_price", "payout", "draft"}
_GOODS = {"product_id", "product", "quantity", "files", "inputs", "condition", "retail_price"}

log = structlog.get_logger("ordergate.twins")


def likeness(order: NewOrder) -> str:
    """Return what twins have in common: who gets what, and at which amounts. The order of lines does not matter."""
    content = order.model_dump(mode="json", include=_RECIPIENT_AND_AMOUNTS, exclude_none=True)
    lines = [line.model_dump(mode="json", include=_GOODS, exclude_none=True) for line in order.lines]
    content["lines"] = sorted(fingerprint("line", (), line) for line in lines)
    return fingerprint("orders.twin", (), content)


def said(operation: Operation) -> Evidence | None:
    """Return what was said about the operation as a twin since its key was last claimed, or None."""
    return next((one for one in reversed(_since_claimed(operation)) if one.kind == "twin"), None)


class Twins:
    """Stops or notes operations that are twins of another created up to `window` seconds before; 0 looks for none."""

    def __init__(self, journal: Journal, action: Action = "warn", window: float = 0.0) -> None:
        self._journal = journal
        self._action = action
        self._window = window
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, twin: str | None) -> AsyncIterator[None]:
        """Let claims of twins here take turns, so that of two at once the second one meets the first."""
        if twin is None or self._window <= 0 or self._action == "warn":
            yield
            return
        lock = self._turns.setdefault(twin, asyncio.Lock())
        async with lock:
            yield

    async def stop(self, run: Run) -> bool:
        """Look for a twin of an operation of which nothing was sent; tell whether it is stopped: held, or refused.

        It is looked for after the claim: of two at different instances at least one meets the other, maybe both.
        Raises JournalUnavailable, LeaseLost.
        """
        operation = run.operation
        if self._window <= 0 or operation.twin is None or operation.attempts or _judged(operation):
            return False
        since = operation.created_at - timedelta(seconds=self._window)
        found = await self._journal.twins(operation.account, operation.twin, since)
        first = next((one for one in found if one.id != operation.id), None)
        if first is None:
            return False
        log.warning("twin order", action=self._action, operation=operation.id, twin=first.id, provider=first.account)
        match self._action:
            case "warn":
                await self._warn(run, first)
                return False
            case "hold":
                await self._hold(run, first)
            case "reject":
                await self._reject(run, first)
        return True

    async def _warn(self, run: Run, first: Operation) -> None:
        fact = Evidence(datetime.now(UTC), "twin", "warned", detail=first.id)
        await self._journal.append(run.operation.id, (fact,))
        run.operation = replace(run.operation, evidence=(*run.operation.evidence, fact))

    async def _hold(self, run: Run, first: Operation) -> None:
        now = datetime.now(UTC)
        wanted = Intent.decoded(run.operation.kind, run.operation.content).content
        stated = wanted.valid_until if isinstance(wanted, NewOrder) else None
        until = stated or now + timedelta(seconds=HOLD)
        await run.store(
            "held",
            Evidence(now, "twin", "held", detail=first.id),
            cause="twin",
            valid_until=until,
            due=until,
            owner=None,
            lease_until=None,
        )

    async def _reject(self, run: Run, first: Operation) -> None:
        await run.store(
            "cancelled",
            Evidence(datetime.now(UTC), "twin", "refused", detail=first.id),
            cause="twin",
            answer=answers.of_twin(run.operation),
            due=None,
            owner=None,
            lease_until=None,
        )


def _judged(operation: Operation) -> bool:
    """Tell whether its caller allowed it, or it was noted or held already: only a person lets go what was held."""
    return any(one.kind == "twin" for one in _since_claimed(operation))


def _since_claimed(operation: Operation) -> tuple[Evidence, ...]:
    """Return the facts since the key was last claimed: those before belong to one that gave way."""
    facts = operation.evidence
    last = max((index for index, one in enumerate(facts) if one.kind == "claimed"), default=0)
    return facts[last:]
