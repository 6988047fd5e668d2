"""An id is the provider's own text, whatever is in it: one segment of a path, for callers and for providers."""

from urllib.parse import quote

import pytest

from support.gateway_thread import Served
from support.published_contract import PublishedContract

SEGMENTS = {
    "../..": "..%2F..",
    "..": "%2E%2E",
    ".": "%2E",
    "a?b=c&d": "a%3Fb%3Dc%26d",
    "a#b": "a%23b",
    "%2e%2e%2f": "%252e%252e%252f",
    "a\\..\\b": "a%5C..%5Cb",
    "a b;c": "a%20b%3Bc",
    "ü😀": "%C3%BC%F0%9F%98%80",
}


@pytest.mark.parametrize(("native", "segment"), SEGMENTS.items())
@pytest.mark.parametrize(("provider", "place"), [("gelato", "/order/"), ("rexel", "/orders/")])
def test_an_id_stays_one_segment_of_the_providers_path(
    attacked: Served, contract: PublishedContract, provider: str, place: str, native: str, segment: str
) -> None:
    """`/`, `?`, `#`, `..` and unicode reach the provider percent-encoded, and lead to no other path of its."""
    before = attacked.truth(provider)["requests"]
    path = f"/v1/orders/{quote(f'{provider}:{native}', safe='')}"
    answer = attacked.call("GET", path)
    seen = attacked.truth(provider)["requests"]
    new = {line for line in seen if seen[line] != before.get(line) and "token" not in line}
    assert new == {f"GET {place}{segment}"}
    assert (answer.status, answer.problem) == (404, "not-found")
    assert contract.complaints("GET", path, answer.status, answer.headers, answer.body) == []
