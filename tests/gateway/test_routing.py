"""Which provider takes an order, and why not the others."""

import pytest

from gateway.config.model import Route, When
from gateway.routing import Facts, NoRoute, choose

RULES = (
    Route(when=When(kind=("tradeIn",)), provider="reusely"),
    Route(when=When(country=("DE", "AT"), currency=("EUR",)), provider="gelato"),
    Route(when=When(metadata={"team": ("games",)}), provider="reseller"),
)
KNOWN = ("gelato", "reseller", "reusely")


def test_the_provider_that_is_named_takes_it() -> None:
    """Explicit wins over rules."""
    assert choose("reseller", [], Facts("app", kind="tradeIn"), RULES, KNOWN) == "reseller"


def test_the_products_name_their_provider() -> None:
    """Product ids win over rules."""
    assert choose(None, ["gelato", "gelato"], Facts("app", kind="tradeIn"), RULES, KNOWN) == "gelato"


@pytest.mark.parametrize(
    ("facts", "provider"),
    [
        (Facts("app", kind="tradeIn", country="DE", currency="EUR"), "reusely"),
        (Facts("app", country="AT", currency="EUR"), "gelato"),
        (Facts("app", metadata={"team": "games"}), "reseller"),
    ],
)
def test_the_first_rule_that_matches_decides(facts: Facts, provider: str) -> None:
    """Rules are tried in the file's order; every condition must hold."""
    assert choose(None, [], facts, RULES, KNOWN) == provider


def test_what_did_not_match_is_named() -> None:
    """Each rule says its first condition that failed."""
    with pytest.raises(NoRoute) as caught:
        choose(None, [], Facts("app", kind="purchase", country="DE", currency="CHF"), RULES, KNOWN)
    assert [(one.name, one.reason) for one in caught.value.violations] == [
        ("routes[0]", "kind is purchase, not tradeIn"),
        ("routes[1]", "currency is CHF, not EUR"),
        ("routes[2]", "metadata.team is not given, not games"),
    ]


@pytest.mark.parametrize(
    ("explicit", "by_product", "member"),
    [
        ("nobody", [], "provider"),
        ("gelato", ["reseller"], "provider"),
        (None, ["gelato", "reseller"], "lines"),
        (None, ["nobody"], "lines[0].productId"),
    ],
)
def test_a_contradiction_is_refused(explicit: str | None, by_product: list[str], member: str) -> None:
    """An order goes to one provider, one that there is, and the one its products belong to."""
    with pytest.raises(NoRoute) as caught:
        choose(explicit, by_product, Facts("app"), RULES, KNOWN)
    assert [one.name for one in caught.value.violations] == [member]
