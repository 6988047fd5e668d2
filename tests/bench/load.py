"""One measurement: wrk for some seconds against one server, and what the server's process spent on it."""

import re
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from bench.processes import Child

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
_FAILED = r"(?:Non-2xx or 3xx responses: |connect |read |write |timeout )(\d+)"
_open = build_opener(ProxyHandler({})).open


@dataclass(frozen=True, slots=True)
class Measured:
    """What a server did under load. Latencies in milliseconds, `cpu` in microseconds of the process a request."""

    rate: float
    p50: float
    p99: float
    cpu: float
    failed: int

    @classmethod
    def median(cls, measured: Sequence["Measured"]) -> "Measured":
        """Return the median of each figure, and the sum of what failed."""
        rate, p50, p99, cpu = (
            statistics.median(getattr(one, name) for one in measured) for name in ("rate", "p50", "p99", "cpu")
        )
        return cls(rate, p50, p99, cpu, failed=sum(one.failed for one in measured))


def measure(server: Child, path: str, connections: int, seconds: int, script: Sequence[str] = ()) -> Measured:
    """Load one path of a server, with requests that a `script` makes (its file, its arguments).

    Raises RuntimeError when wrk says something unknown.
    """
    before = server.cpu_seconds()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    command += ["-s", script[0], server.url + path, "--", *script[1:]] if script else [server.url + path]
    said = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    spent = server.cpu_seconds() - before
    requests = int(_found(r"(\d+) requests in", said))
    failed = sum(int(count) for count in re.findall(_FAILED, said))
    return Measured(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        p50=_milliseconds(_found(r"50%\s+([\d.]+[a-z]+)", said)),
        p99=_milliseconds(_found(r"99%\s+([\d.]+[a-z]+)", said)),
        cpu=spent / max(requests, 1) * 1e6,
        failed=failed,
    )


def fetched(url: str) -> tuple[int, bytes]:
    """Return status and body of one GET."""
    try:
        with _open(url, timeout=10) as response:
            return response.status, response.read()
    except HTTPError as error:
        return error.code, error.read()


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"wrk did not say {pattern!r}:\n{text}")
    return match[1]


def _milliseconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)([a-z]+)", text)
    assert match is not None, text
    return float(match[1]) * _UNITS[match[2]]
