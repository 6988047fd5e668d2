"""What follows for an operation that has not ended: total, safe, and ending."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract.traits import Trait
from policies.operation import LIVE, Next, Situation, TraitKind, next_move

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DOUBT = Situation(
    state="unknown",
    doubt=True,
    tries=0,
    absent=0,
    first_sent_at=START,
    last_sent_at=START,
    rejected=False,
    can_look_up=True,
    timeout=30.0,
    horizon=3600.0,
)
LOOKUP = Trait("lookup", "a document", settle=120.0, probes=3)
NATIVE = Trait("native_key", "a document", retention=900.0)


def at(seconds: float) -> datetime:
    """Return a time after the start."""
    return START + timedelta(seconds=seconds)


def move(situation: Situation, trait: Trait, seconds: float) -> Next:
    """Return what follows at that time."""
    return next_move(situation, trait, at(seconds))


def test_nothing_was_sent_so_it_is_sent() -> None:
    """An operation that a crash left before its first byte is carried out."""
    fresh = replace(DOUBT, state="accepted", doubt=False, first_sent_at=None, last_sent_at=None)
    assert move(fresh, Trait("none", ""), 5).move == "send"


def test_what_is_no_longer_wanted_is_not_sent() -> None:
    """Two clocks: how long the caller waits, and how long the order is wanted."""
    late = replace(DOUBT, state="accepted", doubt=False, valid_until=at(10))
    assert move(late, NATIVE, 9).move == "send"
    assert move(late, NATIVE, 10).move == "cancel"


def test_what_is_held_is_never_sent_unasked_and_ends_when_it_is_no_longer_wanted() -> None:
    """Nothing was sent, so cancelled is the truth; without an end of its own it ends all the same."""
    held = replace(DOUBT, state="held", doubt=False, valid_until=at(100))
    for seconds in (0, 99, 100, 5000):
        assert move(held, NATIVE, seconds) == Next("cancel", at(100), "no longer wanted")
    assert move(replace(held, valid_until=None), NATIVE, 7).move == "cancel"


def test_a_provider_that_recognises_the_key_is_sent_the_same_bytes_while_it_keeps_the_key() -> None:
    """Never overlapping the first try, and only until 80 % of the key's life; then it is looked up."""
    assert move(DOUBT, NATIVE, 1) == Next("send", at(30), "the provider recognises the repetition")
    assert move(replace(DOUBT, tries=1), NATIVE, 700).move == "send"
    assert move(replace(DOUBT, tries=1), NATIVE, 721).move == "look-up"
    assert move(replace(DOUBT, tries=1, can_look_up=False), NATIVE, 721).move == "park"


def test_a_look_up_waits_until_the_try_is_over_and_is_spread_over_the_time_to_settle() -> None:
    """404 is not "not there" but "not there yet": three looks, the last not before the order would show."""
    assert move(DOUBT, LOOKUP, 0).at == at(30)
    assert move(replace(DOUBT, tries=1, absent=1), LOOKUP, 31).at == at(90)
    assert move(replace(DOUBT, tries=2, absent=2), LOOKUP, 91).at == at(150)
    assert move(replace(DOUBT, tries=3, absent=3), LOOKUP, 151).move == "park"


def test_proven_absence_is_sent_again_only_where_it_was_chosen() -> None:
    """`on_absent: park` is the default; `resend` is an operator's choice."""
    proven = replace(DOUBT, tries=3, absent=3)
    assert move(proven, LOOKUP, 200).move == "park"
    assert move(proven, replace(LOOKUP, on_absent="resend"), 200).move == "send"
    assert move(proven, replace(LOOKUP, on_absent="resend"), 149).move == "look-up"


def test_a_refusal_after_doubt_is_not_a_no_until_absence_is_proven() -> None:
    """The first try may hold the last item: "out of stock" is then our own order."""
    refused = replace(DOUBT, rejected=True)
    assert move(refused, NATIVE, 60).move == "look-up"
    assert move(refused, LOOKUP, 60).move == "look-up"
    assert move(replace(refused, tries=3, absent=3), LOOKUP, 200).move == "fail"


