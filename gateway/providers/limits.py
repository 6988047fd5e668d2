"""An account's limits: those its adapter documents, and what the configuration makes of them."""

import hmac
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, SecretStr

from adapters.contract.adapter import Adapter
from adapters.contract.traits import RateLimit
from gateway.config.limits import LimitRule, LimitsConfig
from gateway.providers.needs import Scope
from gateway.providers.pacing import Pacer
from policies.budget import Combine, Limits, Rule, rule_id
from policies.permits import Permits


def account_pacer(adapter: Adapter[Any, Any], adapter_name: str, configured: LimitsConfig, permits: Permits) -> Pacer:
    """Return the pacer of an account."""
    return Pacer(
        limits_of(adapter.limits(), adapter.combine, configured),
        permits,
        scope_of(adapter.name, adapter_name, adapter.credentials),
        share=configured.share,
        max_waiting=configured.max_waiting,
    )


def limits_of(documented: Iterable[RateLimit], combine: Combine, configured: LimitsConfig) -> Limits:
    """Return the limits to keep. Raises ValueError for some that cannot be kept, with the reason."""
    rules = {rule.id: rule for rule in rules_of(documented)} if configured.defaults else {}
    rules |= {rule.id: _rule(rule) for rule in configured.rules}
    modes = {rule.id: rule.mode for rule in configured.rules}
    return Limits(
        [
            replace(rule, mode=modes.get(rule.id) or configured.mode, transit=configured.transit)
            for rule in rules.values()
        ],
        configured.combine or combine,
    )


def rules_of(documented: Iterable[RateLimit]) -> list[Rule]:
    """Return documented limits as rules."""
    return [
        Rule(
            rule_id(limit.method, limit.route, limit.seconds),
            limit.method,
            limit.route,
            limit.requests,
            limit.seconds,
            limit.cost,
            limit.partition,
            limit.spacing,
            source=limit.source,
        )
        for limit in documented
    ]


def scope_of(account: str, adapter: str, credentials: BaseModel) -> Scope:
    """Return what the keys of an account's budgets are made of.

    The secret that hashes values is made of the account's credentials, so that everybody who shares a budget hashes
    alike, and nobody else can tell whose value it was.
    """
    values = [getattr(credentials, name) for name in sorted(type(credentials).model_fields)]
    texts = [value.get_secret_value() if isinstance(value, SecretStr) else str(value) for value in values]
    secret = hmac.digest(b"ordergate rate budgets", "\0".join([adapter, *texts]).encode(), "sha256")
    return Scope(account, f"{adapter}-{hmac.digest(secret, b'credential', 'sha256').hex()[:16]}", secret)


def _rule(configured: LimitRule) -> Rule:
    method, _, path = configured.match.partition(" ")
    return Rule(
        configured.id,
        method,
        path,
        configured.requests,
        configured.seconds,
        configured.cost,
        configured.partition,
        configured.spacing,
        ceiling=configured.ceiling,
        source="gateway.yaml",
    )
