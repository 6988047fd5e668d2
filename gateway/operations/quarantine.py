"""Reconciles a journal that was restored from a backup with what was done at the providers since.

    begin      what had not ended by the backup may have been done since: it is in doubt, and is looked up
    listed     each provider that can be asked for its orders since the backup is: what the journal does not know is
               recorded, so that nobody orders the same reference again
    end        when no doubt is left, or by a person's word; until then nothing new begins and nothing is sent

What was open is never sent again by itself, also after the end: what is not found is left to a person.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from adapters.contract.errors import AdapterError
from adapters.contract.models.resources import Order
from gateway.errors import AdapterFault
from gateway.operations import answers
from gateway.operations.engine import Engine
from gateway.operations.gap import NotListed, orders_since
from gateway.operations.situations import CLOCK_SKEW, FOUND_BY, RESTORED
from gateway.providers.provider import Provider
from policies.errors import PolicyError
from policies.journal import Change, Evidence, JournalUnavailable, Operation, StoredAnswer
from policies.operation import ENDED, State, pause

OPEN: tuple[State, ...] = ("unknown", "accepted", "held", "sending")
"""States of the backup in which a request may have left since, first what the others become; `pending` is polled on."""
INTERVAL = 1.0
TRIES = 20
"""How often it is tried to list a provider's orders, with growing pauses of up to five minutes."""
PAGE = 200

log = structlog.get_logger("ordergate.quarantine")


class Quarantine:
    """Keeps an engine from sending until its restored journal is reconciled."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._journal = engine.journal
        self._task: asyncio.Task[None] | None = None
        self._tries = 0
        self.unlisted = {name for name, one in engine.providers.items() if one.adapter.supports("place_order")}
        self.not_listed: set[str] = set()
        self.found: list[str] = []

    async def begin(self) -> None:
        """Doubt what had not ended, before anybody works on it. Raises JournalUnavailable."""
        self._engine.quarantined = True
        count = 0
        for state in OPEN:
            async for operation in self._in_state(state):
                count += await self._doubted(operation)
        log.warning("quarantine begins", in_doubt=count, providers=sorted(self.unlisted))

    def start(self) -> None:
        """Begin to reconcile."""
        self._task = asyncio.create_task(self._reconcile(), name="quarantine")

    async def stop(self) -> None:
        """Reconcile no more; nothing is let go by that."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def end(self, by: str) -> None:
        """Let writes begin again."""
        if self._engine.quarantined:
            log.warning(
                "quarantine ends",
                by=by,
                unknown_orders=len(self.found),
                not_listed=sorted(self.unlisted | self.not_listed),
            )
            self._engine.quarantined = False
        if by != "itself":
            await self.stop()

    async def told(self) -> dict[str, object]:
        """Return how far it is, for an operator. Raises JournalUnavailable."""
        return {
            "active": self._engine.quarantined,
            "inDoubt": await self.in_doubt(),
            "unknownOrders": self.found,
            "stillToList": sorted(self.unlisted),
            "cannotBeListed": sorted(self.not_listed),
        }

    async def in_doubt(self) -> int:
        """Return how many operations wait for a look-up, a thousand at most. Raises JournalUnavailable."""
        counts = [
            len(await self._journal.search(None, state=state, account=name, limit=1000))
            for state in OPEN
            for name in self._engine.providers
        ]
        return sum(counts)

    async def _doubted(self, operation: Operation) -> bool:
        now = datetime.now(UTC)
        provider = self._engine.providers.get(operation.account)
        # It may have left until the journal was lost, and no request is under way any more.
        over = now - timedelta(seconds=0.0 if provider is None else provider.order_seconds)
        doubted = replace(
            operation,
            state="unknown",
            doubt=True,
            updated_at=now,
            version=operation.version + 1,
            first_sent_at=operation.first_sent_at or operation.created_at,
            last_sent_at=over,
            probes=0,
            due=now,
            owner=None,
            lease_until=None,
            answer=answers.of_doubt(operation),
        )
        return await self._journal.update(doubted, Change((Evidence(now, RESTORED, operation.state),)))

    async def _in_state(self, state: State) -> AsyncIterator[Operation]:
        before: str | None = None
        while found := await self._journal.search(None, state=state, before=before, limit=PAGE):
            for operation in found:
                yield operation
            before = found[-1].id

    async def _reconcile(self) -> None:
        while True:
            try:
                since = await self._last_known()
                for name in sorted(self.unlisted):
                    await self._listed(self._engine.providers[name], since)
                if (not self.unlisted or self._tries >= TRIES) and not await self.in_doubt():
                    await self.end("itself")
                    return
            except JournalUnavailable as error:
                log.warning("journal unavailable", reason=str(error))
            self._tries += bool(self.unlisted)
            await asyncio.sleep(pause(self._tries) if self.unlisted and self._tries < TRIES else INTERVAL)

    async def _last_known(self) -> datetime | None:
        """Return when the newest operation of the backup began, a little before that, or None without any."""
        before: str | None = None
        while found := await self._journal.search(None, before=before, limit=PAGE):
            newest = next((one for one in found if one.caller != FOUND_BY), None)
            if newest is not None:
                return newest.created_at - CLOCK_SKEW
            before = found[-1].id
        return None

    async def _listed(self, provider: Provider, since: datetime | None) -> None:
        """Record the provider's orders since then that are not in the journal. Raises JournalUnavailable."""
        if self._tries >= TRIES:
            return
        try:
            found = await orders_since(provider, since)
        except NotListed as error:
            log.warning("orders cannot be listed", provider=provider.name, reason=str(error))
            self.not_listed.add(provider.name)
            self.unlisted.discard(provider.name)
            return
        except (AdapterError, PolicyError, AdapterFault) as error:
            log.warning("orders not listed", provider=provider.name, error=type(error).__name__)
            return
        for order in found:
            if not await self._is_known(provider, order):
                await self._record(provider, order)
        self.unlisted.discard(provider.name)

    async def _is_known(self, provider: Provider, order: Order) -> bool:
        if await self._journal.search(None, account=provider.name, subject=order.id, limit=1):
            return True
        if order.reference is None:
            return False
        same = await self._journal.search(None, account=provider.name, reference=order.reference, limit=20)
        return any(one.kind == "orders.place" and (one.state not in ENDED or one.state == "succeeded") for one in same)

    async def _record(self, provider: Provider, order: Order) -> None:
        now = datetime.now(UTC)
        operation_id = self._engine.new_id()
        await self._journal.claim(
            Operation(
                id=operation_id,
                caller=FOUND_BY,
                key=order.id,
                fingerprint=FOUND_BY,
                kind="orders.place",
                account=provider.name,
                created_at=order.created_at or now,
                updated_at=now,
                state="succeeded",
                reference=order.reference,
                subject=order.id,
                cause="found after a restore",
                answer=StoredAnswer(202, {"location": answers.operation_path(operation_id)}, b""),
                evidence=(Evidence(now, RESTORED, "found at the provider"),),
            )
        )
        self.found.append(order.id)
        log.error(
            "order unknown to the restored journal",
            provider=provider.name,
            order=order.id,
            reference=order.reference,
            created_at=None if order.created_at is None else order.created_at.isoformat(),
        )