def test_behind_what_is_anothers_nothing_is_known_to_be_absent() -> None:
    """A look-up that showed another's order may have hidden this one's: nothing is sent again, no "no" is said."""
    hidden = replace(DOUBT, tries=3, absent=3, hidden=True)
    for situation in (hidden, replace(hidden, rejected=True)):
        for trait in (LOOKUP, replace(LOOKUP, on_absent="resend")):
            assert move(situation, trait, 149).move == "look-up"
            assert move(situation, trait, 200).move == "park"


def test_where_nothing_helps_a_person_looks_as_soon_as_the_try_is_over() -> None:
    """A provider without any way to find out parks every silence, and not while the request may still arrive."""
    for tries in (0, 1):
        assert move(replace(DOUBT, tries=tries), Trait("none", ""), 0) == Next(
            "park", at(30), "the provider has no way to find out"
        )
    assert move(DOUBT, Trait("none", ""), 31).at == at(31)


def test_a_person_is_not_asked_while_what_was_sent_again_may_still_arrive() -> None:
    """The horizon may end in the middle of the last try."""
    again = replace(DOUBT, last_sent_at=at(3590))
    assert move(again, NATIVE, 3600) == Next("park", at(3620), "not found out in time")


SITUATIONS = st.builds(
    Situation,
    state=st.sampled_from(sorted(LIVE | {"held"})),
    doubt=st.booleans(),
    tries=st.integers(0, 20),
    absent=st.integers(0, 20),
    first_sent_at=st.integers(0, 5000).map(at),
    last_sent_at=st.integers(0, 5000).map(at),
    rejected=st.booleans(),
    can_look_up=st.booleans(),
    timeout=st.floats(0.1, 60),
    horizon=st.floats(1, 20000),
    valid_until=st.none() | st.integers(0, 20000).map(at),
    hidden=st.booleans(),
)
TRAITS = st.builds(
    Trait,
    kind=st.sampled_from(get_args(TraitKind)),
    source=st.just("a document"),
    retention=st.floats(0, 5000),
    settle=st.floats(0, 5000),
    probes=st.integers(1, 10),
    on_absent=st.sampled_from(["park", "resend"]),
)


@given(SITUATIONS, TRAITS, st.integers(0, 30000).map(at))
def test_doubt_is_sent_again_only_where_that_is_harmless_or_absence_is_proven(
    situation: Situation, trait: Trait, now: datetime
) -> None:
    """The one rule that must never break: two sends only where one order comes of it."""
    following = next_move(situation, trait, now)
    if not situation.doubt or following.move != "send" or situation.state == "pending":
        return
    harmless = trait.kind == "natural" or (
        trait.kind == "native_key"
        and situation.first_sent_at is not None
        and following.at < situation.first_sent_at + timedelta(seconds=trait.retention * 0.8)
    )
    absent = situation.absent >= trait.probes and situation.can_look_up and not situation.hidden
    proven = trait.on_absent == "resend" and absent
    assert harmless or proven
    assert not situation.rejected


@given(SITUATIONS, TRAITS, st.integers(0, 30000).map(at))
def test_nothing_held_is_sent(situation: Situation, trait: Trait, now: datetime) -> None:
    """Whatever else is so: only a person lets it go."""
    if situation.state == "held" and not situation.doubt:
        assert next_move(situation, trait, now).move == "cancel"


@given(SITUATIONS, TRAITS, st.integers(0, 30000).map(at))
def test_doubt_never_becomes_a_no_without_proof(situation: Situation, trait: Trait, now: datetime) -> None:
    """`cancel` only where nothing was sent; `fail` only after a refusal, with absence proven or a natural write."""
    following = next_move(situation, trait, now)
    if following.move == "cancel":
        assert not situation.doubt
    if following.move == "fail":
        assert situation.rejected
        assert trait.kind == "natural" or (situation.absent >= trait.probes and not situation.hidden)


@given(SITUATIONS, TRAITS)
def test_every_doubt_ends(situation: Situation, trait: Trait) -> None:
    """After the horizon a person has to look, whatever the provider is like."""
    if situation.doubt and situation.state != "pending" and situation.first_sent_at is not None:
        late = situation.first_sent_at + timedelta(seconds=situation.horizon)
        assert next_move(situation, trait, late).move == "park"


@pytest.mark.parametrize("kind", get_args(TraitKind))
def test_a_pending_process_is_polled(kind: TraitKind) -> None:
    """Whatever the trait."""
    assert move(replace(DOUBT, state="pending"), Trait(kind, ""), 5).move == "poll"
