"""The benchmark's processes, from without: started, watched through /proc, and ended by their pid."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Child:
    """A running process that serves `url`."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """Return the CPU time used until now, in user and kernel mode, to 1/100 s."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def served(module: str, upstream: str = "", **environ: str) -> Iterator[Child]:
    """Run a module that prints its URL; end it on the way out, whatever happens. `environ` is for it alone.

    Raises RuntimeError when it does not come up.
    """
    command = [sys.executable, "-m", module]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "UPSTREAM": upstream, **environ}
    with running(command, environment) as process:
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], START_SECONDS)[0]:
            raise RuntimeError(f"{module} did not come up in {START_SECONDS:.0f} s")
        url = process.stdout.readline().decode().strip()
        if not url:
            raise RuntimeError(f"{module} ended before it served")
        yield Child(url, process.pid)


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with pipes to its stdin and from its stdout; its warnings are not of interest."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of one process in MB (10⁶ bytes): `rss` counts shared pages whole, `pss` counts its share of them."""

    rss: float
    pss: float


def memory(pid: int) -> Memory:
    """Return what a process occupies now."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kilobytes = {line.partition(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("Rss:", "Pss:"))}
    return Memory(kilobytes["Rss"] * 1024 / 1e6, kilobytes["Pss"] * 1024 / 1e6)


def children(pid: int) -> list[int]:
    """Return the pids of a process's children."""
    return [
        int(child) for listing in Path(f"/proc/{pid}/task").glob("*/children") for child in listing.read_text().split()
    ]
