"""The command `ordergate prove`: checks what was asked for, then proves."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from gateway.proof.mutants import MUTANTS
from gateway.proof.plan import Plan, Profile
from gateway.proof.run import prove

MUTANT_SETTLING_SECONDS = 40.0
WIDTH_OF_A_FILE = 160
SIDE_BY_SIDE = 3
"""How many files of SQLite a proof uses at once where nothing is said: one alone mostly waits for its gateway."""


def run(wanted: Mapping[str, Any], profile: str, mutant: str | None) -> int:
    """Run the proof with these members of the plan; return the exit status. 0 `journals`: as many as fit the store."""
    console = _console()
    journals = wanted["journals"] or (SIDE_BY_SIDE if _scheme(wanted["store"]) == "sqlite" else 1)
    plan = Plan(**{**wanted, "journals": journals})
    wrong = _wrong(plan, profile, mutant)
    if wrong is not None:
        console.print(f"ordergate: {wrong}", highlight=False, markup=False)
        return 2
    chosen: Profile = "park" if profile == "park" else "resend"
    plan = replace(plan, profile=chosen)
    if mutant is not None:
        plan = replace(plan, mutant=mutant, faults=MUTANTS[mutant].faults, settling_seconds=MUTANT_SETTLING_SECONDS)
    return prove(plan, console)


def _console() -> Console:
    """Return where to print; what is kept in a file has room for the whole matrix."""
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=WIDTH_OF_A_FILE)


def _scheme(store: str) -> str:
    return store.partition(":")[0] if store else "sqlite"


def _wrong(plan: Plan, profile: str, mutant: str | None) -> str | None:
    scheme = _scheme(plan.store)
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        return "--store is sqlite:PATH or postgresql://…: what does not outlive its process proves nothing"
    if scheme == "sqlite" and plan.instances > 1:
        return "a file is one instance's: several need --store postgresql://…"
    if scheme != "sqlite" and plan.journals > 1:
        return "a database holds one journal: several side by side are files"
    for url in (plan.store_url(journal, Path()) for journal in range(plan.journals) if plan.store):
        if scheme == "sqlite" and Path(url.removeprefix("sqlite:")).exists():
            return f"{url} exists: the proof takes new files, so that it judges nothing but its own"
    if profile not in {"resend", "park"}:
        return "--profile is resend or park"
    if mutant is not None and mutant not in MUTANTS:
        return f"there is no mutant {mutant!r}; there are: {', '.join(MUTANTS)}"
    return None
