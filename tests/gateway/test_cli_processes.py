"""The command line as a process: it serves, says what is wrong, and ends as it should."""

import asyncio
import contextlib
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from adapters.contract.simulator import Simulator
from adapters.registry import load
from gateway.simulation import served

# A command takes a second or two on a machine that has nothing else to do.
SECONDS = 100.0
pytestmark = pytest.mark.timeout(SECONDS + 10)
ORDER = {"reference": "PO-1", "lines": [{"productId": "shop:266-235", "quantity": 1}]}
HEAD = "listen:\n  port: {port}\nadmin:\n  port: 0\nstore:\n  url: 'memory:'\n  ephemeral: true\nproviders:\n"
SIMULATED = HEAD + "  shop:\n    adapter: reseller\n    simulated: true\n"
REAL = HEAD + (
    "  shop:\n    adapter: reseller\n    base_url: {url}\n    credentials:\n"
    "      email: ${{EMAIL}}\n      password: ${{PASSWORD}}\n"
)
REAL_WITHOUT_SECRETS = REAL.replace("${{EMAIL}}", "a@b.example").replace("${{PASSWORD}}", "canary")

UNNEEDED = frozenset(
    """
asyncpg jwt cryptography opentelemetry requests gateway.api.issuers gateway.stores.postgres gateway.telemetry.otlp
phonenumbers rich.console hypothesis pytest unittest xml.etree.ElementTree gateway.api.openapi gateway.api.schemas
gateway.checking gateway.demo gateway.inspecting gateway.proof adapters.reseller.simulator adapters.bol.adapter
""".split()
)
"""What `serve` does without where nothing asks for it, each a while to import."""


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@asynccontextmanager
async def started(
    *arguments: str, environ: dict[str, str] | None = None, options: Sequence[str] = ()
) -> AsyncIterator[Process]:
    """Start the command, with options of the interpreter; it is gone when this is left."""
    command = (sys.executable, *options, "-c", "from gateway.cli import main; main()", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=environ)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def ran(*arguments: str) -> Ended:
    """Run the command to its end."""
    async with started(*arguments) as process:
        return await ended(process)


async def ended(process: Process) -> Ended:
    """Wait for a command's end."""
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def line(stream: asyncio.StreamReader | None, word: bytes) -> Any:
    """Return the first line with this word: decoded where it is JSON."""
    assert stream is not None
    before = b""
    async with asyncio.timeout(SECONDS):
        while received := await stream.readline():
            if word in received:
                return msgspec.json.decode(received) if received.startswith(b"{") else received.decode()
            before += received
    raise AssertionError(f"it ended before, and said {before.decode(errors='replace')[-4000:]!r}")


async def became_ready(process: Process) -> tuple[Any, set[str]]:
    """Return what it says when it is ready, and the modules it has imported until then."""
    assert process.stderr is not None
    imported: set[str] = set()
    async with asyncio.timeout(SECONDS):
        while received := await process.stderr.readline():
            if b'"ready"' in received:
                return msgspec.json.decode(received), imported
            if received.startswith(b"import time:"):
                imported.add(received.decode().rpartition("|")[2].strip())
    raise AssertionError("it ended before")


def written(folder: Path, text: str, **values: object) -> str:
    """Write a configuration; return its path."""
    path = folder / "gateway.yaml"
    path.write_text(text.format(**values))
    return str(path)


@pytest.fixture
def simulator() -> Simulator:
    """A simulated reseller that can be slow, but not for long. Made outside of any loop: importing it reads files."""
    kind = load("reseller").simulator
    slow: type[Simulator] = type(kind.__name__, (kind,), {"slow_seconds": 1.0})
    return slow(now=lambda: datetime.now(UTC), pace=0.0)


async def test_it_serves_and_ends_when_it_is_told_to_but_not_before_an_order_has(
    simulator: Simulator, tmp_path: Path
) -> None:
    """On SIGTERM: not ready, no new orders, the one under way is placed and its caller answered, exit code 0.

    Until it is ready it imports nothing of what is not switched on: that is what keeps its start short.
    """
    keys = {"EMAIL": simulator.credentials["email"], "PASSWORD": simulator.credentials["password"]}
    async with served({"reseller": simulator}) as urls, aiohttp.ClientSession() as session:
        path = written(tmp_path, REAL, port=0, url=urls["reseller"])
        async with started("serve", "--config", path, environ=keys, options=("-X", "importtime")) as process:
            ready, imported = await became_ready(process)
            assert "aiohttp" in imported, "what was imported is told otherwise than we read it"
            assert not imported & UNNEEDED
            for probe in ("livez", "readyz"):
                async with session.get(f"{ready['admin']}/{probe}") as answer:
                    assert answer.status == 200
            simulator.set_faults({"slow": 1.0})
            placing = asyncio.create_task(placed(session, ready["url"], "key-1"))
            async with asyncio.timeout(SECONDS):
                while not simulator.dealt["slow"]:  # noqa: ASYNC110 - the simulator has no event for it
                    await asyncio.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            assert await no_more(session, ready["admin"])
            with pytest.raises(aiohttp.ClientConnectorError):
                await placed(session, ready["url"], "key-2")
            order = await placing
            assert order["id"].startswith("shop:")
            assert (await ended(process)).code == 0
    assert len(simulator.truth()["orders"]) == 1


