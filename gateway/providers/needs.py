"""Which budgets of an account a request takes from, and how large they are by all that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from adapters.contract import codec
from adapters.contract.wire import HttpRequest
from policies.budget import Limits, Rule, hashed, lower, rule_id
from policies.permits import Budget

UNLIMITED = 1_000_000_000
"""What is allowed where no limit is known: there only a pause holds requests up."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the keys of an account's budgets are made of.

    A rule is an `account`'s own, or shared by all with the same credentials: then its key begins with `credential`.
    `secret` hashes the values that rules are partitioned by, alike in every process that shares the budgets.
    """

    account: str
    credential: str
    secret: bytes


class Need(NamedTuple):
    """A rule that counts a request, and the key of the budget that it counts in."""

    rule: Rule
    key: str
    partitioned: bool


class Needs:
    """The limits of one account as they are in force: the configured, what is published, what answers told."""

    def __init__(self, limits: Limits, scope: Scope, share: float) -> None:
        self._configured = limits
        self._scope = scope
        self._share = share
        self._limits = limits.shared(share)
        self._unlimited: dict[tuple[str, str], Rule] = {}
        self._told: dict[str, int] = {}
        self._known: dict[str, Need] = {}

    @property
    def account(self) -> str:
        """Return the account's name."""
        return self._scope.account

    def of(self, request: HttpRequest) -> tuple[Need, ...]:
        """Return the budgets that a request takes from."""
        rules = self._limits.of(request.method, request.route)
        if not rules and self._unlimited and (alone := self._unlimited.get((request.method, request.route))):
            rules = (alone,)
        return tuple([self._need(rule, request) for rule in rules])

    def whole(self) -> tuple[Need, ...]:
        """Return the budget of every rule; of one with a budget for each value, that of requests without a value."""
        rules = (*self._limits.rules, *self._unlimited.values())
        return tuple(Need(rule, self._key(rule, None), partitioned=False) for rule in rules)

    def unlimited(self, request: HttpRequest) -> Need:
        """Return a budget for a method and route that has no limit, so that it can be stopped."""
        name = rule_id(request.method, request.route, 0)
        rule = Rule(name, request.method, request.route, UNLIMITED, 0.0, source="no documented limit")
        self._unlimited[request.method, request.route] = rule
        return Need(rule, self._key(rule, None), partitioned=False)

    def budget(self, need: Need, *, fast: bool = False) -> Budget:
        """Return a budget with the numbers in force."""
        budget = need.rule.budget(need.key, fast=fast)
        requests = self._told.get(need.rule.id) if self._told else None
        return budget if requests is None else budget._replace(requests=max(requests, need.rule.cost))

    def publish(self, published: Sequence[Rule]) -> None:
        """Keep to what the provider publishes about its limits, where that is lower."""
        self._limits = self._configured.learned(published).shared(self._share)

    def tell(self, rule: Rule, requests: int) -> int | None:
        """Keep to the number that an answer told, where that is lower; return the number where it is news."""
        allowed = lower(rule, max(1, int(requests * self._share)))
        if allowed == self._told.get(rule.id, rule.requests):
            return None
        self._told[rule.id] = allowed
        return allowed

    def _need(self, rule: Rule, request: HttpRequest) -> Need:
        if rule.partition is None or rule.partition == "credential":
            need = self._known.get(rule.id)
            if need is None or need.rule is not rule:
                need = self._known[rule.id] = Need(rule, self._key(rule, None), partitioned=False)
            return need
        value = member(request.body, rule.partition)
        return Need(rule, self._key(rule, None if value is None else str(value)), partitioned=True)

    def _key(self, rule: Rule, value: str | None) -> str:
        owner = self._scope.credential if rule.partition == "credential" else self._scope.account
        return f"{owner}/{rule.id}" if value is None else f"{owner}/{rule.id}/{hashed(self._scope.secret, value)}"


def member(body: bytes | None, pointer: str) -> str | int | None:
    """Return the text or number at a JSON pointer (RFC 6901), or None where there is none."""
    try:
        value = codec.decode(body or b"")
    except ValueError:
        return None
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value if isinstance(value, str | int) else None
