"""A PostgreSQL for tests: the one that ORDERGATE_TEST_POSTGRES names, or one started from what the machine has.

It is started on a port of the loopback and in a temporary folder; it refuses root, so root starts it as another user.
Without any, tests are skipped, unless ORDERGATE_REQUIRE_POSTGRES is set: then they fail.

    python -m support.postgres ordergate prove --store {postgres}

runs a command with the URL of an empty database in it; its status is the command's, or 3 where there is no PostgreSQL.
"""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

START_SECONDS = 30.0
MEMORY_BYTES = 2 << 30
OTHER_USERS = ("postgres", "nobody")
# Automatic vacuuming holds transactions open at any moment, and events wait for them.
SETTINGS = {
    "autovacuum": "off",
    "fsync": "on",
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "synchronous_commit": "on",
    "unix_socket_directories": "",
}


class NoPostgres(Exception):
    """There is none, and why."""


def required() -> bool:
    """Tell whether a missing PostgreSQL is a failure."""
    return bool(os.environ.get("ORDERGATE_REQUIRE_POSTGRES"))


@contextmanager
def made_empty(url: str, name: str) -> Iterator[str]:
    """Make another database on a server, and drop it at the end."""
    _in_a_thread(_make_empty(url, name))
    try:
        yield named(url, name)
    finally:
        _in_a_thread(_drop(url, [name]))


class SharedPostgres:
    """The server of a run: the one that is named, or one of our own, started when it is first asked for."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._url: str | None = None
        self._missing: NoPostgres | None = None
        self._made: set[str] = set()

    def database(self, name: str) -> str:
        """Return the URL of a database that is empty when it is first asked for. Raises NoPostgres."""
        if self._missing is not None:
            raise self._missing
        try:
            if self._url is None:
                self._url = os.environ.get("ORDERGATE_TEST_POSTGRES") or self._running.enter_context(own_server()).url
        except NoPostgres as missing:
            self._missing = missing
            raise
        if name not in self._made:
            _in_a_thread(_make_empty(self._url, name))
            self._made.add(name)
        return named(self._url, name)

    def stop(self) -> None:
        """Remove what was made."""
        if self._url is not None and self._made:
            _in_a_thread(_drop(self._url, self._made))
        self._made, self._url = set(), None
        self._running.close()


def named(url: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@contextmanager
def own_server(**settings: str) -> Iterator["Server"]:
    """Start a server that may be killed, and remove it at the end. Raises NoPostgres."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="ordergate-postgres-", dir=roomy_memory()))
    server = Server(programs, folder, settings)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """A server of our own."""

    def __init__(self, programs: Path, folder: Path, settings: dict[str, str]) -> None:
        self._programs = programs
        self._folder = folder
        self._settings = SETTINGS | settings
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _other_user() if os.geteuid() == 0 else None
        self.port = _free_port()

    @property
    def url(self) -> str:
        """Return where it is. The password is asked of nobody, and spares looking for one in files; likewise TLS."""
        return f"postgresql://ordergate:unasked@127.0.0.1:{self.port}/postgres?sslmode=disable"

    def create(self) -> None:
        """Make its files."""
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        command = [str(self._programs / "initdb"), "--pgdata", str(self._data), "--username", "ordergate"]
        command += ["--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"]
        made = subprocess.run(command, capture_output=True, timeout=120, check=False, **self._as_other())
        if made.returncode != 0:
            raise NoPostgres(f"initdb: {made.stderr.decode(errors='replace').strip()}")

    def start(self) -> None:
        """Start it, and wait until it answers; on another port where that one was taken meanwhile."""
        until = time.monotonic() + START_SECONDS
        while True:
            command = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port)]
            for name, value in self._settings.items():
                command += ["-c", f"{name}={value}"]
            with (self._folder / "log").open("ab") as log:
                self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_other())
            if self._answers(until):
                return
            if time.monotonic() > until:
                raise NoPostgres(f"it did not start: {(self._folder / 'log').read_text(errors='replace')[-2000:]}")
            if "could not bind" in (self._folder / "log").read_text(errors="replace"):
                self.port = _free_port()

    def kill(self) -> None:
        """Kill it at once, and wait until its children have noticed."""
        assert self._process is not None
        children = _children(self._process.pid)
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        until = time.monotonic() + 10
        while any(Path(f"/proc/{child}").exists() for child in children):
            assert time.monotonic() < until, "a child of a killed server is left"
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _answers(self, until: float) -> bool:
        """Tell whether it answers in time; not when it has ended."""
        assert self._process is not None
        status = self._data / "postmaster.pid"
        while time.monotonic() < until and self._process.poll() is None:
            lines = status.read_text().splitlines() if status.exists() else []
            if len(lines) > 7 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready":
                return True
            time.sleep(0.02)
        return False

    def _as_other(self) -> dict[str, Any]:
        if self._user is None:
            return {"cwd": self._folder}
        return {"cwd": self._folder, "user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


def _programs() -> Path:
    """Return the folder of the programs. Raises NoPostgres."""
    places = [Path(found).resolve().parent for name in ("postgres", "initdb") if (found := shutil.which(name))]
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for place in [*places, *versions]:
        if (place / "postgres").exists() and (place / "initdb").exists():
            return place
    raise NoPostgres("no PostgreSQL here: install one, or name one in ORDERGATE_TEST_POSTGRES")


def roomy_memory() -> str | None:
    """Return a folder in memory, if there is one with room: killing a process shows the same there, only sooner."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_BYTES
    return str(memory) if roomy else None


def _in_a_thread(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, also where a loop is running: the test waits."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result(60)


async def _make_empty(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()


async def _drop(url: str, names: Iterable[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for name in names:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


def _other_user() -> pwd.struct_passwd:
    for name in OTHER_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("PostgreSQL refuses root, and there is no other user to start it as")


def _children(pid: int) -> list[str]:
    return [child for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _run_with_one(command: Sequence[str]) -> int:
    """Run a command with a database of its own; return its status, or 3 for none."""
    shared = SharedPostgres()
    try:
        url = shared.database("ordergate_command")
        return subprocess.run([part.replace("{postgres}", url) for part in command], check=False).returncode
    except NoPostgres as missing:
        sys.stderr.write(f"{missing}\n")
        return 3
    finally:
        shared.stop()


if __name__ == "__main__":
    sys.exit(_run_with_one(sys.argv[1:]))
