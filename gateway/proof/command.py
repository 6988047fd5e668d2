"""The command `ordergate prove`: checks what was asked for, then proves."""

from dataclasses import replace

from rich.console import Console

from gateway.proof.mutants import MUTANTS
from gateway.proof.plan import Plan, Profile
from gateway.proof.run import prove

MUTANT_SETTLING_SECONDS = 40.0


def run(kills: int, seed: int, store: str, instances: int, profile: str, orders: int, mutant: str | None) -> int:
    """Run the proof; return the exit status."""
    console = Console()
    wrong = _wrong(store, instances, profile, mutant)
    if wrong is not None:
        console.print(f"ordergate: {wrong}", highlight=False, markup=False)
        return 2
    chosen: Profile = "park" if profile == "park" else "resend"
    plan = Plan(kills, seed, store, instances, chosen, orders)
    if mutant is not None:
        plan = replace(plan, mutant=mutant, faults=MUTANTS[mutant].faults, settling_seconds=MUTANT_SETTLING_SECONDS)
    return prove(plan, console)


def _wrong(store: str, instances: int, profile: str, mutant: str | None) -> str | None:
    scheme = store.partition(":")[0] if store else "sqlite"
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        return "--store is sqlite:PATH or postgresql://…: what does not outlive its process proves nothing"
    if scheme == "sqlite" and instances > 1:
        return "a file is one instance's: several need --store postgresql://…"
    if profile not in {"resend", "park"}:
        return "--profile is resend or park"
    if mutant is not None and mutant not in MUTANTS:
        return f"there is no mutant {mutant!r}; there are: {', '.join(MUTANTS)}"
    return None
