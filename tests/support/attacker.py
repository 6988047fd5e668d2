"""A caller who says what is wrong, and holds every answer against the published contract."""

from typing import Any

from support.gateway_thread import Served
from support.published_contract import PublishedContract
from support.running import Answered


class Attacker:
    """Makes requests, each write with the same key: what is refused does not use it up."""

    def __init__(self, served: Served, contract: PublishedContract) -> None:
        self._served = served
        self._contract = contract

    def call(self, method: str, path: str, body: Any = None) -> Answered:
        key = None if method == "GET" or path == "/v1/availability" else "attacker-1"
        answer = self._served.call(method, path, body, key=key)
        assert self._contract.complaints(method, path, answer.status, answer.headers, answer.body) == []
        return answer


def names(answer: Answered) -> list[str]:
    """Return what the violations name."""
    return [violation["name"] for violation in answer.body.get("violations", [])]
