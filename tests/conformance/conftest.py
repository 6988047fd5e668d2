"""Runs every test on every provider: those of subjects.py, or those named by `--subject module:NAME`."""

from importlib import import_module

import pytest

from adapters.contract.adapter import Adapter
from conformance.subjects import SUBJECTS
from support.conformance import Account, Subject
from support.conformance_calls import KNOWN

OPTION = "--subject"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the subjects of somebody else's adapters."""
    parser.addoption(
        OPTION,
        action="append",
        default=[],
        metavar="MODULE:NAME",
        help="run the conformance suite on this Subject alone (may be repeated)",
    )


def subjects_of(config: pytest.Config) -> list[Subject]:
    """Return the subjects of this run."""
    named: list[str] = config.getoption(OPTION, default=[])
    others = []
    for place in named:
        module, _, name = place.partition(":")
        others.append(getattr(import_module(module), name))
    return others or list(SUBJECTS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that takes a `subject` every one of them."""
    if "subject" in metafunc.fixturenames:
        subjects = subjects_of(metafunc.config)
        KNOWN.update({subject.name: subject for subject in subjects})
        metafunc.parametrize("subject", subjects, ids=[subject.name for subject in subjects])


@pytest.fixture
def account(subject: Subject) -> Account:
    """Return a new account at the provider."""
    return Account(subject)


@pytest.fixture(params=["as simulated", "bare"])
def adapter(request: pytest.FixtureRequest, subject: Subject) -> Adapter[object, object]:  # type: ignore[type-var]
    """Return the adapter, configured for its simulator and with as little as possible."""
    return subject.bare_adapter() if request.param == "bare" else subject.adapter()
