"""What Ordergate takes before anybody calls: memory when idle, and the time from exec to ready."""

import os
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.load import fetched
from bench.processes import Memory, children, memory, running

READY_SECONDS = 30.0
IDLE_SECONDS = 1.0
"""How long a gateway that is ready is left alone before it is weighed."""

SIMULATED = "".join(
    f"  {name}:\n    adapter: {name}\n    simulated: true\n" + ("    currency: USD\n" if name == "reusely" else "")
    for name in ("bol", "gelato", "reseller", "reusely", "rexel")
)
REAL = """\
  bol:
    adapter: bol
    credentials:
      client_id: id
      client_secret: ${SECRET}
  gelato:
    adapter: gelato
    base_url: https://gelato.example.com
    credentials:
      api_key: ${SECRET}
      api_secret: ${SECRET}
  reseller:
    adapter: reseller
    base_url: https://reseller.example.com
    credentials:
      email: bench@example.com
      password: ${SECRET}
  reusely:
    adapter: reusely
    base_url: https://reusely.example.com
    currency: USD
    credentials:
      api_key: ${SECRET}
      secret_key: ${SECRET}
  rexel:
    adapter: rexel
    base_url: https://rexel.example.com
    credentials:
      client_id: ${SECRET}
      client_secret: ${SECRET}
      subscription_key: ${SECRET}
"""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Seconds from exec to the first 200 of /readyz, and the memory of the process and of its children."""

    ready: float
    main: Memory
    simulators: tuple[Memory, ...]


def footprint(providers: str, starts: int) -> Footprint:
    """Start `ordergate serve` with these providers several times: the median time to ready, the last one's memory."""
    runs = [_started(providers) for _ in range(starts)]
    return Footprint(statistics.median(run.ready for run in runs), runs[-1].main, runs[-1].simulators)


def _started(providers: str) -> Footprint:
    port, admin = _free_ports()
    text = f"listen:\n  port: {port}\nadmin:\n  port: {admin}\nproviders:\n{providers}"
    with TemporaryDirectory() as folder:
        (Path(folder) / "gateway.yaml").write_text(text)
        command = [str(Path(sys.executable).with_name("ordergate")), "serve", "--config", f"{folder}/gateway.yaml"]
        started = time.perf_counter()
        with running(command, {**os.environ, "SECRET": "made-up"}) as process:
            _until_ready(f"http://127.0.0.1:{admin}/readyz", process)
            ready = time.perf_counter() - started
            time.sleep(IDLE_SECONDS)
            return Footprint(ready, memory(process.pid), tuple(memory(child) for child in children(process.pid)))


def _until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Ask until it is ready. Raises RuntimeError when it is not in time, or has ended."""
    end = time.perf_counter() + READY_SECONDS
    while time.perf_counter() < end and process.poll() is None:
        try:
            if fetched(url)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.005)
    raise RuntimeError("ordergate serve did not become ready")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
