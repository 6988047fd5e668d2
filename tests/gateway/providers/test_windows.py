"""No provider's way of counting sees a request too many, whatever happens to requests, clocks and the gateway.

`make prove` runs this with 20,000 examples.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract.traits import RateLimit
from gateway.providers.pacing import Pacer
from policies.errors import CapacityExceeded
from policies.local_permits import LocalPermits
from support.pacing import ORDERS, now, pacer_of
from support.virtual_time import VirtualLoop
from support.windows import refused, refused_by_first_hit, refused_by_fixed_window, refused_by_sliding_log

NONE = {"fixed": 0, "first hit": 0, "log": 0}


@dataclass(frozen=True)
class Load:
    """One request: when it is asked for, how long it travels there and back, and what becomes of it."""

    at: float
    there: float
    back: float
    fate: str


FATES = [
    "answered",
    "lost",  # it arrived; its answer did not
    "late",  # given up before it arrived
    "not-sent",
    "died",  # whoever had the permit never gives it back
]
LOADS = st.lists(
    st.builds(Load, st.floats(0, 3), st.floats(0, 1.5), st.floats(0, 1.5), st.sampled_from(FATES)), max_size=30
)


@given(
    requests=st.integers(1, 6),
    window=st.sampled_from([0.5, 1.0, 180.0, 3600.0]),
    loads=LOADS,
    phase=st.floats(0, 1),
    rate=st.floats(1 / 1.01, 1.01),
    restart=st.none() | st.floats(0.1, 3),
)
def test_no_way_of_counting_sees_one_too_many(
    requests: int, window: float, loads: Sequence[Load], phase: float, rate: float, restart: float | None
) -> None:
    """Fixed windows of any phase, first-hit windows and sliding logs all count at most N in T.

    Whether requests are slow, lost, late or never sent, whether permits are lost, whether the provider's clock runs a
    percent faster or slower, and whether the gateway is killed in the middle and starts again.
    """
    limit = RateLimit("*", "*", requests, window, "test")
    # What a killed gateway has sent arrives within five seconds, or nobody could know when it is over.
    longest = 60.0 if restart is None else 4.9
    scaled = [replace(load, at=load.at * window, there=min(load.there * window, longest)) for load in loads]
    arrivals = simulated(limit, scaled, None if restart is None else restart * window)
    assert refused([time * rate for time in arrivals], requests, window, phase * window) == NONE


def simulated(limit: RateLimit, loads: Sequence[Load], restart: float | None) -> list[float]:
    """Return when requests arrived; at `restart` the gateway is killed, and another has what it would have had."""
    arrivals: list[float] = []

    async def gateway(loads: Sequence[Load], begin: float) -> None:
        permits = LocalPermits(now, cold=limit.seconds * 1.01 if begin else 0.0)
        await permits.open()
        pacer = pacer_of(limit, permits=permits, max_waiting=1000)
        await asyncio.gather(*(requested(pacer, load, begin, arrivals, limit.seconds) for load in loads))

    async def main() -> None:
        first = asyncio.create_task(gateway(loads, 0.0))
        if restart is None:
            await first
            return
        await asyncio.wait([first], timeout=restart)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await gateway(loads, restart)

    loop = VirtualLoop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
    return arrivals


async def requested(pacer: Pacer, load: Load, begin: float, arrivals: list[float], window: float) -> None:
    """Ask for one request, send it where there is room, and let become of it what is to."""
    await asyncio.sleep(load.at)
    admission = pacer.admitted(ORDERS, max(200.0, window * 8))
    try:
        await admission.__aenter__()
    except CapacityExceeded:
        return
    if load.fate != "not-sent":
        admission.leaving()
        # What has left travels on, whatever becomes of us.
        late = min(load.there, 4.9) if load.fate == "late" else load.there
        asyncio.get_running_loop().call_later(late, lambda: arrivals.append(now()))
    if load.fate == "died":
        return
    try:
        if load.fate != "late":
            await asyncio.sleep(load.there + load.back * min(window, 40.0))
        if load.fate == "answered":
            admission.answered()
        elif load.fate != "not-sent":
            admission.failed("sent")
    finally:
        await admission.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (lambda times: refused_by_fixed_window(times, 2, 10.0, 5.0), 1),
        (lambda times: refused_by_first_hit(times, 2, 10.0), 2),
        (lambda times: refused_by_sliding_log(times, 2, 10.0), 4),
    ],
    ids=["fixed", "first hit", "log"],
)
def test_the_ways_of_counting_find_what_is_too_many(count: object, expected: int) -> None:
    """Two in ten seconds, asked at 1, 4, 6, 9, 14, 16: each way refuses what it would, by hand."""
    assert callable(count)
    # fixed from 5: [1 4] [6 9 14!] [16]; first hit: [1 4 6! 9!] [14 16]; log: 6 after 1 4, 9 after 4 6, 14 after 6 9,
    # 16 after 9 14
    assert count([1.0, 4.0, 6.0, 9.0, 14.0, 16.0]) == expected
