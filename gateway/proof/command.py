"""The command `ordergate prove`: checks what was asked for, then proves."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from gateway.proof.mutants import MUTANTS
from gateway.proof.plan import Plan, Profile
from gateway.proof.run import prove

MUTANT_SETTLING_SECONDS = 40.0


def run(wanted: Mapping[str, Any], profile: str, mutant: str | None) -> int:
    """Run the proof with these members of the plan; return the exit status."""
    console = Console()
    wrong = _wrong(wanted["store"], wanted["instances"], profile, mutant)
    if wrong is not None:
        console.print(f"ordergate: {wrong}", highlight=False, markup=False)
        return 2
    chosen: Profile = "park" if profile == "park" else "resend"
    plan = Plan(**wanted, profile=chosen)
    if mutant is not None:
        plan = replace(plan, mutant=mutant, faults=MUTANTS[mutant].faults, settling_seconds=MUTANT_SETTLING_SECONDS)
    return prove(plan, console)


def _wrong(store: str, instances: int, profile: str, mutant: str | None) -> str | None:
    scheme = store.partition(":")[0] if store else "sqlite"
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        return "--store is sqlite:PATH or postgresql://…: what does not outlive its process proves nothing"
    if store and scheme == "sqlite" and Path(store.removeprefix("sqlite:")).exists():
        return f"{store} exists: the proof takes a new file, so that it judges nothing but its own"
    if scheme == "sqlite" and instances > 1:
        return "a file is one instance's: several need --store postgresql://…"
    if profile not in {"resend", "park"}:
        return "--profile is resend or park"
    if mutant is not None and mutant not in MUTANTS:
        return f"there is no mutant {mutant!r}; there are: {', '.join(MUTANTS)}"
    return None
