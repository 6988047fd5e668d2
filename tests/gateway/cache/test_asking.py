"""The catalog cache by itself: whom it asks, for whom, and what it does when asking fails."""

import asyncio

import pytest

from adapters.contract.errors import MalformedResponse, NoAnswer, NotFound, ProviderError, Unavailable
from gateway.cache import MAX_FLIGHTS
from policies.errors import DeadlineExceeded, Overloaded
from policies.freshness import Wish
from support.kept_shop import Shop

DOWN = Unavailable("down", status=503)


@pytest.mark.parametrize(
    "failure", [DOWN, NoAnswer("timeout", sent=True, timed_out=True), MalformedResponse("?", status=200)]
)
async def test_a_stale_answer_stands_in_when_the_provider_fails(failure: ProviderError) -> None:
    """And for some seconds after that nobody is made to wait for the next failure."""
    shop = Shop()
    await shop.tell()
    shop.now += 100.0
    shop.answer = failure
    told = [await shop.tell() for _ in range(3)]
    assert {one.content.body for one in told} == {b'"old"'}
    assert shop.asked == 2
    shop.now += 5.0
    await shop.tell()
    assert shop.asked == 3


async def test_an_answer_that_is_of_no_use_any_more_does_not_hide_the_failure() -> None:
    """Eleven minutes later the caller is told that the provider is down."""
    shop = Shop()
    await shop.tell()
    shop.now += 661.0
    shop.answer = DOWN
    with pytest.raises(Unavailable):
        await shop.tell()


async def test_who_wants_a_fresh_answer_is_told_of_the_failure() -> None:
    """`no-cache` and a stale answer do not go together, however the provider fails."""
    shop = Shop()
    await shop.tell()
    shop.answer = DOWN
    with pytest.raises(Unavailable):
        await shop.tell(wish=Wish(max_age=-1.0))
    assert (await shop.tell()).content.body == b'"old"'


async def test_what_is_gone_at_the_provider_is_gone_here() -> None:
    """A product that the provider does not know any more is not told again, not even when it fails later."""
    shop = Shop()
    await shop.tell()
    shop.now += 61.0
    shop.answer = NotFound("", status=404)
    await shop.tell()
    await shop.landed()
    shop.answer = DOWN
    with pytest.raises(Unavailable):
        await shop.tell()


async def test_that_something_is_gone_is_no_failure() -> None:
    """The caller who asks in the time of `stale_if_error` is told that it is gone, not the old price."""
    shop = Shop()
    await shop.tell()
    shop.now += 100.0
    shop.answer = NotFound("", status=404)
    with pytest.raises(NotFound):
        await shop.tell()


async def test_an_error_is_not_kept() -> None:
    """What failed for one caller is asked again for the next."""
    shop = Shop()
    shop.answer = DOWN
    for _ in range(2):
        with pytest.raises(Unavailable):
            await shop.tell()
    assert shop.asked == 2
    assert shop.cache.size == 0


async def test_callers_who_miss_at_once_ask_once() -> None:
    """A hundred callers, one request; all but the one who began it are told that it was under way."""
    shop = Shop()
    shop.open.clear()
    waiting = [asyncio.create_task(shop.tell()) for _ in range(100)]
    await asyncio.sleep(0)
    shop.open.set()
    told = await asyncio.gather(*waiting)
    assert shop.asked == 1
    assert sum(one.joined is None for one in told) == 1


async def test_a_failure_is_told_to_all_who_wait() -> None:
    """And to nobody twice: the next one asks anew."""
    shop = Shop()
    shop.answer = DOWN
    shop.open.clear()
    waiting = [asyncio.create_task(shop.tell()) for _ in range(10)]
    await asyncio.sleep(0)
    shop.open.set()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert shop.asked == 1
    assert all(isinstance(one, Unavailable) for one in told)


async def test_a_caller_who_goes_away_takes_nobody_along() -> None:
    """The first caller hangs up; the one who joined is answered, and the answer is kept."""
    shop = Shop()
    shop.open.clear()
    first, second = asyncio.create_task(shop.tell()), asyncio.create_task(shop.tell())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first}, timeout=5.0)
    shop.open.set()
    assert (await second).content.body == b'"old"'
    assert shop.asked == 1


async def test_each_caller_waits_no_longer_than_it_has_time() -> None:
    """One gives up, the other is answered by the same request."""
    shop = Shop()
    shop.open.clear()
    patient = asyncio.create_task(shop.tell())
    await asyncio.sleep(0)
    with pytest.raises(DeadlineExceeded):
        await shop.tell(left=0.0)
    shop.open.set()
    assert (await patient).content.body == b'"old"'
    assert shop.asked == 1


@pytest.mark.blocking_allowed("the log shows the source lines of a traceback")
async def test_a_bug_is_told_and_not_hidden_by_an_old_answer() -> None:
    """What no adapter and no policy raises is nobody's outage."""
    shop = Shop()
    await shop.tell()
    shop.now += 100.0
    shop.answer = KeyError("nobody thought of this")
    with pytest.raises(KeyError):
        await shop.tell()


async def test_requests_under_way_are_bounded() -> None:
    """One more question is refused; a stale answer is told without being renewed."""
    shop = Shop()
    await shop.tell("stale")
    shop.now += 61.0
    shop.open.clear()
    waiting = [asyncio.create_task(shop.tell(str(number))) for number in range(MAX_FLIGHTS)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await shop.tell("one more")
    assert (await shop.tell("stale")).content.body == b'"old"'
    shop.open.set()
    await asyncio.gather(*waiting)
    assert shop.asked == 1 + MAX_FLIGHTS


async def test_closing_ends_what_is_under_way() -> None:
    """Nothing outlives the gateway."""
    shop = Shop()
    await shop.tell()
    shop.now += 61.0
    shop.open.clear()
    await shop.tell()
    await shop.cache.close()
    assert not shop.cache._flights
