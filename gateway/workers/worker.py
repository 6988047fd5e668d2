"""What forked processes do: be a worker, a whole gateway on sockets that were bound before; or be the simulators."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec
from pydantic import SecretStr

from gateway.app import Gateway, serve
from gateway.config.load import Configuration
from gateway.config.model import Admin
from gateway.listeners import Sockets
from gateway.running import run, until_stopped
from gateway.simulation import build, served
from gateway.telemetry import logs


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker is given: its number, its sockets, the token of its own admin listener, the simulators' URLs."""

    number: int
    sockets: Sockets
    token: SecretStr
    simulators: Mapping[str, str]


def be_worker(configuration: Configuration, assignment: Assignment, report: int) -> int:
    """Serve until SIGTERM, then let operations under way end; return the exit status."""
    logs.configure(worker=assignment.number)
    own = replace(
        configuration,
        admin=Admin(host="127.0.0.1", port=0, token=assignment.token),
        # Said by one of them.
        warnings=configuration.warnings if assignment.number == 0 else (),
    )
    gateway = Gateway(own, sockets=assignment.sockets, simulators=assignment.simulators)
    serving = serve(gateway, partial(os.write, report, b"ready\n"))
    return run(until_stopped(serving, stops=(signal.SIGTERM,)))


def be_simulators(names: Sequence[str], report: int) -> int:
    """Serve simulators until killed, having said on `report` where each is; return the exit status."""
    return run(until_stopped(_simulated(names, report), stops=(signal.SIGTERM,)))


async def _simulated(names: Sequence[str], report: int) -> None:
    async with served({name: build(name) for name in names}) as urls:
        os.write(report, msgspec.json.encode(urls) + b"\n")
        await asyncio.Event().wait()
