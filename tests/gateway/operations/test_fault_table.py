"""The short form of `make prove-faults`: each fault with a twentieth of its load."""

import pytest

from faults.table import AFTER, FAULTS, trial


@pytest.mark.parametrize("fault", FAULTS)
def test_a_provider_that_fails_costs_few_calls_and_no_truth(fault: str) -> None:
    """Nobody is told anything wrong, all is well again in time, and calls stay within 1.1 for each request, and ten."""
    row = trial(fault, pace=20.0)
    assert row.lies == 0
    assert row.calls <= 1.1 * row.calls / row.ratio + 10
    assert row.slowest <= 15.5
    assert row.recovery < AFTER
