"""Serves simulators over real sockets: here, or in a process of their own.

python -m gateway.simulation    one JSON line in on stdin (names, seed, faults, pace)
                                one JSON line out on stdout (name → URL)
                                serves until stdin closes, so it never outlives whoever started it
"""

import asyncio
import signal
import socket
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn
from urllib.parse import parse_qsl, urlsplit

import msgspec
from aiohttp import web

from adapters import registry
from adapters.contract.simulator import Received, Reply, Simulator

HOST = "127.0.0.1"
MAX_BODY = 4 * 1024 * 1024
BODY_SECONDS = 30.0
START_SECONDS = 20.0
STOP_SECONDS = 5.0

_OURS = frozenset({"content-length", "transfer-encoding", "connection"})


class Assignment(msgspec.Struct):
    """What a process of simulators is told: which providers to simulate and how."""

    names: list[str]
    seed: int = 0
    faults: dict[str, float] = {}
    pace: float = 1.0


def build(name: str, *, seed: int = 0, faults: Mapping[str, float] | None = None, pace: float = 1.0) -> Simulator:
    """Make a provider's simulator on the real clock. Raises KeyError for an unknown name, ValueError for bad faults."""
    return registry.load_simulator(name)(now=_now, seed=seed, faults=faults, pace=pace)


def account(name: str, url: str) -> str:
    """Return what gateway.yaml has under `providers` for an account at the provider's simulator, served at `url`.

    Nothing that the adapter can do is off for such an account for want of a setting.
    Whatever address of the provider's own a setting names, that of the login say, is the simulator's too.
    """
    registration = registry.load(name)
    fields = registration.adapter.Settings.model_fields
    settings = {key: field.default for key, field in fields.items() if _is_address(field.default)}
    settings |= registration.simulator.settings
    for key, value in settings.items():
        if _is_address(value):
            settings[key] = url + urlsplit(value).path
    if registration.simulator.currency is not None:
        settings["currency"] = registration.simulator.currency
    lines = [f"  {name}:", f"    adapter: {name}", f"    base_url: {url}"]
    lines += [f"    {key}: {msgspec.json.encode(value).decode()}" for key, value in settings.items()]
    lines += ["    credentials:"]
    lines += [
        f"      {key}: {msgspec.json.encode(value).decode()}"
        for key, value in registration.simulator.credentials.items()
    ]
    return "\n".join(lines)


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith("https://")


def _silent(url: str) -> None:
    """Announce nothing."""


@asynccontextmanager
async def served(
    simulators: Mapping[str, Simulator], host: str = HOST, ports: Mapping[str, int] | None = None
) -> AsyncIterator[dict[str, str]]:
    """Serve each simulator on a port of its own; yield the URL of each by name.

    `ports` by name; one left out, or 0, is chosen by the kernel. Raises OSError for a port that is taken.
    """
    runners: list[web.AppRunner] = []
    urls: dict[str, str] = {}
    try:
        for name, simulator in simulators.items():
            runner = web.AppRunner(_application(simulator), access_log=None, shutdown_timeout=0.5)
            await runner.setup()
            runners.append(runner)
            await web.TCPSite(runner, host, (ports or {}).get(name, 0)).start()
            urls[name] = f"http://{_authority(host, runner.addresses[0][1])}"
        yield urls
    finally:
        await asyncio.gather(*(runner.cleanup() for runner in runners))


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    """A running process of simulators: where each listens, and the end of it."""

    urls: Mapping[str, str]
    process: Process

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.process.pid

    async def stop(self) -> None:
        """End the process: ask by closing its stdin, then kill it. Returns when it is gone."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


async def start_process(
    names: Sequence[str], *, seed: int = 0, faults: Mapping[str, float] | None = None, pace: float = 1.0
) -> SimulatorProcess:
    """Start a process that serves these providers' simulators on ports of the kernel's choice.

    It ends when `stop` is called or this process ends, whatever way. Raises RuntimeError when it does not come up.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "gateway.simulation", stdin=PIPE, stdout=PIPE
    )
    started = SimulatorProcess({}, process)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the simulators' process has no pipes")
    assignment = Assignment(list(names), seed, dict(faults or {}), pace)
    try:
        process.stdin.write(msgspec.json.encode(assignment) + b"\n")
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
        return SimulatorProcess(msgspec.json.decode(line, type=dict[str, str]), process)
    except (OSError, msgspec.DecodeError) as error:
        await started.stop()
        raise RuntimeError(f"the simulators did not start (exit status {process.returncode})") from error
    except BaseException:
        await started.stop()
        raise


