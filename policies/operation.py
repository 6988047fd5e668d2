"""The states of a write, and what follows from each fact: pure decisions.

    (none) ── claim ──► accepted ── durable, before the first byte ──► sending ──► succeeded │ partial │ failed
                         ▲   │                                         │  │  │
                      ▲  │   ▼ proven never executed                   │  │  └──► pending ── processes end ──► …
               a      │  │  cancelled ◄────────────────────────────────┘  │
               person ▼  │                                                ▼
                   held  └──── sent again, or absence proven ───────── unknown ──► parked ── a person ──► …

`held`: nothing was sent, and nothing is until a person lets it go; cancelled by one, or when it is no longer wanted.
`cancelled`: proven never executed, and the key is not used up. `unknown`: may have been executed; somebody looks.
`parked`: may have been executed; only a person can tell. Final states (`succeeded`, `partial`, `failed`) never change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

State = Literal[
    "accepted", "held", "sending", "pending", "succeeded", "partial", "failed", "unknown", "parked", "cancelled"
]
Placed = Literal["yes", "no", "unknown", "pending"]
Phase = Literal["not-sent", "partly-sent", "sent", "answered-partly", "answered"]
"""How far a request got on the wire."""

Judgement = Literal["executed", "rejected", "not-executed", "unclear"]
"""What an answer says: it was done; refused for its content (final); not done and may be repeated; or nothing sure."""

LIVE: frozenset[State] = frozenset({"accepted", "sending", "pending", "unknown"})
FINAL: frozenset[State] = frozenset({"succeeded", "partial", "failed"})
ENDED: frozenset[State] = FINAL | {"cancelled"}
OPEN: frozenset[State] = LIVE | {"held", "parked"}

PLACED: dict[State, Placed] = {
    "accepted": "pending",
    "held": "pending",
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


def none_executed(attempts: Sequence[Attempt]) -> bool:
    """Tell whether each of these is proven not executed, and none refused for its content: to send again is safe."""
    return all(_fact(attempt) == "not-executed" for attempt in attempts)


def _fact(attempt: Attempt) -> Judgement:
    if attempt.judgement is not None:
        return attempt.judgement
    return "not-executed" if attempt.phase == "not-sent" else "unclear"


FIRST_LOOK = 1.0
"""Seconds after a try is surely over until the first look-up."""
HOLD = 3 * 86400.0
"""Seconds for which an operation is held that does not say itself until when it is wanted."""
BACKOFF = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds between tries to find out, growing; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of an operation that has not ended.

    `tries` counts what was done to find out since the last request left; `absent` the look-ups among them that found
    nothing; `rejected` says that a request after the doubtful one was refused for its content. `can_look_up` says
    whether the provider can be asked at all; `timeout` is the longest one request may take, in seconds. `hidden`: some
    of those look-ups found what is another operation's, and what may be behind it was not told.
    """

    state: State
    doubt: bool
    tries: int
    absent: int
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    rejected: bool
    can_look_up: bool
    timeout: float
    horizon: float
    valid_until: datetime | None = None
    hidden: bool = False


Move = Literal["send", "look-up", "poll", "park", "fail", "cancel"]


@dataclass(frozen=True, slots=True)
class Next:
    """What to do next with an operation, not before `at`; `cause` says why, for people."""

    move: Move
    at: datetime
    cause: str


def next_move(situation: Situation, trait: TraitLike, now: datetime) -> Next:
    """Return what follows for an operation that has not ended. Total over states, traits and times.

        state, doubt            native_key            lookup, dedupe_ref, async           natural    none
        accepted, no doubt      send                  send                                send       send
        accepted, too late      cancel                cancel                              cancel     cancel
        held                    cancel when too late  the same                            the same   the same
        pending                 poll                  poll                                poll       poll
        sending (orphaned) or   send again while the  look up; absence proven (enough     send       park
        unknown, doubt          key is kept, then     look-ups over settle): on_absent    again
                                look up or park
        … and refused since     look up; absent: fail look up; absent: fail               fail       park

    Nothing is sent again, and no person is asked, before the last try is surely over; after `horizon` seconds of doubt
    a person has to look.
    """
    if situation.state == "pending":
        return Next("poll", now, "a process is under way")
    if not situation.doubt:
        if situation.state == "held":
            # Only a person lets it go; it is looked at again when that is too late.
            return Next("cancel", situation.valid_until or now + timedelta(seconds=HOLD), "no longer wanted")
        if situation.valid_until is not None and now >= situation.valid_until:
            return Next("cancel", now, "no longer wanted")
        return Next("send", now, "nothing was sent")
    return _of_doubt(situation, trait, now)


def _of_doubt(situation: Situation, trait: TraitLike, now: datetime) -> Next:
    """Return what follows where a request may have been executed."""
    first = situation.first_sent_at or now
    over = (situation.last_sent_at or first) + timedelta(seconds=situation.timeout)
    # A person who looks sooner sees nothing of a request that arrives after that, and says that nothing was placed.
    if trait.kind == "none":
        return Next("park", max(now, over), "the provider has no way to find out")
    if now >= first + timedelta(seconds=situation.horizon):
        return Next("park", max(now, over), "not found out in time")
    soon = max(now, over) if situation.tries == 0 else now
    if trait.kind == "natural":
        if situation.rejected:
            return Next("fail", now, "refused")
        return Next("send", soon, "doing it twice is doing it once")
    if trait.kind == "native_key" and not situation.rejected:
        if soon < first + timedelta(seconds=trait.retention * 0.8):
            return Next("send", soon, "the provider recognises the repetition")
        if not situation.can_look_up:
            return Next("park", now, "the provider may have forgotten the key")
    return _looked_up(situation, trait, over, soon)


def _looked_up(situation: Situation, trait: TraitLike, over: datetime, soon: datetime) -> Next:
    """Return the next look-up, or what follows when enough of them, over long enough, found nothing."""
    if not situation.can_look_up:
        return Next("park", soon, "the provider cannot be asked")
    if situation.absent < trait.probes:
        spread = trait.settle / max(1, trait.probes - 1)
        return Next("look-up", max(soon, over + timedelta(seconds=spread * situation.absent)), "asking the provider")
    settled = over + timedelta(seconds=trait.settle)
    if soon < settled:
        return Next("look-up", settled, "asking once more when it would show")
    if situation.hidden:
        return Next("park", soon, "only another operation's is there to be seen")
    if situation.rejected:
        return Next("fail", soon, "refused, and not there")
    if trait.on_absent == "park":
        return Next("park", soon, "not there, and not to be sent again unasked")
    return Next("send", soon, "proven not there")


def pause(tries: int) -> float:
    """Return the seconds until the next try after `tries` that told nothing."""
    return BACKOFF[min(tries, len(BACKOFF) - 1)]
