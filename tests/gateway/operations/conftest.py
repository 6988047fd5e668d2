"""What the engine logs is kept, not printed: rendering a traceback reads files, which no loop may do."""

from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack
from typing import Any

import pytest
from structlog.testing import capture_logs

from support.written import Writing, WritingTo


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """The lines that a test's writes have logged."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def writing_to() -> Iterator[WritingTo]:
    """Makes a caller, an engine and a journal for a provider; the journal is closed when the test is over."""
    with ExitStack() as made:

        def make(*arguments: Any, **named: Any) -> Writing:
            writing = Writing(*arguments, **named)
            made.callback(writing.close)
            return writing

        yield make
