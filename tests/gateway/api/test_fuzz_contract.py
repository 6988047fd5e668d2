"""Requests made up from the OpenAPI document, right ones and wrong ones: every answer is one that it describes.

ORDERGATE_FUZZ_CASES says how many (100); the same ones every time.
"""

import math
import os
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from multidict import CIMultiDict
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from support.gateway_thread import Served
from support.published_contract import PublishedContract

CASES = int(os.environ.get("ORDERGATE_FUZZ_CASES", "100"))
KINDS = 20
"""Kinds of cases in one test: right ones and wrong ones of each endpoint are two kinds."""
EACH = 4
"""Cases of a kind: seldom fewer, where there are no more."""
SECONDS = 15.0
"""The longest an answer may take: a write waits ten for its outcome."""


class Fuzz:
    """Sends cases, and keeps what the answers have wrong."""

    def __init__(self, served: Served, contract: PublishedContract) -> None:
        self.statuses: Counter[int] = Counter()
        self.complaints: list[str] = []
        self._served = served
        self._contract = contract

    def send(self, case: Any) -> None:
        response = case.call(base_url=self._served.url, timeout=SECONDS)
        self.statuses[response.status_code] += 1
        if response.status_code == 400 and not response.content:
            return  # the parser's own
        headers = CIMultiDict({name: values[0] for name, values in response.headers.items()})
        is_json = "json" in headers.get("Content-Type", "")
        body = msgspec.json.decode(response.content) if is_json else response.content
        path = urlsplit(response.request.url).path
        found = self._contract.complaints(case.method, path, response.status_code, headers, body)
        if "/problems/internal" in str(body) or "/problems/adapter-fault" in str(body):
            found.append("a fault of ours")
        if found:
            self.complaints.append(f"{case.as_curl_command()}\n{response.status_code} {body}\n{found}")


@pytest.fixture(scope="module")
def strategies(attacked: Served) -> list[Any]:
    """The kinds of cases: wrong ones and right ones of every endpoint."""
    schema = schemathesis.openapi.from_dict(attacked.call("GET", "/openapi.json").body)
    modes = (GenerationMode.NEGATIVE, GenerationMode.POSITIVE)
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return [operation.as_strategy(generation_mode=mode) for operation in operations for mode in modes]


@pytest.mark.long("fuzz")
@pytest.mark.timeout(170)
@pytest.mark.parametrize("number", range(math.ceil(CASES / KINDS / EACH)))
def test_every_answer_to_made_up_requests_is_described(
    attacked: Served, contract: PublishedContract, strategies: list[Any], number: int
) -> None:
    """No undescribed status, no fault of ours, no hang; and exactly what was said to be placed was placed."""
    fuzz = Fuzz(attacked, contract)
    placed, orders = operations_that_placed(attacked), orders_at_providers(attacked)
    settings = hypothesis.settings(
        max_examples=EACH,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for kind in range(number * KINDS, (number + 1) * KINDS):
        strategy = strategies[kind % len(strategies)]
        settings(hypothesis.seed(kind)(hypothesis.given(case=strategy)(fuzz.send)))()
    assert fuzz.complaints == []
    assert fuzz.statuses.total() > KINDS * EACH / 2
    assert {200, 400} <= fuzz.statuses.keys()
    assert operations_that_placed(attacked) - placed == orders_at_providers(attacked) - orders


def operations_that_placed(served: Served) -> int:
    """Return how many writes are told to have placed an order."""
    count, cursor = 0, ""
    while True:
        page: dict[str, Any] = served.call("GET", f"/v1/operations?state=succeeded&limit=100{cursor}").body
        count += len([one for one in page["items"] if one["kind"] == "orders.place"])
        if "nextCursor" not in page:
            return count
        cursor = f"&cursor={page['nextCursor']}"


def orders_at_providers(served: Served) -> int:
    """Return how many orders there really are."""
    return sum(len(served.truth(adapter)["orders"]) for adapter in served.gateway.simulator_urls)
