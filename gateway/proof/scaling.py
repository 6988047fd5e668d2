"""Times scaled down to the simulators, set in a gateway's process before it serves; a run prints them all."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any

from adapters import registry
from adapters.contract.traits import Trait
from gateway.proof.accounts import ACCOUNTS
from gateway.proof.plan import HORIZON, SETTLE, Plan

WRITE = 4.0
LEASE = 5.0
BACKOFF = (0.3, 0.3, 0.5, 0.5, 1.0)
SKEW = timedelta(seconds=2)
"""All clocks are one, and orders come so fast that minutes more of a provider's list are many pages more to read."""

SCALED: tuple[tuple[str, str, Any], ...] = (
    # module, name, value instead of the one that production has
    ("gateway.app", "HORIZON_SECONDS", HORIZON),
    ("gateway.api.writes", "WRITE_SECONDS", WRITE),
    ("gateway.operations.engine", "WRITE_SECONDS", WRITE),
    ("gateway.operations.resolver", "WRITE_SECONDS", WRITE),
    ("gateway.operations.engine", "LEASE_SECONDS", LEASE),
    ("gateway.operations.worker", "LEASE_SECONDS", LEASE),
    ("gateway.operations.worker", "INTERVAL", 0.1),
    ("gateway.providers.tokens", "FRESH_SECONDS", 0.0),
    ("policies.operation", "BACKOFF", BACKOFF),
    ("gateway.operations.situations", "CLOCK_SKEW", SKEW),
)


def scale(plan: Plan) -> None:
    """Scale the times of this process. Raises AttributeError for one that is not there any more."""
    for module_name, name, value in SCALED:
        module = import_module(module_name)
        getattr(module, name)
        setattr(module, name, value)
    for adapter in {account.adapter for account in ACCOUNTS}:
        kind = registry.load(adapter).adapter
        kind.traits = _scaled(kind.traits, plan)  # type: ignore[method-assign]


def _scaled(traits: Any, plan: Plan) -> Any:
    def scaled(self: Any) -> Mapping[str, Trait]:
        return {name: settling(trait, plan) for name, trait in traits(self).items()}

    return scaled


def settling(trait: Trait, plan: Plan) -> Trait:
    """Return a trait with the time to settle and what follows from absence as the plan has them."""
    if trait.kind in {"none", "natural"}:
        return trait
    return replace(trait, settle=min(trait.settle, SETTLE), on_absent=plan.profile)
