"""Sequences of a state machine, made up until they break a promise: none does, and with a fault in the engine one does.

ORDERGATE_FATE_STEPS=20000 makes so many steps on each store; ORDERGATE_FATE_SEED=7 begins with that seed, as a failure
names it.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from gateway.operations import resolver
from gateway.operations.recorder import OperationRecorder
from gateway.proof.mutants import MUTANTS
from policies import operation
from support.fate_faults import FAULTS
from support.fate_ground import Ground, ground
from support.fate_machine import FateMachine

STEPS = int(os.environ.get("ORDERGATE_FATE_STEPS", "250"))
SEQUENCE = 25
"""Steps of one sequence."""
CHUNK = 40
"""The most sequences that one seed makes."""
LONG = pytest.mark.skipif(not os.environ.get("ORDERGATE_PROVE"), reason="many seconds long: `make prove` runs it")


def prove(store: str, steps: int, first: int, tell: Callable[[str], None] = lambda text: None, **chosen: Any) -> None:
    """Make that many steps, with one seed after the other, or fewer where one breaks a promise."""
    started = time.monotonic()
    with ground(store) as shared:
        number = first
        while (left := steps - shared.tally["steps"]) > 0:
            _try(shared, number, min(CHUNK, -(-left // SEQUENCE)), chosen)
            number += 1
            told = ", ".join(f"{count} {state}" for state, count in sorted(shared.tally.items()) if state != "steps")
            seconds = time.monotonic() - started
            tell(f"{store}: {shared.tally['steps']:,} of {steps:,} steps in {seconds:.0f} s (seeds {first}…); {told}")


def _try(shared: Ground, number: int, sequences: int, chosen: dict[str, Any]) -> None:
    machine: Any = seed(number)(type("Machine", (FateMachine,), {"ground": shared}))
    chosen = {"max_examples": sequences, "stateful_step_count": SEQUENCE} | chosen
    try:
        # How slow the machine is says nothing of the product.
        run_state_machine_as_test(machine, settings=settings(suppress_health_check=list(HealthCheck), **chosen))
    except BaseException as error:
        steps = shared.tally["steps"]
        error.add_note(f"on {shared.name} after {steps:,} steps; again with ORDERGATE_FATE_SEED={number}")
        raise


def first_seed() -> int:
    """Return the seed that is asked for, or one nobody knows; the same one every time where builds must repeat."""
    unasked = 0 if settings().derandomize else random.SystemRandom().getrandbits(31)
    return int(os.environ.get("ORDERGATE_FATE_SEED", unasked))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_whatever_happens_every_promise_is_kept(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A long run says how far it is."""

    def tell(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    prove(store, STEPS, first_seed(), tell if STEPS > 1000 else lambda text: None)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "mutant",
    [
        "orphan-sent-again",
        "sending-stored-late",
        pytest.param("doubt-ignored", marks=LONG),
        pytest.param("absence-believed-at-once", marks=LONG),
    ],
)
def test_a_fault_that_the_proof_finds_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that could not fail would show nothing."""
    for owner, name in ((resolver, "situation_of"), (OperationRecorder, "__init__"), (OperationRecorder, "before")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(operation, "_looked_up", operation._looked_up)
    MUTANTS[mutant].apply()
    assert_found("sqlite", mutant)


@LONG
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_engine_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that take a rare turn of events, or two gateways, to do harm."""
    FAULTS[fault](monkeypatch)
    assert_found("postgres" if fault == "fence-ignored" else "sqlite", fault)


def assert_found(store: str, name: str) -> None:
    """Make steps until a promise is broken, the long form's number at most."""
    with pytest.raises(AssertionError, match=r"times|recorded as|told") as broken:
        prove(store, 20_000, 0, phases=[Phase.generate])
    sys.stdout.write(f"{name}: {broken.value} {broken.value.__notes__[-1]}\n")
