"""A gateway's process in the proof: forked, given its scaled times and its mutant, and serving until it is killed."""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gateway import points
from gateway.app import Gateway
from gateway.config.load import Configuration
from gateway.proof import mutants
from gateway.proof.board import Board
from gateway.proof.plan import Plan
from gateway.proof.scaling import scale
from gateway.proof.simulators import AGENT
from gateway.providers import outbound
from gateway.telemetry import logs


@dataclass(frozen=True, slots=True)
class Birth:
    """What a gateway's process is given: which it is, its configuration, where it reports, where it logs."""

    instance: int
    configuration: Configuration
    board: Board
    report: int
    log: Path


def run(plan: Plan, birth: Birth, until: Callable[[], None], loop_factory: Callable[[], Any]) -> None:
    """Serve until killed, having written the address to `report` as a line of JSON."""
    logs.configure(birth.log.open("a"), logging.WARNING)
    scale(plan)
    mutants.apply(plan.mutant)
    outbound.user_agent = lambda: f"{AGENT}{birth.instance}"  # type: ignore[assignment]
    points.watch(lambda name: birth.board.reached(birth.instance, name))
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(_serve(birth, until))


async def _serve(birth: Birth, until: Callable[[], None]) -> None:
    until()
    gateway = Gateway(birth.configuration)
    await gateway.start()
    os.write(birth.report, msgspec.json.encode({"url": gateway.url}) + b"\n")
    await asyncio.Event().wait()
