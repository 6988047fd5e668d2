"""What is known of an operation that has not ended, as decisions need it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.contract.traits import Trait
from gateway.providers.provider import Provider
from policies.journal import Evidence, Operation
from policies.operation import Situation

CLOCK_SKEW = timedelta(minutes=5)
"""By how much a provider's clock may be behind ours: nobody else takes it off a time."""
RESTORED = "restored"
"""The kind of the fact that a journal was restored from a backup: what was done since the backup is not in it."""
FOUND_BY = "(restored)"
"""Who an order belongs to that was found at a provider after that: no caller has such a name."""
ANOTHERS = "another's"
"""The verdict of a look-up that found nothing but what is another operation's."""
GONE_SECONDS = 60.0
"""How long a request may have been under way to a provider that is configured no more."""


def situation_of(operation: Operation, provider: Provider, trait: Trait, horizon: float) -> Situation:
    """Return the situation of an operation; after `horizon` seconds of doubt a person has to look."""
    restored = [one.at for one in operation.evidence if one.kind == RESTORED]
    looks = [one.verdict for one in _since_sent(operation) if one.kind == "look-up"]
    return Situation(
        state=operation.state,
        doubt=operation.doubt,
        tries=operation.probes,
        absent=looks.count("absent") + looks.count(ANOTHERS),
        hidden=ANOTHERS in looks,
        # Nobody could look while the journal was lost.
        first_sent_at=restored[-1] if restored else operation.first_sent_at,
        last_sent_at=operation.last_sent_at,
        rejected=operation.cause == "refused",
        can_look_up=trait.kind == "async" or provider.adapter.has("find_order"),
        timeout=provider.order_seconds,
        horizon=horizon,
        valid_until=operation.valid_until,
    )


def surely_over(operation: Operation, provider: Provider | None) -> datetime:
    """Return when the last request that left cannot arrive any more; None is a provider that is configured no more."""
    seconds = GONE_SECONDS if provider is None else provider.order_seconds
    return (operation.last_sent_at or operation.created_at) + timedelta(seconds=seconds)


def sent_since(operation: Operation) -> datetime:
    """Return since when, by a provider's clock, something of the operation may be there."""
    return (operation.first_sent_at or operation.created_at) - CLOCK_SKEW


def was_restored(operation: Operation) -> bool:
    """Tell whether the operation was open when its journal was restored: then it may have been done since."""
    return any(one.kind == RESTORED for one in operation.evidence)


def asked_only(trait: Trait) -> Trait:
    """Return the trait of a step that may be looked for, and is sent again by nobody but a person.

    The provider may have forgotten our key, and may have been told something else since what would be done twice.
    """
    if trait.kind == "natural":
        return replace(trait, kind="none")
    kind = "lookup" if trait.kind in {"native_key", "dedupe_ref"} else trait.kind
    return replace(trait, kind=kind, on_absent="park")


def _since_sent(operation: Operation) -> Sequence[Evidence]:
    """Return the facts since a request last left, or may have."""
    facts = operation.evidence
    last = max((index for index, one in enumerate(facts) if one.kind in {"sending", RESTORED}), default=-1)
    return facts[last + 1 :]
