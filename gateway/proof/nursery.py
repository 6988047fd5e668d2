"""The process that forks the others: it has imported everything, and has neither loop nor thread.

    nursery ─── simulators
       ├─────── gateway 0       each has a pipe to the nursery: its end tells that the process is gone
       └─────── gateway 1 …     and reads a lifeline: its end tells that the nursery is

Lines of JSON in: {"do": "start" | "kill" | "pause" | "resume", "instance": 0}. Out: {"simulators": {…}}, then
{"ready": 0, "url": …} and {"gone": 0, "place": …, "status": …}. It ends when its input does, and takes all with it.
"""

import asyncio
import dataclasses
import gc
import logging
import os
import selectors
import signal
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import uvloop

from gateway.app import Gateway
from gateway.config.load import Configuration, load
from gateway.proof import child, simulators
from gateway.proof.accounts import configuration
from gateway.proof.board import Board
from gateway.proof.plan import Plan
from gateway.telemetry import logs

SIGNALS = {"kill": signal.SIGKILL, "pause": signal.SIGSTOP, "resume": signal.SIGCONT}


@dataclass(slots=True)
class Child:
    """A forked process: what it reported that was not a whole line yet, and which gateway it is."""

    pid: int
    instance: int | None
    rest: bytes = field(default=b"")


class Nursery:
    """Forks and buries. `control` is one end of a pair of sockets; `folder` is the run's own."""

    def __init__(self, plan: Plan, board: Board, control: socket.socket, folder: Path) -> None:
        self._plan = plan
        self._board = board
        self._control = control
        self._folder = folder
        self._configurations: list[Configuration] = []
        self._children: dict[int, Child] = {}
        self._lifeline = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._commands = b""

    def run(self) -> None:
        """Serve until the control socket ends."""
        self._selector.register(self._control, selectors.EVENT_READ)
        gc.freeze()
        self._fork(None, lambda report: simulators.run(self._plan, self._board, report, self._until_orphaned))
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.fd != self._control.fileno():
                        self._heard(key.fd)
                    elif not self._commanded():
                        return
        finally:
            self._end()

    def _commanded(self) -> bool:
        """Carry out commands; tell whether more may come."""
        received = self._control.recv(65536)
        *lines, self._commands = (self._commands + received).split(b"\n")
        for line in lines:
            command = msgspec.json.decode(line)
            instance = command["instance"]
            if command["do"] == "start":
                self._fork(instance, partial(self._serve, instance))
                continue
            for one in self._children.values():
                if one.instance == instance:
                    os.kill(one.pid, SIGNALS[command["do"]])
        return bool(received)

    def _serve(self, instance: int, report: int) -> None:
        log = self._folder / f"gateway-{instance}.log"
        configuration = self._configurations[self._plan.journal_of(instance)]
        birth = child.Birth(instance, configuration, self._board, report, log)
        child.run(self._plan, birth, self._until_orphaned, uvloop.new_event_loop)

    def _fork(self, instance: int | None, work: Callable[[int], None]) -> None:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become(work, reading, writing)
        os.close(writing)
        if instance is not None:
            self._board.born(instance, pid)
        self._children[reading] = Child(pid, instance)
        self._selector.register(reading, selectors.EVENT_READ)

    def _become(self, work: Callable[[int], None], reading: int, writing: int) -> NoReturn:
        """Be a child: close what is the nursery's, work, and never return."""
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._selector.close()
            for descriptor in (reading, self._lifeline[1], self._control.fileno(), *self._children):
                os.close(descriptor)
            work(writing)
            status = 0
        except BaseException:  # noqa: BLE001 - a forked process must not go on in the code of its parent
            (self._folder / f"crash-{os.getpid()}.log").write_text(traceback.format_exc())
        finally:
            os._exit(status)

    def _until_orphaned(self) -> None:
        """Have this child end with the nursery."""
        asyncio.get_running_loop().add_reader(self._lifeline[0], os._exit, 3)

    def _heard(self, descriptor: int) -> None:
        one = self._children[descriptor]
        received = os.read(descriptor, 65536)
        if not received:
            self._bury(descriptor, one)
            return
        *lines, one.rest = (one.rest + received).split(b"\n")
        for line in lines:
            value = msgspec.json.decode(line)
            if one.instance is None:
                self._configure(value)
                self._tell({"simulators": value})
            else:
                self._tell({"ready": one.instance, **value})

    def _configure(self, urls: dict[str, str]) -> None:
        path = self._folder / "gateway.json"
        stores = [self._plan.store_url(journal, self._folder) for journal in range(self._plan.journals)]
        path.write_bytes(configuration(urls, stores[0], self._plan))
        loaded = load(path, {})
        self._configurations = [_at(loaded, url) for url in stores]
        self._warm_up(self._configurations[0])

    def _warm_up(self, warm: Configuration) -> None:
        """Start and stop a gateway here: what a process makes once and keeps, its children need not make again."""
        logs.configure((self._folder / "nursery.log").open("a"), logging.WARNING)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_start_and_stop(warm))
        gc.collect()
        gc.freeze()

    def _bury(self, descriptor: int, one: Child) -> None:
        self._selector.unregister(descriptor)
        os.close(descriptor)
        del self._children[descriptor]
        _, status = os.waitpid(one.pid, 0)
        place = None if one.instance is None else self._board.buried(one.instance)
        self._tell({"gone": one.instance, "place": place, "status": os.waitstatus_to_exitcode(status)})

    def _tell(self, value: Any) -> None:
        self._control.sendall(msgspec.json.encode(value) + b"\n")

    def _end(self) -> None:
        for one in self._children.values():
            os.kill(one.pid, signal.SIGKILL)
        for one in self._children.values():
            os.waitpid(one.pid, 0)


def _at(loaded: Configuration, url: str) -> Configuration:
    """Return the configuration with a journal there, and without warnings of secrets that are none."""
    # What dies here are processes, not the machine: any file system remembers across that.
    store = loaded.store.model_copy(update={"url": url, "ephemeral": True})
    return dataclasses.replace(loaded, store=store, warnings=())


async def _start_and_stop(configuration: Configuration) -> None:
    gateway = Gateway(configuration)
    await gateway.start()
    await gateway.stop(grace=0.0)
