"""Permits in one process: what a start closes, and what it does not."""

import pytest

from policies.local_permits import LocalPermits
from policies.permits import Budget, Permit, Wait


@pytest.mark.parametrize("cold", [0.0, 60.0])
async def test_what_has_no_window_is_open_from_the_start(cold: float) -> None:
    """A pause that a provider asks for where no limit is known must not bring a cold window with it."""
    permits = LocalPermits(lambda: 0.0, cold=cold)
    await permits.open()
    assert isinstance(await permits.take([(Budget("acme/orders", 5, 0.0), 1)], 1.0), Permit)


async def test_a_short_window_begins_closed() -> None:
    """What the process before sent may still count."""
    permits = LocalPermits(lambda: 0.0, cold=60.0)
    await permits.open()
    assert isinstance(await permits.take([(Budget("acme/orders", 5, 1.0), 1)], 1.0), Wait)
