"""What the quick journal of these tests may do that the product may not: block the loop it runs in."""

import pytest
from blockbuster import BlockBuster


@pytest.fixture(scope="session", autouse=True)
def quick_journals_may_block(blocking_calls_fail: BlockBuster) -> None:
    """The quick journal opens and runs its commands in the loop: nobody waits for it but the test."""
    for function in blocking_calls_fail.functions.values():
        function.can_block_in("support/written.py", {"run", "__init__"})
