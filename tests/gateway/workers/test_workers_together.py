"""Two workers of one gateway on one PostgreSQL, as processes: what callers, operators and the provider see of them."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from adapters.contract.simulator import Simulator
from adapters.registry import load
from gateway.simulation import served
from support.postgres import made_empty
from support.postgres_store import server_url

SECONDS = 60.0
pytestmark = pytest.mark.timeout(3 * SECONDS)
Line = dict[str, Any]
CONFIGURATION = """\
listen:
  port: 0
  workers: 2
admin:
  port: 0
store:
  url: {store}
telemetry:
  prometheus: true
providers:
  shop:
    adapter: reseller
    base_url: {url}
    credentials:
      email: {email}
      password: {password}
    resilience:
      orders_at_once: 64
  print:
    adapter: gelato
    simulated: true
"""


class Served:
    """`ordergate serve`, and what it has logged so far."""

    def __init__(self, process: Process, session: aiohttp.ClientSession) -> None:
        self.process = process
        self.session = session
        self.lines: list[Line] = []
        self.url = self.admin = ""

    async def logged(self, is_meant: Callable[[Line], bool]) -> Line:
        """Return the next line that is meant, of those not returned before. Fails when the log ends first."""
        assert self.process.stderr is not None
        async with asyncio.timeout(SECONDS):
            while received := await self.process.stderr.readline():
                if not received.startswith(b"{"):
                    raise AssertionError(f"it said {received + await self.process.stderr.read()!r}")
                self.lines.append(msgspec.json.decode(received))
                if is_meant(self.lines[-1]):
                    return self.lines[-1]
        raise AssertionError(f"it ended before, and said {self.lines[-5:]}")

    async def until_all_are_gone(self) -> None:
        """Wait until no process holds the log open any more."""
        assert self.process.stderr is not None
        async with asyncio.timeout(SECONDS):
            self.lines += [msgspec.json.decode(line) for line in (await self.process.stderr.read()).splitlines()]

    def pids(self) -> dict[str, int]:
        """Return the newest process of each kind."""
        return {line["kind"]: line["pid"] for line in self.lines if line["event"] == "process started"}

    async def place(self, key: str, wait: int = 10) -> tuple[int, Any]:
        """Order something over a connection of its own, and wait so many seconds for what becomes of it.

        Returns status and body, (0, None) for a lost connection.
        """
        order = {"reference": key, "lines": [{"productId": "shop:266-235", "quantity": 1}]}
        try:
            headers = {"Idempotency-Key": key, "Connection": "close", "Prefer": f"wait={wait}"}
            async with self.session.post(f"{self.url}/v1/orders", json=order, headers=headers) as answer:
                return answer.status, await answer.json(content_type=None)
        except aiohttp.ClientError:
            return 0, None

    async def asked(self, path: str) -> tuple[int, str]:
        """Return status and text of what the admin listener says."""
        async with self.session.get(self.admin + path) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def serving(folder: Path, text: str) -> AsyncIterator[Served]:
    """Serve until this is left; nothing of it is left then."""
    path = folder / "gateway.yaml"
    path.write_text(text)
    command = (sys.executable, "-c", "from gateway.cli import main; main()", "serve", "--config", str(path))
    process = await asyncio.create_subprocess_exec(*command, stderr=PIPE)
    connector = aiohttp.TCPConnector(limit=0)
    try:
        async with aiohttp.ClientSession(connector=connector) as session:
            gateway = Served(process, session)
            ready = await gateway.logged(lambda line: line["event"] == "all workers ready")
            gateway.url, gateway.admin = ready["url"], ready["admin"]
            yield gateway
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


@pytest.fixture
def simulator() -> Simulator:
    """A reseller that can be slow, but not for long. Made outside of any loop: importing it reads files."""
    kind = load("reseller").simulator
    slow: type[Simulator] = type(kind.__name__, (kind,), {"slow_seconds": 0.5})
    return slow(now=lambda: datetime.now(UTC), pace=0.0)


async def test_two_workers_are_one_gateway(simulator: Simulator, tmp_path: Path) -> None:
    """They share callers, keys and simulators; one that dies is replaced; all end in order; nothing is placed twice."""
    async with prepared(simulator) as text:
        async with serving(tmp_path, text) as gateway:
            await both_answer(gateway)
            await one_key_is_one_order(gateway, simulator)
            placed = await a_worker_is_killed(gateway)
            await all_are_let_end(gateway, simulator)
        assert set(truth(simulator).values()) == {1}
        assert placed <= set(truth(simulator))


@pytest.mark.skipif(not os.environ.get("ORDERGATE_PROVE"), reason="another start: `make prove` has it")
async def test_no_worker_outlives_its_supervisor(simulator: Simulator, tmp_path: Path) -> None:
    """Also one that is killed and says nothing; the next goes on with what the first has left."""
    async with prepared(simulator) as text:
        async with serving(tmp_path, text) as gateway:
            await one_key_is_one_order(gateway, simulator)
            await the_supervisor_is_killed(gateway)
        async with serving(tmp_path, text) as gateway:
            assert (await gateway.place("same"))[0] == 201
            assert truth(simulator) == {"same": 1}


@pytest.mark.skipif(not os.environ.get("ORDERGATE_PROVE"), reason="another start: `make prove` has it")
async def test_a_store_that_cannot_be_had_is_said_once(simulator: Simulator, tmp_path: Path) -> None:
    """By the first worker, then by the supervisor, which ends with 1 and leaves nothing."""
    text = CONFIGURATION.format(
        url="http://127.0.0.1:9", store="postgresql://a:b@127.0.0.1:9/c", **simulator.credentials
    )
    with pytest.raises(
        AssertionError, match=r"ordergate: the journal .*\\nordergate: worker 0 does not start \(exit status 1\)"
    ) as raised:
        async with serving(tmp_path, text):
            pass
    assert str(raised.value).count("ordergate: ") == 2


@asynccontextmanager
async def prepared(simulator: Simulator) -> AsyncIterator[str]:
    """Serve the simulator; yield a configuration with it and an empty store."""
    url = await asyncio.to_thread(server_url)
    with made_empty(url, "ordergate_workers") as store:
        async with served({"reseller": simulator}) as urls:
            yield CONFIGURATION.format(url=urls["reseller"], store=store, **simulator.credentials)


def truth(simulator: Simulator) -> Counter[str]:
    """Return how often each reference was placed; the provider is told that of a line."""
    return Counter(order["reference"].partition(":")[0] for order in simulator.truth()["orders"])


async def both_answer(gateway: Served) -> None:
    """The kernel deals connections out; health and metrics are of both; simulators are the same for both."""
    ready = [line for line in gateway.lines if line["event"] == "ready"]
    assert sorted(line["worker"] for line in ready) == [0, 1]
    assert ready[0]["simulators"] == ready[1]["simulators"] != {}
    assert {line["url"] for line in ready} == {gateway.url}

    async def read() -> int:
        async with gateway.session.get(f"{gateway.url}/v1/providers", headers={"Connection": "close"}) as answer:
            return answer.status

    assert await asyncio.gather(*(read() for _ in range(40))) == [200] * 40
    assert await gateway.asked("/livez") == (200, "ok\n")
    assert await gateway.asked("/readyz") == (200, "ready\n")
    metrics = (await gateway.asked("/metrics"))[1].splitlines()
    name = "http_server_request_duration_seconds_count"
    counts = [int(line.split()[-1]) for line in metrics if line.startswith(name) and '"/v1/providers"' in line]
    assert (len(counts), sum(counts)) == (2, 40)
    assert all(f'ordergate_worker_ready{{ordergate_worker="{number}"}} 1' in metrics for number in (0, 1))


async def one_key_is_one_order(gateway: Served, simulator: Simulator) -> None:
    """However many ask at once, whichever worker they come to."""
    answers = await asyncio.gather(*(gateway.place("same") for _ in range(16)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({body["id"] for status, body in answers if status == 201}) == 1
    assert {body["type"] for status, body in answers if status == 409} <= {"/problems/request-in-progress"}
    assert truth(simulator) == {"same": 1}


async def a_worker_is_killed(gateway: Served) -> set[str]:
    """While orders are under way: another takes its place, and keys mean what they meant. Returns what is placed."""
    before = gateway.pids()
    keys = [f"load-{number}" for number in range(16)]
    orders = [asyncio.create_task(gateway.place(key)) for key in keys]
    await asyncio.wait(orders, return_when=asyncio.FIRST_COMPLETED)
    os.kill(before["worker 1"], signal.SIGKILL)
    ended = await gateway.logged(lambda line: line["event"] == "process ended")
    assert (ended["kind"], ended["status"]) == ("worker 1", -signal.SIGKILL)
    await gateway.logged(lambda line: line["event"] == "ready" and line["worker"] == 1)
    after = gateway.pids()
    assert {kind for kind in before if before[kind] != after[kind]} == {"worker 1"}
    first = dict(zip(keys, await asyncio.gather(*orders), strict=True))
    again = dict(zip(keys, await asyncio.gather(*(gateway.place(key, 0) for key in keys)), strict=True))
    placed = {key for key, (status, _) in first.items() if status == 201}
    assert all(again[key] == first[key] for key in placed)
    assert (await gateway.place("after"))[0] == 201
    assert await gateway.asked("/readyz") == (200, "ready\n")
    return placed | {key for key, (status, _) in again.items() if status == 201} | {"after"}


async def the_supervisor_is_killed(gateway: Served) -> None:
    """So are all of its processes, without a word from it."""
    pids = set(gateway.pids().values())
    assert all(is_running(pid) for pid in pids)
    gateway.process.kill()
    await gateway.until_all_are_gone()
    async with asyncio.timeout(SECONDS):
        # Its files are closed a moment before it is gone.
        while any(is_running(pid) for pid in pids):  # noqa: ASYNC110 - nobody is told of the end of an orphan
            await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    """Tell whether there is such a process; one that nobody has buried yet does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


async def all_are_let_end(gateway: Served, simulator: Simulator) -> None:
    """On SIGTERM, also repeated: not ready, orders under way are placed and their callers answered, exit code 0."""
    simulator.set_faults({"slow": 1.0})
    placing = [asyncio.create_task(gateway.place(f"last-{number}")) for number in range(6)]
    async with asyncio.timeout(SECONDS):
        while simulator.dealt["slow"] < 6:  # noqa: ASYNC110 - the simulator has no event for it
            await asyncio.sleep(0.01)
    begun = time.monotonic()
    gateway.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(SECONDS):
        while (await gateway.asked("/readyz"))[0] == 200:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)
    gateway.process.send_signal(signal.SIGTERM)
    assert {status for status, _ in await asyncio.gather(*placing)} == {201}
    await gateway.until_all_are_gone()
    assert await gateway.process.wait() == 0
    assert time.monotonic() - begun < SECONDS / 2
    assert [line["event"] for line in gateway.lines].count("stopped") == 2
