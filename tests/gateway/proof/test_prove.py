"""The proof itself: it is green for the gateway, and red for each fault that is put into one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.proof.mutants import MUTANTS
from support.postgres_store import server_url

TRIES = 6
"""Kills and faults fall by chance: a mutant may escape one short run."""
RUNNER = CliRunner()
LONG = pytest.mark.skipif(not os.environ.get("ORDERGATE_PROVE"), reason="minutes long: `make prove` runs it")


def prove(*arguments: str, seconds: float = 170) -> subprocess.CompletedProcess[str]:
    """Run `ordergate prove` and return what came of it."""
    command = [str(Path(sys.executable).with_name("ordergate")), "prove", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, env={**os.environ, "COLUMNS": "200"}, check=False
    )


@pytest.mark.long
@pytest.mark.timeout(180)
def test_gateways_that_are_killed_twenty_times_break_no_promise(tmp_path: Path) -> None:
    """No order twice, none lost, nobody told what is not true, and nothing left behind but the journals asked for."""
    store = tmp_path / "journal.db"
    outcome = prove("--kills", "20", "--orders", "60", "--store", f"sqlite:{store}")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "duplicate: 0" in outcome.stdout
    assert store.exists()


@pytest.mark.long
@pytest.mark.timeout(180)
def test_gateways_that_share_a_database_and_are_killed_twenty_times_break_no_promise() -> None:
    """Likewise where three work with one journal, and finish what another began."""
    outcome = prove("--kills", "20", "--orders", "60", "--store", server_url("ordergate_proof"), "--instances", "3")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "duplicate: 0" in outcome.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--instances", "3"), "several need"),
        (("--store", "memory:"), "what does not outlive"),
        (("--store", "postgresql://127.0.0.1:1/x", "--journals", "2"), "holds one journal"),
        (("--profile", "hope"), "resend or park"),
        (("--mutant", "none"), "there is no mutant"),
    ],
)
def test_what_proves_nothing_is_refused(arguments: tuple[str, ...], words: str) -> None:
    """Status 2 and a sentence, before anything is started."""
    outcome = RUNNER.invoke(app, ["prove", *arguments])
    assert outcome.exit_code == 2
    assert words in " ".join(outcome.stdout.split())


@pytest.mark.parametrize("existing", ["journal.db", "journal.db-3"])
def test_a_journal_that_exists_is_not_used(existing: str, tmp_path: Path) -> None:
    """Another run's operations would be judged, or somebody's real ones be worked on; likewise those beside it."""
    (tmp_path / existing).touch()
    outcome = RUNNER.invoke(app, ["prove", "--store", f"sqlite:{tmp_path / 'journal.db'}"])
    assert outcome.exit_code == 2
    assert "exists" in outcome.stdout


@LONG
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name, mutant in MUTANTS.items() if not mutant.harmless])
def test_a_fault_in_the_gateway_is_found(name: str) -> None:
    """Each mutant breaks a promise, and the run that sees it ends with 1."""
    found = []
    for seed in range(1, TRIES + 1):
        outcome = prove("--kills", "12", "--orders", "90", "--seed", str(seed), "--mutant", name)
        assert outcome.returncode in {0, 1}, outcome.stdout + outcome.stderr
        found.append(outcome.returncode)
        if outcome.returncode == 1:
            return
    pytest.fail(f"{name} escaped {len(found)} runs")


@LONG
@pytest.mark.timeout(200)
@pytest.mark.parametrize("name", [name for name, mutant in MUTANTS.items() if mutant.harmless])
@pytest.mark.parametrize("profile", ["resend", "park"])
def test_the_same_bombardment_without_a_fault_is_survived(name: str, profile: str) -> None:
    """What turns mutants red are their faults, not the harness."""
    outcome = prove("--kills", "12", "--orders", "90", "--mutant", name, "--profile", profile)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
