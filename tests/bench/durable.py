"""Ordergate with the journal that STORE names, its rates unlimited; what its writing lane does is counted in a file."""

import mmap
import os
from pathlib import Path
from typing import Any

from bench.child import serve
from bench.unlimited import configuration
from gateway.app import Gateway
from gateway.stores.sqlite_lane import Lane
from gateway.telemetry import logs

CELLS = 2
"""Numbers in the file: transactions that were committed, and changes in them."""


def counted(path: Path) -> memoryview:
    """Return the numbers that a file holds; whoever maps it sees them change."""
    with path.open("r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), CELLS * 8)).cast("Q")


def _count(cells: memoryview) -> None:
    transaction = Lane._transaction

    def counting(self: Lane, batch: Any) -> Any:
        outcomes = transaction(self, batch)
        if self._writes:
            cells[0] += 1
            cells[1] += len(batch)
        return outcomes

    Lane._transaction = counting  # type: ignore[method-assign]


async def start() -> str:
    """Listen; return the URL."""
    gateway = Gateway(configured)
    await gateway.start()
    return gateway.url


if __name__ == "__main__":
    logs.configure()
    _count(counted(Path(os.environ["COUNTED"])))
    configured = configuration()
    serve(start)
