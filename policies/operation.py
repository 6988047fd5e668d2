"""The states of a write, and what follows from each fact: pure decisions.

    (none) ── claim ──► accepted ── durable, before the first byte ──► sending ──► succeeded │ partial │ failed
                         ▲   │                                         │  │  │
                         │   ▼ proven never executed                   │  │  └──► pending ── processes end ──► …
                         │  cancelled ◄────────────────────────────────┘  │
                         │                                                ▼
                         └──── sent again, or absence proven ───────── unknown ──► parked ── a person ──► …

`cancelled`: proven never executed, and the key is not used up. `unknown`: may have been executed; somebody looks.
`parked`: may have been executed; only a person can tell. Final states (`succeeded`, `partial`, `failed`) never change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

State = Literal["accepted", "sending", "pending", "succeeded", "partial", "failed", "unknown", "parked", "cancelled"]
Placed = Literal["yes", "no", "unknown", "pending"]
Phase = Literal["not-sent", "partly-sent", "sent", "answered-partly", "answered"]
"""How far a request got on the wire."""

Judgement = Literal["executed", "rejected", "not-executed", "unclear"]
"""What an answer says: it was done; refused for its content (final); not done and may be repeated; or nothing sure."""

LIVE: frozenset[State] = frozenset({"accepted", "sending", "pending", "unknown"})
FINAL: frozenset[State] = frozenset({"succeeded", "partial", "failed"})
ENDED: frozenset[State] = FINAL | {"cancelled"}

PLACED: dict[State, Placed] = {
    "accepted": "pending",
    "sending": "pending",
    "pending": "pending",
    "succeeded": "yes",
    "partial": "yes",
    "failed": "no",
    "unknown": "unknown",
    "parked": "unknown",
    "cancelled": "no",
}

TraitKind = Literal["native_key", "dedupe_ref", "lookup", "async", "natural", "none"]


class TraitLike(Protocol):
    """What decisions need to know of a provider's step; adapters' traits have it."""

    @property
    def kind(self) -> TraitKind:
        """How the fate of the step can be known when its answer is lost."""
        ...

    @property
    def retention(self) -> float:
        """For how many seconds the provider recognises our key."""
        ...

    @property
    def settle(self) -> float:
        """How many seconds an order may take to become visible to a look-up."""
        ...

    @property
    def probes(self) -> int:
        """How many look-ups must find nothing before absence is believed."""
        ...

    @property
    def on_absent(self) -> Literal["park", "resend"]:
        """What follows from proven absence."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request with effect `commit` as it went: how far it got, and what the answer (with `status`) says."""

    phase: Phase
    judgement: Judgement | None = None
    status: int | None = None


def after_failure(attempts: Sequence[Attempt]) -> State:
    """Return the state of a write whose flow ended in an error after these commits, in order.

    The strongest fact wins: something was executed, then something may have been, then the last word.

        no attempt, or none of whose bytes left               cancelled   the key is not used up
        any attempt executed                                  succeeded   (its answer could not be read to the end)
        any attempt unclear, or sent and without an answer    unknown
        the last one rejected                                 failed      final
        the last one not executed                             cancelled
    """
    facts = [_fact(attempt) for attempt in attempts]
    if "executed" in facts:
        return "succeeded"
    if "unclear" in facts:
        return "unknown"
    return "failed" if facts and facts[-1] == "rejected" else "cancelled"


def _fact(attempt: Attempt) -> Judgement:
    if attempt.judgement is not None:
        return attempt.judgement
    return "not-executed" if attempt.phase == "not-sent" else "unclear"
