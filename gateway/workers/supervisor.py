"""Starts the workers of one gateway, starts again what dies, and ends all together.

    supervisor ─┬─ worker 0      each a whole gateway, with a socket of its own at the address of all
       forks    ├─ worker 1 …
                ├─ admin         the admin listener of the whole
                └─ simulators    where providers are simulated: one for all workers

It has imported everything, and has neither loop nor thread: what it forks is safe to go on, soon ready, and shares its
memory. Each has a pipe to it, whose end tells that the process is gone; the end of its lifeline tells them that it is.
"""

import secrets
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module

import msgspec
import structlog
from pydantic import SecretStr

from gateway import memory, preparation
from gateway.app import DRAIN_SECONDS
from gateway.config.load import Configuration
from gateway.listeners import Sockets
from gateway.running import STOPS, fail, run, until_stopped
from gateway.workers import overview
from gateway.workers.forking import Child, Lifeline, fork
from gateway.workers.roles import START_SECONDS, Role
from gateway.workers.sockets import SharedAddress, bound, url_of
from gateway.workers.worker import Assignment, be_simulators, be_worker

END_SECONDS = DRAIN_SECONDS + 3.0
"""How long workers may take to end when they are told to; then they are killed."""

log = structlog.get_logger("ordergate.workers")


def supervise(configuration: Configuration) -> int:
    """Serve with several workers until SIGTERM or SIGINT; one that is repeated does not cut the end short.

    Returns the exit code: 0 when all ended as they were told to, 1 when one could not start or had to be killed.
    """
    if sys.platform != "linux":
        return fail("listen.workers: more than one needs Linux, which deals connections out to them; write workers: 1")
    try:
        return Supervisor(configuration).run()
    except OSError as error:
        return fail(error)


