"""What all sequences of a state machine share: a loop, a clock, and a place for journals that is emptied for each."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from gateway import points
from policies.journal import Journal
from support.journals import SqliteStore, Store
from support.mortal_gateway import Killed, watch_points
from support.moved_clock import MovedClock, MovedPostgres
from support.postgres import roomy_memory

T = TypeVar("T")


class Ground:
    """Holds the journals of one sequence at a time, those of `store`: `sqlite` or `postgres`.

    A process is killed here, and never the system: so files may lie in memory.
    """

    def __init__(self, store: str, folder: Path) -> None:
        self.name = store
        self.clock = MovedClock()
        self.tally: Counter[str] = Counter()
        """What happened: `steps`, and how operations stood in the end."""
        self._folder = folder
        self._runner = asyncio.Runner()
        self._runner.get_loop().set_exception_handler(_let_the_dead_be)
        self._postgres = MovedPostgres() if store == "postgres" else None
        self._sequence: tempfile.TemporaryDirectory[str] | None = None

    @property
    def instances(self) -> int:
        """Return how many gateways share the journal."""
        return 1 if self._postgres is None else 2

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something to its end, sparing what a runner does each time for the sake of interrupts."""
        return self._runner.get_loop().run_until_complete(work)

    def begin(self) -> Store:
        """Return the place of the next sequence's journals, empty; it is the beginning of time again."""
        self.clock.begin_again()
        if self._postgres is not None:
            self.run(self._postgres.empty())
            return self._postgres
        self._sequence = tempfile.TemporaryDirectory(dir=self._folder)
        return SqliteStore(Path(self._sequence.name))

    def pass_time(self, seconds: float) -> None:
        """Move the clocks."""
        self.clock.move(seconds)
        if self._postgres is not None:
            self.run(self._postgres.move(self.clock.present))

    def end(self, journals: Sequence[Journal]) -> None:
        """Let go of a sequence's journals."""
        for journal in journals:
            self.run(journal.close() if self._postgres is None else self._postgres.spare(journal))
        if self._sequence is not None:
            self._sequence.cleanup()

    def close(self) -> None:
        """Leave nothing behind."""
        if self._postgres is not None:
            self.run(self._postgres.remove())
        self._runner.close()


def _let_the_dead_be(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of tasks that ended with their process."""
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)


@contextmanager
def ground(store: str) -> Iterator[Ground]:
    """Make a ground, in memory where there is room, and have the engine ask its clock."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ordergate-fate-", dir=roomy_memory()))
        made = Ground(store, Path(folder))
        stack.callback(made.close)
        stack.enter_context(made.clock.asked())
        stack.callback(points.watch, lambda name: None)
        watch_points()
        yield made
