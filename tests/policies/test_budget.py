"""Which limits count a request, and what is learned of them."""

import pytest

from policies.budget import Limits, Rule, hashed, rule_id
from policies.learning import cuts
from policies.permits import Budget


@pytest.mark.parametrize(
    ("limit", "request_", "counts"),
    [
        (("*", "*"), ("POST", "/a/b/c"), True),
        (("GET", "*"), ("POST", "/a"), False),
        (("GET", "/orders"), ("GET", "/orders"), True),
        (("GET", "/orders"), ("GET", "/orders/{order_id}"), False),
        (("GET", "/orders/*"), ("GET", "/orders/{order_id}"), True),
        (("GET", "/orders/*"), ("GET", "/orders/{order_id}/lines"), False),
        (("GET", "/orders/{id}"), ("GET", "/orders/{order_id}"), True),
        (("GET", "/*/{order_id}"), ("GET", "/orders/{order_id}"), True),
        (("*", "/admin/**"), ("PUT", "/admin/a/b"), True),
        (("*", "/admin/**"), ("PUT", "/public/a/b"), False),
    ],
)
def test_limits_match_by_method_and_route(limit: tuple[str, str], request_: tuple[str, str], counts: bool) -> None:
    """`*` is any method, any route or any one segment, as a name is; a last `**` is the rest."""
    assert Rule("a", *limit, 1, 1.0).matches(*request_) is counts


RULES = [
    Rule("all", "*", "*", 9, 1.0),
    Rule("deep", "GET", "/a/**", 8, 1.0),
    Rule("any", "*", "/a/*", 7, 1.0),
    Rule("get", "GET", "/a/*", 6, 1.0),
    Rule("get-60s", "GET", "/a/*", 5, 60.0),
    Rule("literal", "GET", "/a/b", 4, 1.0),
]


@pytest.mark.parametrize(
    ("method", "path", "specific", "all_"),
    [
        ("GET", "/a/b", {"literal"}, {"all", "deep", "any", "get", "get-60s", "literal"}),
        ("GET", "/a/{id}", {"get", "get-60s"}, {"all", "deep", "any", "get", "get-60s"}),
        ("PUT", "/a/{id}", {"any"}, {"all", "any"}),
        ("GET", "/a/b/c", {"deep"}, {"all", "deep"}),
        ("PUT", "/z", {"all"}, {"all"}),
    ],
)
def test_all_limits_count_or_the_most_specific(method: str, path: str, specific: set[str], all_: set[str]) -> None:
    """Literal segments before `*` before `**`, a method before any; those as specific as each other all count."""
    assert {rule.id for rule in Limits(RULES, "most_specific").of(method, path)} == specific
    assert {rule.id for rule in Limits(RULES, "all").of(method, path)} == all_


def test_two_limits_with_one_id_are_a_mistake() -> None:
    """They would be one budget."""
    with pytest.raises(ValueError, match="same id"):
        Limits([RULES[0], RULES[0]])


def test_an_id_is_made_of_what_a_limit_counts() -> None:
    """And not of how many it allows: a number that changes is still the same budget."""
    assert rule_id("GET", "/retailer/orders/{order_id}", 60.0) == "get-retailer-orders-order-id-60s"
    assert rule_id("*", "*", 1.0) == "all-1s"


def test_a_value_is_told_by_a_keyed_hash() -> None:
    """Alike for whoever has the key, whatever its case; different under another key; never the value."""
    assert hashed(b"k", " A@Example.org") == hashed(b"k", "a@example.org") != hashed(b"l", "a@example.org")
    assert len(hashed(b"k", "a@example.org")) == 16


def test_after_a_refusal_a_fifth_less_goes_for_ten_windows_and_then_a_tenth_more_in_each() -> None:
    """Of a hundred eighty, for ten seconds; then ninety for one more; then all."""
    assert list(cuts(Budget("a", 100, 1.0), 100)) == [(80, 10.0), (90, 11.0)]
    assert list(cuts(Budget("a", 1, 1.0), 1)) == []
