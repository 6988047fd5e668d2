"""What a look-up found at a provider is given to one operation, however many want it."""

import asyncio
from datetime import timedelta

from policies.journal import Journal
from support.journals import CREATED, operation
from support.journals import operation_id as named


async def test_of_many_that_want_one_thing_one_gets_it(journal: Journal) -> None:
    """All are told whose it is, and whoever asks again is told the same."""
    for number in range(1, 31):
        await journal.claim(operation(number))
    wanted = [journal.adopt(named(number), "p1") for number in range(1, 31)]
    (owner,) = set(await asyncio.gather(*wanted))
    assert owner in {named(number) for number in range(1, 31)}
    for number in (1, 30):
        assert await journal.adopt(named(number), "p1") == owner


async def test_a_name_means_one_thing_of_one_account_and_kind(journal: Journal) -> None:
    """What was placed and what was changed may have one name, and so may things of two accounts."""
    await journal.claim(operation(1))
    await journal.claim(operation(2, kind="change"))
    await journal.claim(operation(3, account="other"))
    await journal.claim(operation(4))
    for number in (1, 2, 3):
        assert await journal.adopt(named(number), "7") == named(number)
    assert await journal.adopt(named(4), "7") == named(1)


async def test_an_operation_that_is_not_there_gets_nothing(journal: Journal) -> None:
    """Nor is anything kept from others by it."""
    assert await journal.adopt(named(1), "7") is None
    await journal.claim(operation(2))
    assert await journal.adopt(named(2), "7") == named(2)


async def test_what_was_adopted_is_forgotten_with_its_operation(journal: Journal) -> None:
    """Retention lets both go together."""
    await journal.claim(operation(1, state="failed"))
    assert await journal.adopt(named(1), "7") == named(1)
    for _ in range(3):
        assert await journal.purge(CREATED + timedelta(days=500)) == 1
    await journal.claim(operation(2))
    assert await journal.adopt(named(2), "7") == named(2)
