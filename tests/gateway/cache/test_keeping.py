"""The catalog cache by itself: what it keeps, for how long, and in how little room."""

import asyncio

import pytest

from gateway.cache import ENTRY_BYTES, LARGEST_PART, Cache, lifetimes
from gateway.config.caching import Lifetime as Configured
from gateway.config.caching import ProviderCache
from gateway.telemetry.catalogue import CACHE_BYTES, CACHE_LOOKUPS
from gateway.telemetry.metrics import Metrics
from policies.errors import NotKept
from policies.freshness import Lifetime, Wish
from support.kept_shop import LIFETIME, Shop


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


async def test_what_became_of_each_question_is_measured() -> None:
    """Hits, stale answers, misses and those who joined are told apart; so is what is taken."""
    metrics = Metrics()
    shop = Shop(metrics=metrics)
    shop.open.clear()
    waiting = [asyncio.create_task(shop.tell()) for _ in range(3)]
    await asyncio.sleep(0)
    shop.open.set()
    await asyncio.gather(*waiting)
    await shop.tell()
    shop.now += 61.0
    await shop.tell()
    await shop.landed()
    collected = {one.instrument: one.values for one in await metrics.collect()}
    counted = {result: number for (_, result), number in collected[CACHE_LOOKUPS].items()}
    assert counted == {"miss": 1, "joined": 2, "hit": 1, "stale": 1}
    assert collected[CACHE_BYTES] == {(): shop.cache.size}


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
