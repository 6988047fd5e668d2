"""What the engine logs is kept, not printed: rendering a traceback reads files, which no loop may do."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """The lines that a test's writes have logged."""
    with capture_logs() as lines:
        yield lines
