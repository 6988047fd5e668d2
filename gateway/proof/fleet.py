"""The gateways of a run, as those see them who call them and who kill them."""

import asyncio
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from gateway.proof.board import PLACES, Board
from gateway.proof.nursery import Nursery
from gateway.proof.plan import HORIZON, Plan

START_SECONDS = 20.0
STARTS = 3
ARMED_SECONDS = 0.8
"""How long a gateway may take to reach the place where it is to end; after that it is killed where it stands."""
LISTED = 100
"""How many operations a gateway lists at once."""
AT_RANDOM = "at a random moment"


class FleetLost(Exception):
    """A process of the proof itself ended, or did not come up."""


@dataclass(frozen=True, slots=True)
class Restart:
    """A kill and what followed: whose gateway died and when, and when it served again."""

    journal: int
    died: datetime
    ready: datetime


def fork_nursery(plan: Plan, board: Board, folder: Path) -> tuple[int, socket.socket]:
    """Fork the nursery; return its process id and the socket to command it. Call before there is a loop or thread."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _be_nursery(plan, board, theirs, folder)
    theirs.close()
    return pid, ours


def _be_nursery(plan: Plan, board: Board, control: socket.socket, folder: Path) -> NoReturn:
    status = 1
    try:
        Nursery(plan, board, control, folder).run()
        status = 0
    except KeyboardInterrupt:
        status = 0
    finally:
        os._exit(status)


@dataclass
class Fleet:
    """Starts, kills and restarts gateways through the nursery."""

    plan: Plan
    board: Board
    control: socket.socket
    urls: dict[int, str | None] = field(default_factory=dict)
    simulators: dict[str, str] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    restarts: list[Restart] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    behind: set[int] = field(default_factory=set)
    """Journals that have more open than is to be for the next kill: callers wait too until they have caught up."""

    def __post_init__(self) -> None:
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._lost = False
        self._killing: set[int] = set()

    async def open(self) -> None:
        """Hear the nursery, and start every gateway. Raises FleetLost."""
        reader, self._writer = await asyncio.open_connection(sock=self.control)
        self._reading = asyncio.create_task(self._read(reader))
        await self._until(lambda: bool(self.simulators))
        await asyncio.gather(*(self.start(instance) for instance in range(self.plan.gateways)))

    async def close(self) -> None:
        """End every process."""
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def start(self, instance: int) -> None:
        """Start a gateway and wait until it serves. Raises FleetLost when it ends again and again."""
        for _ in range(STARTS):
            self.urls[instance] = None
            self._say("start", instance)
            await self._until(lambda: self.urls.get(instance, "gone") is not None)
            if instance in self.urls:
                return
        raise FleetLost

    def anywhere(self, journal: int, chance: random.Random) -> str | None:
        """Return the address of a gateway of this journal that serves, or None."""
        instances = range(journal * self.plan.instances, (journal + 1) * self.plan.instances)
        serving = [url for instance in instances if (url := self.urls.get(instance)) is not None]
        return chance.choice(serving) if serving else None

    async def kill(self, instance: int, place: str | None, chance: random.Random) -> None:
        """Kill a gateway at a place, or at a random moment for None, and start it again. Raises FleetLost."""
        self._killing.add(instance)
        if place is None:
            await asyncio.sleep(chance.uniform(0.0, 0.5))
        else:
            self.board.arm(instance, place, chance.choice((0, 0, 1, 2)))
            try:
                await self._until(lambda: instance not in self.urls, ARMED_SECONDS)
            except FleetLost:
                if self._lost:
                    raise
        if instance in self.urls:
            self._say("kill", instance)
            await self._until(lambda: instance not in self.urls)
        self._killing.discard(instance)
        died = datetime.now(UTC)
        await self.start(instance)
        self.restarts.append(Restart(self.plan.journal_of(instance), died, datetime.now(UTC)))

    async def _until(self, done: Any, seconds: float = START_SECONDS) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not done():
                    if self._lost:
                        raise FleetLost
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise FleetLost from None

    def _say(self, command: str, instance: int) -> None:
        if self._writer is not None:
            self._writer.write(msgspec.json.encode({"do": command, "instance": instance}) + b"\n")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self._heard(msgspec.json.decode(line))
            self._changed.set()
        self._lost = True
        self._changed.set()

    def _heard(self, told: dict[str, Any]) -> None:
        match told:
            case {"simulators": urls}:
                self.simulators = urls
            case {"ready": instance, "url": url}:
                self.urls[instance] = url
            case {"gone": None}:
                self._lost = True
            case {"gone": instance, "place": place, "status": status}:
                self.urls.pop(instance, None)
                if instance in self._killing or place is not None:
                    self.kills[place or AT_RANDOM] += 1
                else:
                    self.crashes.append(f"gateway {instance} ended by itself with status {status}")


@dataclass
class Killer:
    """Kills gateways until there were enough kills: at the place that was seen least, or at a random moment.

    Before each kill it waits until its journal has caught up: gateways that live for two seconds each leave more open
    than they find out, and what waits longer than the horizon goes to a person, as it should, but shows nothing.
    No kill is broken off when the time for them is over: its gateway would not be started again.
    """

    fleet: Fleet
    plan: Plan
    backlog: Callable[[int, int], Awaitable[int]]
    """Tells how many operations are open in a journal, up to a number."""

    async def run(self) -> None:
        """Kill every gateway again and again, each in its own time. Raises FleetLost."""
        until = time.monotonic() + self.plan.kill_seconds
        async with asyncio.TaskGroup() as tasks:
            for instance in range(self.plan.gateways):
                chance = random.Random(self.plan.seed * 1000 + instance)  # noqa: S311 - chooses places, hides nothing
                tasks.create_task(self._hunt(instance, chance, until))

    async def _hunt(self, instance: int, chance: random.Random, until: float) -> None:
        while self.fleet.kills.total() < self.plan.kills and time.monotonic() < until:
            await asyncio.sleep(chance.choice((0.0, 0.0, 0.0, 0.1, 0.3, 1.0)))
            await self._caught_up(self.plan.journal_of(instance), until)
            rarest = min(PLACES, key=lambda place: (self.fleet.kills[place], chance.random()))
            place = chance.choice((None, rarest, rarest, chance.choice(PLACES)))
            await self.fleet.kill(instance, place, chance)

    async def _caught_up(self, journal: int, until: float) -> None:
        most = min(self.plan.backlog * self.plan.instances, LISTED)
        horizon = time.monotonic() + HORIZON
        while time.monotonic() < until and await self.backlog(journal, most) >= most:
            self.fleet.behind.add(journal)
            if time.monotonic() >= horizon:
                self.fleet.crashes.append(
                    f"journal {journal} did not catch up in {HORIZON:g} s: its gateways do nothing"
                )
                break
            await asyncio.sleep(0.3)
        self.fleet.behind.discard(journal)
