"""The catalog cache by itself: what it keeps, whom it asks, and what it does when asking fails."""

import asyncio
import time

import pytest

from adapters.contract.errors import MalformedResponse, NoAnswer, NotFound, ProviderError, Unavailable
from gateway.cache import ENTRY_BYTES, LARGEST_PART, MAX_FLIGHTS, Cache, Content, Question, Told, lifetimes
from gateway.config.caching import Lifetime as Configured
from gateway.config.caching import ProviderCache
from gateway.providers.trip import Trip
from policies.errors import DeadlineExceeded, NotKept, Overloaded
from policies.freshness import ANY, Lifetime, Wish

LIFETIME = Lifetime(fresh=60.0, stale_while_revalidate=30.0, stale_if_error=600.0)
DOWN = Unavailable("down", status=503)


class Shop:
    """A provider with a clock: answers what it is told to, counts how often it was asked, waits while it is closed."""

    def __init__(self, max_bytes: int = 1024 * 1024, lifetime: Lifetime = LIFETIME) -> None:
        self.now = 1000.0
        self.cache = Cache(max_bytes, {}, now=lambda: self.now)
        self.lifetime = lifetime
        self.asked = 0
        self.answer: bytes | ProviderError | Exception = b'"old"'
        self.open = asyncio.Event()
        self.open.set()

    async def ask(self, trip: Trip) -> Content:
        """Answer as a provider does."""
        self.asked += 1
        await self.open.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return Content(self.answer)

    async def tell(self, key: str = "1", wish: Wish = ANY, left: float = 5.0) -> Told:
        """Ask as a caller does."""
        trip = Trip(time.monotonic() + left, "request")
        return await self.cache.tell(Question(("shop", "get_product", key), self.lifetime, self.ask), trip, wish)

    async def landed(self) -> None:
        """Wait until nothing is under way."""
        while flights := [flight.task for flight in self.cache._flights.values()]:
            await asyncio.wait(flights, timeout=5.0)


async def test_a_fresh_answer_is_told_again_without_asking() -> None:
    """The second caller costs the provider nothing, and learns how old the answer is."""
    shop = Shop()
    first = await shop.tell()
    shop.now += 60.0
    second = await shop.tell()
    assert shop.asked == 1
    assert second.content is first.content
    assert (first.kept, first.age, second.kept, second.age) == (False, 0.0, True, 60.0)
    assert first.tag == second.tag


async def test_a_tag_changes_with_the_answer() -> None:
    """A changed price is another answer."""
    shop = Shop()
    first = await shop.tell()
    shop.answer = b'"new"'
    assert (await shop.tell(wish=Wish(max_age=-1.0))).tag != first.tag


async def test_a_stale_answer_is_told_while_one_request_renews_it() -> None:
    """However many ask meanwhile: nobody waits, and the provider is asked once."""
    shop = Shop()
    await shop.tell()
    shop.now += 61.0
    shop.answer = b'"new"'
    shop.open.clear()
    told = [await shop.tell() for _ in range(5)]
    assert {one.content.body for one in told} == {b'"old"'}
    shop.open.set()
    await shop.landed()
    assert shop.asked == 2
    renewed = await shop.tell()
    assert (renewed.content.body, renewed.age) == (b'"new"', 0.0)


async def test_an_answer_too_old_is_waited_for() -> None:
    """Past the stale time nobody is told the old price any more."""
    shop = Shop()
    await shop.tell()
    shop.now += 91.0
    shop.answer = b'"new"'
    assert (await shop.tell()).content.body == b'"new"'


async def test_the_age_counts_from_when_an_answer_was_asked_for() -> None:
    """A provider that takes eight seconds tells of how things were when it was asked, at the latest."""
    shop = Shop()
    shop.open.clear()
    waiting = asyncio.create_task(shop.tell())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    shop.now += 8.0
    shop.open.set()
    assert (await waiting).age == 8.0


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


async def test_a_bug_is_told_and_not_hidden_by_an_old_answer() -> None:
    """What no adapter and no policy raises is nobody's outage."""
    shop = Shop()
    await shop.tell()
    shop.now += 100.0
    shop.answer = KeyError("nobody thought of this")
    with pytest.raises(KeyError):
        await shop.tell()


