"""What callers were told, as they heard it: kept before anything is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from gateway.proof.accounts import Account, Json

Belief = Literal["yes", "no", "not yet", "open"]
"""What an answer makes its caller believe: placed; finally not placed; not placed so far (the key may be used again);
or nothing for sure."""

_PARTS: Mapping[str, Belief] = {"done": "yes", "failed": "no"}
_FINAL_STATES: Mapping[str, Belief] = {"succeeded": "yes", "failed": "no", "cancelled": "not yet"}


@dataclass(frozen=True, slots=True)
class Told:
    """One answer of a gateway to one caller."""

    at: datetime
    status: int
    body: Any

    @property
    def operation(self) -> str | None:
        """Return the id of the operation that the answer names."""
        if not isinstance(self.body, dict):
            return None
        named = str(self.body.get("operation") or "").rpartition("/")[2]
        return named or (str(self.body["id"]) if "evidence" in self.body else None)

    @property
    def order(self) -> str | None:
        """Return the id of the order that was placed."""
        return str(self.body["id"]) if self.status == 201 and isinstance(self.body, dict) else None

    @property
    def retry(self) -> str | None:
        """Return whether a problem says to repeat with the same key, or with a new one."""
        return self.body.get("retry") if isinstance(self.body, dict) else None

    @property
    def parked(self) -> bool:
        """Tell whether it waits for a person, so that asking again soon tells nothing new."""
        return isinstance(self.body, dict) and self.body.get("state") == "parked"

    @property
    def outside_the_contract(self) -> bool:
        """Tell whether a write may never be answered so: a server error without its fate, or what is not JSON."""
        if not isinstance(self.body, dict):
            return True
        return self.status in {500, 502} or (self.status >= 400 and self.body.get("placed") is None)

    def belief(self, mark: str) -> Belief:
        """Return what the answer says of one thing wanted: an order, or a line of one."""
        if self.status == 201:
            return "yes"
        body = self.body if isinstance(self.body, dict) else {}
        if "evidence" in body:
            return _of_operation(body, mark)
        if self.status == 200:
            return _of_change(body, mark)
        if self.status == 409 and str(body.get("type", "")).endswith(("duplicate-order-reference", "in-progress")):
            return "open"
        if body.get("placed") == "no":
            return "not yet" if body.get("retry") == "same-key" or self.status in {429, 503} else "no"
        return "yes" if body.get("placed") == "yes" else "open"


def _of_operation(body: Json, mark: str) -> Belief:
    result = body.get("result")
    if body["state"] in {"succeeded", "partial"} and isinstance(result, dict) and result.get("parts"):
        return _of_change(result, mark)
    return _FINAL_STATES.get(body["state"], "open")


def _of_change(body: Json, mark: str) -> Belief:
    states = {part.get("id"): part.get("state") for part in body.get("parts") or ()}
    line = mark.partition("/")[0]
    return _PARTS.get(str(states.get(line, body.get("state"))), "open")


@dataclass(slots=True)
class Wanted:
    """One intended write: where it is sent, what it wants, and what its caller was told.

    `journal` is the number of the one whose gateways are asked. `marks` name what may come of it: the order's
    reference, or the lines of a change, each with its parcel where there is one. `hangs_up` after so many seconds.
    `first` is the write whose reference this one takes as well, with another key; `asked_at_once` says that two callers
    share the key.
    """

    account: Account
    journal: int
    key: str
    reference: str
    path: str
    body: Json
    marks: tuple[str, ...]
    hangs_up: float | None = None
    first: "Wanted | None" = None
    gives_up: bool = False
    asked_at_once: bool = False
    told: list[Told] = field(default_factory=list)
    silent: bool = False
    """Whether the last request got no answer: it may have begun what an earlier answer said was not done."""

    @property
    def sure(self) -> bool:
        """Tell whether the last answer settled it for the caller."""
        if not self.told:
            return False
        last = self.told[-1]
        return all(last.belief(mark) in {"yes", "no"} for mark in self.marks) or (
            last.status == 409 and "duplicate-order-reference" in str(last.body.get("type"))
        )

    @property
    def operations(self) -> set[str]:
        """Return the operations that answers named as this write's own."""
        return {
            told.operation
            for told in self.told
            if told.operation is not None and not (told.status == 409 and self.first is not None)
        }
