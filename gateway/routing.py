"""Which provider takes an order, and why not the others.

The provider the caller names, else the one its product ids belong to, else the first rule of the file that matches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.contract.errors import Violation
from gateway.config.model import Route


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules can look at."""

    caller: str
    kind: str | None = None
    country: str | None = None
    currency: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class NoRoute(Exception):
    """No provider can be chosen; `violations` name each member or rule and why."""

    def __init__(self, detail: str, violations: Sequence[Violation]) -> None:
        super().__init__(detail)
        self.detail = detail
        self.violations = tuple(violations)


def choose(
    explicit: str | None, by_product: Sequence[str], facts: Facts, rules: Sequence[Route], known: Sequence[str]
) -> str:
    """Return the provider's name. `by_product` has the provider of each line's product id. Raises NoRoute."""
    named = dict.fromkeys(by_product)
    if len(named) > 1:
        text = "the product ids belong to several providers: " + ", ".join(named)
        raise NoRoute("An order goes to one provider.", [Violation("lines", text)])
    owner = next(iter(named), None)
    if explicit is not None:
        if explicit not in known:
            raise NoRoute("There is no such provider.", [Violation("provider", f"known: {', '.join(known)}")])
        if owner is not None and owner != explicit:
            raise NoRoute(
                "The products are another provider's.", [Violation("provider", f"the products are {owner}'s")]
            )
        return explicit
    if owner is not None:
        if owner not in known:
            raise NoRoute("There is no such provider.", [Violation("lines[0].productId", f"known: {', '.join(known)}")])
        return owner
    missed = []
    for index, rule in enumerate(rules):
        why = mismatch(rule, facts)
        if why is None and rule.provider in known:
            return rule.provider
        if why is None:
            why = f"{rule.provider} is not for this caller to use"
        missed.append(Violation(f"routes[{index}]", why))
    raise NoRoute(
        "No provider is named, no product id names one, and no rule of the configuration matches.",
        missed or [Violation("provider", f"name one of {', '.join(known)}")],
    )


def mismatch(rule: Route, facts: Facts) -> str | None:
    """Return the first condition of the rule that the order does not meet, or None when it meets them all."""
    for name in ("kind", "country", "currency", "caller"):
        wanted = _choices(getattr(rule.when, name))
        actual = getattr(facts, name)
        if wanted and actual not in wanted:
            return f"{name} is {actual or 'not given'}, not {' or '.join(wanted)}"
    for key, value in (rule.when.metadata or {}).items():
        if facts.metadata.get(key) not in _choices(value):
            return f"metadata.{key} is {facts.metadata.get(key) or 'not given'}, not {' or '.join(_choices(value))}"
    return None


def _choices(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
