"""Draws the conclusions from what a provider says about its limits: a refusal, a number, what remains."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from adapters.contract.limits import ToldLimit
from adapters.contract.wire import HttpRequest
from gateway.providers.needs import UNLIMITED, Need, Needs
from policies import learning
from policies.budget import Rule
from policies.permits import Budget, Permit, Permits, PermitsUnavailable

_JITTER = 0.1

log = structlog.get_logger("ordergate.provider")


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal because of too many requests, and in how many seconds to try again, if that is said."""

    retry_after: float | None


class Heeding:
    """What one account's provider says, turned into blocks that everybody who shares the budgets keeps to."""

    def __init__(self, permits: Permits, needs: Needs, chance: Callable[[], float]) -> None:
        self._permits = permits
        self._needs = needs
        self._chance = chance
        self._known: dict[tuple[str, int], float] = {}

    async def heed(
        self,
        request: HttpRequest,
        needs: Sequence[Need],
        permit: Permit | None,
        told: Sequence[ToldLimit],
        refused: Refused | None,
    ) -> None:
        """Draw the conclusions from an answer: limits that it tells, a refusal."""
        if not needs and (refused is not None or any(one.remaining == 0 for one in told)):
            needs = (self._needs.unlimited(request),)
        try:
            if refused is not None:
                await self._refusal(needs, permit, refused)
            for one in told if needs else ():
                await self._told(needs, one)
        except PermitsUnavailable:
            log.warning("what a provider tells about its limits is not kept", provider=self._needs.account)

    async def _refusal(self, needs: Sequence[Need], permit: Permit | None, refused: Refused) -> None:
        """Let nothing through for a while, and less for a while after that.

        Where one of the limits is partitioned it is that partition's affair alone.
        """
        granted = {budget.key: budget for budget, _ in permit.budgets} if permit is not None else {}
        partitioned = [need for need in needs if need.partitioned]
        for need in partitioned or needs:
            seconds = need.rule.seconds or 1.0
            # Those who share the limit do not all come back at the same moment.
            pause = learning.pause(refused.retry_after, seconds) * (1 + _JITTER * self._chance())
            await self._permits.block(need.key, pause)
            budget = granted.get(need.key)
            if budget is None or need.rule.requests == UNLIMITED:
                continue
            if self._is_news(need.key, budget):
                await self._cut(need, budget)

    async def _cut(self, need: Need, granted: Budget) -> None:
        """Raise the alarm and let fewer through for a while.

        Within what is known to be allowed nothing should be refused: somebody else uses the credentials, or the
        configuration is wrong.
        """
        log.error(
            "provider refused within its known rate",
            provider=self._needs.account,
            limit=need.rule.id,
            requests=granted.requests,
            seconds=need.rule.seconds,
        )
        for beyond, lasting in learning.cuts(granted, self._needs.budget(need).requests):
            await self._permits.block(need.key, lasting, beyond)

    def _is_news(self, key: str, granted: Budget) -> bool:
        """Tell whether a refusal says more than another one of the same burst did."""
        now = asyncio.get_running_loop().time()
        self._known = {known: until for known, until in self._known.items() if until > now}
        if (key, granted.requests) in self._known:
            return False
        self._known[key, granted.requests] = now + granted.seconds
        return True

    async def _told(self, needs: Sequence[Need], told: ToldLimit) -> None:
        """Keep to a limit that is lower than the known one, and to what remains of it until it is reset."""
        need = min(needs, key=lambda one: _distance(one.rule, told))
        rule = need.rule
        if told.requests is not None and rule.requests != UNLIMITED:
            allowed = self._needs.tell(rule, told.requests)
            if allowed is not None:
                log.warning(
                    "provider tells another limit", provider=self._needs.account, limit=rule.id, requests=allowed
                )
        reset = min(told.reset or 0.0, learning.LONGEST_BLOCK, rule.seconds or learning.LONGEST_BLOCK)
        if told.remaining is None or reset <= 0 or told.remaining >= rule.requests - 1:
            return
        usage = (await self._permits.usage([need.key])).get(need.key)
        if usage is None:
            await self._permits.block(need.key, reset, told.remaining)
        elif told.remaining < usage.limit - usage.used:
            await self._permits.block(need.key, reset, usage.used + told.remaining)


def _distance(rule: Rule, told: ToldLimit) -> tuple[float, int]:
    """Return how badly what is told fits a rule, to be compared: by window where it is told, else by number."""
    window = 0.0 if told.window is None else abs(rule.seconds - told.window)
    return window, 0 if told.requests is None else abs(rule.requests - told.requests)