async def placed(session: aiohttp.ClientSession, url: str, key: str) -> Any:
    """Place an order; return the order, or the problem that came instead."""
    order = {**ORDER, "reference": key}
    async with session.post(f"{url}/v1/orders", json=order, headers={"Idempotency-Key": key}) as answer:
        return await answer.json(content_type=None)


async def no_more(session: aiohttp.ClientSession, admin: str) -> bool:
    """Tell whether the gateway stops being ready soon."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        async with session.get(f"{admin}/readyz") as answer:
            if answer.status == 503:
                return True
    return False


async def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    """Exit code 1, no traceback, nothing left behind."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        serving = ran("serve", "--config", written(tmp_path, REAL_WITHOUT_SECRETS, port=port, url="http://127.0.0.1:9"))
        (tmp_path / "demo").mkdir()
        touring = ran("demo", "--config", written(tmp_path / "demo", SIMULATED, port=port))
        results = await asyncio.gather(serving, touring)
    for result in results:
        assert result.code == 1
        assert "address already in use" in result.err.splitlines()[-1]
        assert result.err.splitlines()[-1].startswith("ordergate: ")
        assert "Traceback" not in result.err


async def test_accounts_are_checked_live(tmp_path: Path) -> None:
    """Every provider works, or the problem is named and the exit code 1; the secret is not shown."""
    wrong = "  print:\n    adapter: gelato\n    simulated: true\n    credentials:\n"
    wrong += "      api_key: canary-key-7261\n      api_secret: canary-secret-7261\n"
    wrong += "  trade:\n    adapter: reusely\n    simulated: true\n    credentials:\n      api_key: canary-key-7261\n"
    good = written(tmp_path, SIMULATED, port=0)
    (tmp_path / "bad").mkdir()
    bad = written(tmp_path / "bad", SIMULATED + wrong, port=0)
    works, fails = await asyncio.gather(ran("check", "--live", "-c", good), ran("check", "--live", "-c", bad))
    assert (works.code, works.err) == (0, "")
    assert works.out.splitlines()[-1].startswith("shop: works, ")
    assert fails.code == 1
    assert "shop: works, " in fails.out
    refusals = [line for line in fails.out.splitlines() if ": provider-credentials: " in line]
    assert [line.split()[0] for line in refusals] == ["print:", "trade:"]
    assert "lapsed subscription" in refusals[1], "what else it may be is told behind the provider's words"
    assert "canary" not in "\n".join(fails.out.splitlines()[2:]) + fails.err


async def test_a_certificate_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    """The way to the provider cannot be opened: exit code 1, no traceback, every session closed."""
    (tmp_path / "authorities.pem").write_text("surprise")
    text = (
        REAL.replace("${{EMAIL}}", "a@b.example").replace("${{PASSWORD}}", "canary") + "    ca_file: authorities.pem\n"
    )
    result = await ran("check", "--live", "-c", written(tmp_path, text, port=0, url="http://127.0.0.1:9"))
    assert result.code == 1
    assert result.err.startswith("ordergate: ca_file ")
    assert len(result.err.splitlines()) == 1


async def test_a_simulator_is_served_with_its_faults() -> None:
    """It says where, deals the faults that were asked for, tells the truth, and ends with 0 on SIGTERM."""
    async with (
        started("simulate", "gelato", "--port", "0", "--fault", "503:1", "--seed", "3") as process,
        aiohttp.ClientSession() as session,
    ):
        announced = await line(process.stdout, b"http://")
        assert announced.startswith("gelato on http://127.0.0.1:")
        url = re.findall(r"http://[0-9.:]+", announced)[0]
        async with session.get(f"{url}/orders/1") as answer:
            assert answer.status == 503
        async with session.get(f"{url}/_simulator/truth") as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        assert (await ended(process)).code == 0


async def test_a_simulator_refuses_what_is_no_probability_and_a_port_that_is_taken() -> None:
    """A sentence and exit code 1."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        port = str(server.sockets[0].getsockname()[1])
        results = await asyncio.gather(
            ran("simulate", "bol", "--fault", "500:2"), ran("simulate", "bol", "--port", port)
        )
    assert [result.code for result in results] == [1, 1]
    assert all(result.err.startswith("ordergate: ") and "Traceback" not in result.err for result in results)