class Supervisor:
    """The parent of all processes of a gateway. Raises OSError for an address that cannot be had."""

    def __init__(self, configuration: Configuration) -> None:
        listen, admin = configuration.listen, configuration.admin
        self._configuration = configuration
        self._address = SharedAddress(listen.host, listen.port)
        token = SecretStr(secrets.token_urlsafe(32))
        self._workers: list[Role] = []
        for number in range(listen.workers):
            work = partial(self._be_worker, number, token)
            own = bound("127.0.0.1", 0)
            self._workers.append(Role(f"worker {number}", work, own, self._address, self._address.sockets()))
        asked = overview.Workers([url_of(role.admin[0].getsockname()) for role in self._workers], token)
        self._admin = Role("admin", partial(self._be_admin, asked), bound(admin.host, admin.port))
        self._simulators = Role("simulators", self._be_simulators)
        self._simulated = sorted({one.common.adapter for one in configuration.providers.values() if one.simulated})
        self._simulator_urls: dict[str, str] = {}
        self._roles = [self._simulators, self._admin, *self._workers]
        self._lifeline = Lifeline()
        self._selector = selectors.DefaultSelector()
        self._signals, self._signalled = socket.socketpair()
        self._complete = False
        self._deadline: float | None = None
        self._code = 0

    def run(self) -> int:
        """Supervise until told to stop, or until a process cannot be had; return the exit code. Raises OSError."""
        self._listen_to_signals()
        _prepare()
        try:
            if self._simulated:
                self._start(self._simulators)
            else:
                self._start_serving()
            while self._deadline is None or any(role.child is not None for role in self._workers):
                for key, _ in self._selector.select(self._patience()):
                    heard: Callable[[], None] = key.data
                    heard()
                self._keep_time(time.monotonic())
        finally:
            self._end()
        log.info("all workers stopped", status=self._code)
        return self._code

    def _listen_to_signals(self) -> None:
        for one in (self._signals, self._signalled):
            one.setblocking(False)
        signal.set_wakeup_fd(self._signalled.fileno())
        for number in STOPS:
            signal.signal(number, lambda *_: None)
        self._selector.register(self._signals, selectors.EVENT_READ, self._on_signal)

    def _start_serving(self) -> None:
        """Start what answers; of the workers one, so that what keeps all of them from starting is said once."""
        self._start(self._admin)
        self._start(self._workers[0])

    def _start(self, role: Role) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        child = fork(partial(role.work, role.sockets()), partial(self._become, role))
        role.begun(child, time.monotonic())
        self._selector.register(child.report, selectors.EVENT_READ, partial(self._on_report, role, child))
        log.info("process started", kind=role.name, pid=child.pid)

    def _become(self, role: Role) -> None:
        """Let go, in the process of a role, of what is not its own: an address is free when nobody holds it."""
        self._selector.close()
        self._signals.close()
        self._signalled.close()
        for other in self._roles:
            if other is not role:
                other.let_go()
        self._lifeline.hold()

    def _on_signal(self) -> None:
        self._signals.recv(64)
        if self._deadline is None:
            self._stop(0)

    def _on_report(self, role: Role, child: Child) -> None:
        lines = child.heard()
        if lines is None:
            self._selector.unregister(child.report)
            self._bury(role, child)
        elif lines:
            self._became_ready(role, lines[0])

    def _became_ready(self, role: Role, line: bytes) -> None:
        role.is_ready = True
        if self._deadline is not None:
            return
        if role is self._simulators:
            self._simulator_urls = msgspec.json.decode(line, type=dict[str, str])
            self._start_serving()
        elif not self._complete and role is self._workers[0]:
            for other in self._workers[1:]:
                self._start(other)
        if all(one.is_ready for one in (self._admin, *self._workers)):
            self._complete = True
            admin = url_of(self._admin.admin[0].getsockname())
            log.info("all workers ready", url=self._address.url, admin=admin, workers=len(self._workers))

    def _bury(self, role: Role, child: Child) -> None:
        was_ready = role.is_ready
        status, pause = role.ended(child, time.monotonic())
        if self._deadline is not None:
            role.due = None
            # One that was only starting did not get to listen to the signal.
            self._code = self._code or int(role in self._workers and status not in {0, -signal.SIGTERM})
        elif not was_ready and (pause is None or not self._complete):
            fail(f"{role.name} does not start (exit status {status})")
            self._stop(1)
        elif role is self._simulators:
            role.due = None
            log.error("process ended", kind=role.name, status=status)
        else:
            log.error("process ended", kind=role.name, status=status, next_trial_seconds=pause)

    def _patience(self) -> float | None:
        """Return how long nothing has to be done but to listen, in seconds."""
        moments = [role.due for role in self._roles if role.due is not None]
        moments += [role.since + START_SECONDS for role in self._roles if role.child is not None and not role.is_ready]
        moments += [self._deadline] if self._deadline is not None else []
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _keep_time(self, now: float) -> None:
        if self._deadline is not None and now >= self._deadline:
            self._kill()
        for role in self._roles:
            if role.is_late(now):
                role.send(signal.SIGKILL)
            if role.due is not None and now >= role.due and self._deadline is None:
                self._start(role)

    def _stop(self, code: int) -> None:
        """Have the workers end, and start none any more."""
        self._code = code
        self._deadline = time.monotonic() + END_SECONDS
        for role in self._workers:
            role.due = None
            role.close_public()
            role.send(signal.SIGTERM)

    def _kill(self) -> None:
        """Wait no longer for workers that were told to end."""
        self._code = 1
        self._deadline = time.monotonic() + END_SECONDS
        for role in self._workers:
            role.send(signal.SIGKILL)

    def _end(self) -> None:
        for role in self._roles:
            role.send(signal.SIGKILL)
        for role in self._roles:
            if role.child is not None:
                role.child.buried()

    def _be_worker(self, number: int, token: SecretStr, sockets: Sockets, report: int) -> int:
        return be_worker(self._configuration, Assignment(number, sockets, token, self._simulator_urls), report)

    def _be_admin(self, workers: overview.Workers, sockets: Sockets, report: int) -> int:
        prometheus = self._configuration.telemetry.prometheus
        serving = overview.serve(self._configuration.admin, sockets, workers, prometheus=prometheus, report=report)
        return run(until_stopped(serving, stops=(signal.SIGTERM,)))

    def _be_simulators(self, sockets: Sockets, report: int) -> int:
        return be_simulators(self._simulated, report)


def _prepare() -> None:
    """Import and read what every worker needs; the collector is spared it: a page that it writes is shared no more."""
    # Where its package is not installed, the first worker says how to install it.
    with suppress(ModuleNotFoundError):
        import_module("gateway.stores.postgres_permits")
        import_module("gateway.stores.postgres")
    preparation.prepare()
    memory.settle()
