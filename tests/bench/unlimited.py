"""Ordergate as it is, but for two things: it keeps no documented rates of providers, and sheds no load.

Gelato's hundred requests a second would be all that a benchmark could measure. The pacer still runs; it has no limits.
Catalog reads are refused while the event loop is late, which is what a load that fills a core brings about.
The catalog cache keeps CACHE_BYTES of the environment: nothing without it, so that each request is one to the provider.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters import registry
from adapters.contract.traits import RateLimit
from adapters.registry import Registration
from bench.child import serve
from gateway.app import Gateway
from gateway.config.load import Configuration, load
from gateway.telemetry import logs

CONFIGURATION = """\
listen:
  port: 0
admin:
  port: 0
store:
  url: ${STORE}
  ephemeral: true
shedding:
  lag: 0
cache:
  max_bytes: ${CACHE_BYTES:-0}
providers:
  gelato:
    adapter: gelato
    base_url: ${UPSTREAM}
    credentials:
      api_key: ${SECRET}
      api_secret: ${SECRET}
  reseller:
    adapter: reseller
    base_url: ${UPSTREAM}
    credentials:
      email: bench@example.com
      password: ${SECRET}
"""
TELEMETRY = {
    "": "",
    "metrics": "telemetry:\n  prometheus: true\n",
    "tenth": "telemetry:\n  prometheus: true\n  otlp:\n    endpoint: ${UPSTREAM}\n    sample_ratio: 0.1\n",
    "all": "telemetry:\n  prometheus: true\n  otlp:\n    endpoint: ${UPSTREAM}\n    sample_ratio: 1\n",
}
"""Modes of telemetry, by the name that the environment gives."""


def _without_limits(name: str) -> Registration:
    found = registry.load(name)

    def limits(self: Any) -> tuple[RateLimit, ...]:
        return ()

    return Registration(type(found.adapter.__name__, (found.adapter,), {"limits": limits}), found.load_simulator)


def configuration() -> Configuration:
    """Return the configuration; the provider's URL is in the environment."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.yaml"
        path.write_text(CONFIGURATION + TELEMETRY[os.environ.get("TELEMETRY", "")])
        return load(path, {"STORE": "memory:", **os.environ, "SECRET": "made-up"}, load_registration=_without_limits)


async def start() -> str:
    """Listen; return the URL."""
    gateway = Gateway(configured)
    await gateway.start()
    return gateway.url


if __name__ == "__main__":
    logs.configure()
    configured = configuration()
    serve(start)
