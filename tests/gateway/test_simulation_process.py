import asyncio
import os
import signal
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.contract.wire import HttpRequest
from adapters.registry import BUILT_IN
from gateway import simulation
from gateway.providers.outbound import Outbound, channel
from gateway.simulation import SimulatorProcess, start_process

TIMEOUT = 20.0


@asynccontextmanager
async def started(*names: str, **settings: Any) -> AsyncIterator[SimulatorProcess]:
    process = await start_process(names, **settings)
    try:
        yield process
    finally:
        await process.stop()


async def test_every_provider_is_simulated_in_one_process() -> None:
    """One process, a port for each, and each tells the truth about itself."""
    async with started(*BUILT_IN) as process, Outbound() as outbound:
        assert set(process.urls) == set(BUILT_IN)
        for url in process.urls.values():
            truth = await outbound.send(HttpRequest("GET", "/_simulator/truth"), channel(url, simulator=True), TIMEOUT)
            assert truth.status == 200
            assert "orders" in truth.object()
    assert process.process.returncode == 0


async def test_faults_reach_the_process() -> None:
    """Probabilities given at start are those in force."""
    async with started("reusely", faults={"503": 0.25}, seed=7) as process, Outbound() as outbound:
        way = channel(process.urls["reusely"], simulator=True)
        answer = await outbound.send(HttpRequest("GET", "/_simulator/faults"), way, TIMEOUT)
        assert answer.object() == {"503": "0.25"}


async def test_the_process_ends_when_its_parent_is_gone() -> None:
    """Its stdin closes, whatever way the parent ended; Ctrl-C in a terminal is left to the parent."""
    async with started("reusely") as process:
        os.kill(process.pid, signal.SIGINT)
        async with Outbound() as outbound:
            way = channel(process.urls["reusely"], simulator=True)
            assert (await outbound.send(HttpRequest("GET", "/_simulator/truth"), way, TIMEOUT)).status == 200
        assert process.process.stdin is not None
        process.process.stdin.close()
        assert await asyncio.wait_for(process.process.wait(), TIMEOUT) == 0


async def test_a_process_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped process cannot see that its stdin closed."""
    monkeypatch.setattr(simulation, "STOP_SECONDS", 0.1)
    async with started("reusely") as process:
        os.kill(process.pid, signal.SIGSTOP)
    assert process.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("names", [["nobody"], ["reusely", "nobody"]])
async def test_a_process_that_cannot_start_is_an_error(names: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """The error says so, the process's own words are on stderr, and nothing is left running."""
    with pytest.raises(RuntimeError, match="did not start"):
        await start_process(names)
    assert "KeyError: 'nobody'" in capfd.readouterr().err


async def test_a_third_partys_simulator_is_served_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that joined through the entry-point group `ordergate.adapters`."""
    (tmp_path / "acme.py").write_text(
        textwrap.dedent(
            """
            from adapters.contract.simulator import Simulator, json_response
            from adapters.registry import Registration

            class Acme(Simulator):
                def respond(self, received):
                    return json_response(418, {"path": received.path})

                def orders(self):
                    return []

            REGISTRATION = Registration(adapter=None, load_simulator=lambda: Acme)
            """
        )
    )
    metadata = tmp_path / "acme-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[ordergate.adapters]\nacme = acme:REGISTRATION\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with started("acme") as process, Outbound() as outbound:
        answer = await outbound.send(HttpRequest("GET", "/a"), channel(process.urls["acme"], simulator=True), TIMEOUT)
        assert (answer.status, answer.object()) == (418, {"path": "/a"})