async def test_what_is_kept_is_bounded_by_bytes() -> None:
    """What was not asked for longest goes first; the bound holds whatever comes."""
    room = 10 * (ENTRY_BYTES + 1100)
    shop = Shop(max_bytes=room)
    shop.answer = b"x" * 1000
    for number in range(40):
        await shop.tell(str(number))
        await shop.tell("0")
        assert 0 < shop.cache.size <= room
    asked = shop.asked
    await shop.tell("0")
    assert shop.asked == asked
    await shop.tell("1")
    assert shop.asked == asked + 1


async def test_an_answer_that_would_drive_out_all_others_is_not_kept() -> None:
    """It is told, and the room stays theirs."""
    shop = Shop(max_bytes=100_000)
    await shop.tell("small")
    shop.answer = b"x" * (100_000 // LARGEST_PART)
    assert (await shop.tell("large")).content.body == shop.answer
    shop.answer = b'"new"'
    assert (await shop.tell("small")).content.body == b'"old"'
    assert (await shop.tell("large")).content.body == b'"new"'


async def test_what_expired_takes_no_room() -> None:
    """An answer past all its times is dropped by the next one that is kept."""
    shop = Shop()
    await shop.tell("1")
    taken = shop.cache.size
    shop.now += LIFETIME.longest + 1.0
    await shop.tell("2")
    assert shop.cache.size == taken


async def test_no_store_neither_reads_nor_keeps_nor_joins() -> None:
    """Its answer is the caller's alone."""
    shop = Shop()
    await shop.tell(wish=Wish(no_store=True))
    assert shop.cache.size == 0
    await shop.tell()
    shop.answer = b'"new"'
    assert (await shop.tell(wish=Wish(no_store=True))).content.body == b'"new"'
    assert (await shop.tell()).content.body == b'"old"'


async def test_only_if_cached_never_asks() -> None:
    """Nothing kept is NotKept; something kept is told, stale or not, and not renewed."""
    shop = Shop()
    wish = Wish(only_if_cached=True)
    with pytest.raises(NotKept):
        await shop.tell(wish=wish)
    await shop.tell()
    shop.now += 61.0
    assert (await shop.tell(wish=wish)).age == 61.0
    await shop.landed()
    assert shop.asked == 1


@pytest.mark.parametrize("off", [Lifetime(0.0), Lifetime(0.0, 0.0, 0.0)])
async def test_what_has_no_lifetime_is_asked_for_each_time(off: Lifetime) -> None:
    """As before there was a cache; who wants a kept answer learns that there is none."""
    shop = Shop(lifetime=off)
    told = [await shop.tell() for _ in range(2)]
    assert shop.asked == 2
    assert [one.tag for one in told] == ["", ""]
    with pytest.raises(NotKept):
        await shop.tell(wish=Wish(only_if_cached=True))


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


def test_lifetimes_are_the_configured_ones_then_the_adapter_s_then_ours() -> None:
    """A key left out changes nothing; nothing but the catalog is kept."""
    found = lifetimes(ProviderCache(product=Configured(ttl=5.0)), {"list_categories": 21600.0, "get_product": 10.0})
    assert found["list_categories"] == Lifetime(21600.0, 3600.0, 86400.0)
    assert found["list_products"] == Lifetime(60.0, 60.0, 600.0)
    assert found["get_product"] == Lifetime(5.0, 30.0, 600.0)
    assert set(found) == {"list_categories", "list_products", "get_product"}


def test_no_room_means_that_nothing_is_kept() -> None:
    """`cache.max_bytes: 0` switches every lifetime off."""
    kept = {"shop": {"get_product": LIFETIME}}
    assert Cache(0, kept).lifetime("shop", "get_product") == Lifetime(0.0)
    assert Cache(1, kept).lifetime("shop", "get_product") == LIFETIME
    assert Cache(1, kept).lifetime("shop", "get_order") == Lifetime(0.0)
