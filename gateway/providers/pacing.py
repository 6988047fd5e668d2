"""Keeps an account within its provider's rates, and quiet for as long as the provider asks."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import structlog
from aiolimiter import AsyncLimiter

from adapters.contract.limits import ToldLimit
from adapters.contract.wire import HttpRequest
from gateway.providers.evidence import WirePhase
from gateway.providers.heeding import Heeding, Refused
from gateway.providers.lines import TRANSIT, Demand
from gateway.providers.needs import Need, Needs, Scope
from gateway.providers.waiting import WaitingRoom
from policies.budget import CLOCK_RATE, Limits, Rule
from policies.permits import Permit, Permits, PermitsUnavailable, Usage
from policies.queueing import NOBODY, Standing
from policies.reserve import Reserve

MAX_WAITING = 200
"""How many requests of one caller may wait in one line, unless configured."""

log = structlog.get_logger("ordergate.provider")


class Pacer:
    """The limits of one account, and whoever waits for them. `share` is the part of every limit that is used here."""

    def __init__(
        self,
        limits: Limits,
        permits: Permits,
        scope: Scope,
        *,
        share: float = 1.0,
        max_waiting: int = MAX_WAITING,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._permits = permits
        self._needs = Needs(limits, scope, share)
        self._heeding = Heeding(permits, self._needs, chance)
        self._room = WaitingRoom(permits, max_waiting)
        self._reserves: dict[str, Reserve] = {}
        self._spacing: dict[str, AsyncLimiter] = {}

    def admitted(self, request: HttpRequest, seconds: float, standing: Standing = NOBODY) -> "Admission":
        """Return a context to send `request` in. Entering it waits for room, within `seconds`.

        Entering raises CapacityExceeded when there will be no room in time, at once where that is known;
        ShareExceeded when too many of the same caller wait; PermitsUnavailable. Nothing may be sent then.
        """
        return Admission(self, self._needs.of(request), request, seconds, standing)

    def learn(self, published: Sequence[Rule]) -> None:
        """Keep to what the provider publishes about its limits, where that is lower."""
        self._needs.publish(published)

    async def usage(self) -> list[tuple[Rule, Usage | None, int]]:
        """Return how the budget of every rule stands, None where unused, and how many wait for it.

        Of a rule with a budget for each value it is the one of requests without a value.
        """
        needs = self._needs.whole()
        usage = await self._permits.usage([need.key for need in needs])
        return [(need.rule, usage.get(need.key), self._room.waiting(need.key)) for need in needs]

    async def stands(self, keys: Sequence[str]) -> Mapping[str, Usage]:
        """Return how budgets stand, by key. Raises PermitsUnavailable."""
        return await self._permits.usage(keys)

    async def enter(self, needs: Sequence[Need], request: HttpRequest, seconds: float, standing: Standing) -> Permit:
        """Return a permit for a request. Raises what `admitted` says."""
        fast = request.effect == "read" and all(need.rule.mode == "fast" for need in needs)
        slots = [(self._needs.budget(need, fast=fast), need.rule.cost) for need in needs]
        spacing = tuple(self._pacer(need.rule) for need in needs if need.rule.spacing > 0)
        reserves = [self._reserve(need.rule) for need in needs]
        left = () if standing.is_urgent else reserves
        permit = await self._room.permit(standing, Demand(slots, not fast, spacing, left), seconds)
        if standing.is_urgent:
            for reserve, need in zip(reserves, needs, strict=True):
                reserve.taken(_counted(need), _now())
        return permit

    async def leave(
        self, needs: Sequence[Need], permit: Permit, standing: Standing, *, sent: bool, linger: float
    ) -> None:
        """Give a permit back that `enter` has returned for the same."""
        for need, (budget, _) in zip(needs, permit.budgets, strict=True) if standing.is_urgent else ():
            until = _now() + budget.seconds + linger if sent else None
            self._reserve(need.rule).given_back(_counted(need), until)
        try:
            await self._permits.give_back(permit, sent, linger)
        except PermitsUnavailable:
            # It comes back by itself, later. The answer that was read counts more.
            log.warning("permit not given back", provider=self._needs.account)
        if not sent:
            self._room.freed(permit)

    async def heed(
        self,
        request: HttpRequest,
        needs: Sequence[Need],
        permit: Permit | None,
        told: Sequence[ToldLimit],
        refused: Refused | None,
    ) -> None:
        """Draw the conclusions from what an answer says about limits."""
        await self._heeding.heed(request, needs, permit, told, refused)

    def _reserve(self, rule: Rule) -> Reserve:
        reserve = self._reserves.get(rule.id)
        if reserve is None:
            reserve = self._reserves[rule.id] = Reserve(rule.seconds * CLOCK_RATE)
        return reserve

    def _pacer(self, rule: Rule) -> AsyncLimiter:
        pacer = self._spacing.get(rule.id)
        if pacer is None:
            pacer = self._spacing[rule.id] = AsyncLimiter(1, rule.spacing * CLOCK_RATE)
        return pacer


class Admission:
    """A request's way past its limits: entered when there is room in all of them.

    Say inside when it may leave (`leaving`) and what became of it (`failed`, `answered`, `refused`). What was not about
    to leave was not sent.
    """

    __slots__ = (
        "_linger",
        "_pacer",
        "_permit",
        "_refused",
        "_request",
        "_seconds",
        "_sent",
        "_standing",
        "_told",
        "needs",
    )

    def __init__(
        self, pacer: Pacer, needs: Sequence[Need], request: HttpRequest, seconds: float, standing: Standing
    ) -> None:
        self.needs = needs
        self._pacer = pacer
        self._request = request
        self._seconds = seconds
        self._standing = standing
        self._permit: Permit | None = None
        self._sent = False
        self._linger = 0.0
        self._told: Sequence[ToldLimit] = ()
        self._refused: Refused | None = None

    def leaving(self) -> None:
        """Say that from now on bytes may leave."""
        self._sent, self._linger = True, TRANSIT

    def failed(self, phase: WirePhase) -> None:
        """Say that no whole answer came, and how far the request got."""
        self._sent = phase != "not-sent"
        self._linger = 0.0 if phase == "answered-partly" else TRANSIT

    def answered(self, told: Sequence[ToldLimit] = ()) -> None:
        """Say that the answer was read, and what it tells about limits."""
        self._sent, self._linger, self._told = True, 0.0, told

    def refused(self, retry_after: float | None) -> None:
        """Say that the answer was a refusal because of too many requests, and the wait it asks for, in seconds."""
        self._refused = Refused(retry_after)

    async def __aenter__(self) -> Self:
        if self.needs:
            self._permit = await self._pacer.enter(self.needs, self._request, self._seconds, self._standing)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._permit is not None:
            await self._pacer.leave(self.needs, self._permit, self._standing, sent=self._sent, linger=self._linger)
        if self._told or self._refused is not None:
            await self._pacer.heed(self._request, self.needs, self._permit, self._told, self._refused)


def _counted(need: Need) -> int:
    """Return what an urgent request counts: of the budgets that are one value's each nobody knows the next."""
    return 0 if need.partitioned else need.rule.cost


def _now() -> float:
    return asyncio.get_running_loop().time()