async def simulate(
    name: str,
    host: str = HOST,
    port: int = 0,
    *,
    seed: int = 0,
    faults: Mapping[str, float] | None = None,
    pace: float = 1.0,
    announce: Callable[[str], object] = _silent,
) -> NoReturn:
    """Serve one provider's simulator until cancelled; `announce` is called with its URL when it is ready.

    Raises KeyError for an unknown name, ValueError for bad faults, OSError for a port that is taken.
    """
    simulator = build(name, seed=seed, faults=faults, pace=pace)
    async with served({name: simulator}, host, {name: port}) as urls:
        announce(urls[name])
        while True:
            await asyncio.Event().wait()


def _application(simulator: Simulator) -> web.Application:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await _deliver(simulator.handle(await _received(request)), request)

    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_route("*", "/{path:.*}", handle)
    application.on_response_prepare.append(_without_server)
    return application


async def _received(request: web.Request) -> Received:
    """Return what was received, its path as it was sent. Raises HTTPRequestEntityTooLarge, HTTPRequestTimeout."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    path, _, query = _origin_form(request.raw_path).partition("?")
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    pairs = tuple(parse_qsl(query, keep_blank_values=True))
    return Received(request.method, path, pairs, headers, body)


def _origin_form(target: str) -> str:
    """Return path and query of a request target; a client of a proxy sends the whole URL."""
    if target.startswith("/"):
        return target
    url = urlsplit(target)
    return f"{url.path}?{url.query}"


async def _deliver(reply: Reply, request: web.Request) -> web.StreamResponse:
    """Carry an answer out the way the simulator says."""
    if reply.delay:
        await asyncio.sleep(reply.delay)
    answer = reply.response
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in _OURS}
    whole = web.Response(status=answer.status, headers=headers, body=answer.body)
    transport = request.transport
    if reply.delivery == "whole" or transport is None:
        return whole
    if reply.delivery == "truncated" and answer.body:
        return await _truncated(answer.body, answer.status, headers, request)
    if reply.delivery == "reset":
        reset(transport)
    else:
        transport.close()
    return whole


async def _truncated(body: bytes, status: int, headers: Mapping[str, str], request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def reset(transport: asyncio.BaseTransport) -> None:
    """Close a connection with RST, the way a crashed server or a firewall does."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Not to linger at all is what makes the kernel send RST for FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.close()


async def _without_server(request: web.Request, response: web.StreamResponse) -> None:
    """Send no Server header: a simulator is not the aiohttp that serves it."""
    response.headers.pop("Server", None)


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _now() -> datetime:
    return datetime.now(UTC)


async def _serve_until_stdin_closes(how: Assignment) -> None:
    simulators = {name: build(name, seed=how.seed, faults=how.faults, pace=how.pace) for name in how.names}
    async with served(simulators) as urls:
        sys.stdout.buffer.write(msgspec.json.encode(urls) + b"\n")
        sys.stdout.flush()
        stdin = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
        while await stdin.read(1024):
            pass


def main() -> None:
    """Serve the simulators that the line on stdin names, until stdin closes."""
    # Ctrl-C reaches every process of a terminal; this one goes when its parent has finished with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assignment = msgspec.json.decode(sys.stdin.buffer.readline(), type=Assignment)
    asyncio.run(_serve_until_stdin_closes(assignment))


if __name__ == "__main__":
    main()
