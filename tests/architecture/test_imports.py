"""Three packages, one direction."""

import subprocess
import sys

from architecture import rules
from architecture.source import PACKAGES, ROOT, project_files, pyproject, python_files, tree


def test_the_import_contracts_hold() -> None:
    """Every contract of pyproject.toml is kept, by indirect imports too.

    In a process of its own: import-linter configures logging, which disables every logger that there is already.
    """
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*command, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_there_are_three_packages_and_the_contracts_know_them() -> None:
    """A new folder of Python files at the top, besides tests and examples, fails until the contracts name it."""
    folders = {path.parts[0] for path in project_files() if path.suffix == ".py" and len(path.parts) > 1}
    assert folders <= {*PACKAGES, "tests", "docs"}
    assert set(pyproject()["tool"]["importlinter"]["root_packages"]) == set(PACKAGES)
    assert set(pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PACKAGES)


def test_an_adapter_is_pure() -> None:
    """Same input, same requests: no input or output, clock, chance or coroutine in any module of adapters."""
    assert not [
        f"{path}:{breach}"
        for path in python_files("adapters")
        for breach in rules.purity_breaches(tree(path), chance_allowed=rules.is_of_simulator(path))
    ]


def test_providers_are_known_through_the_registry_alone() -> None:
    """A provider's folder knows itself and the contract, its simulator never its adapter, the gateway no provider."""
    assert not [
        f"{path}:{breach}"
        for path in python_files("adapters", "gateway")
        for breach in rules.foreign_imports(path, tree(path))
    ]


def test_a_policy_is_given_its_time_and_chance() -> None:
    """A policy reads no clock, sleeps not by itself and throws no dice but those it was given."""
    assert not [
        f"{path}:{breach}"
        for path in python_files("policies")
        for breach in rules.purity_breaches(tree(path), chance_allowed=True, coroutines_allowed=True)
    ]


def test_a_policy_knows_no_domain_word() -> None:
    """A policy decides about calls, whatever they are about."""
    assert not [f"{path}:{breach}" for path in python_files("policies") for breach in rules.domain_words(tree(path))]


def test_importing_a_module_does_no_work() -> None:
    """A module defines names when it is imported, and does nothing else."""
    assert not [f"{path}:{breach}" for path in python_files(*PACKAGES) for breach in rules.work_at_import(tree(path))]
