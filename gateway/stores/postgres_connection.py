"""What statements need of a connection to PostgreSQL."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class Connection(Protocol):
    """One connection; a statement outside `transaction` is a transaction of its own."""

    async def execute(self, query: str, *values: object) -> str:
        """Run a statement, or several without values; return what the database says of the last."""
        ...

    async def fetch(self, query: str, *values: object) -> Sequence[Any]:
        """Return all rows of a statement."""
        ...

    async def fetchrow(self, query: str, *values: object) -> Any:
        """Return the first row, None without one."""
        ...

    async def fetchval(self, query: str, *values: object) -> Any:
        """Return the first column of the first row."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """Begin a transaction, and commit it unless an error ends it."""
        ...
