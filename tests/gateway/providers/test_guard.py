"""Reads that are tried again, and places for each kind of request. In virtual time."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest
from structlog.testing import capture_logs

from adapters.contract.errors import ProviderError, RateLimited, Unavailable
from adapters.contract.flow import Flow
from adapters.contract.traits import Trait
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.config.resilience import Resilience
from gateway.providers.provider import Provider
from gateway.providers.trip import Purpose, Trip, within
from policies.errors import Overloaded, PolicyError
from support import virtual_time
from support.scripted_provider import COMMIT, READ, Network, ScriptedAdapter, lost, provider_of, reply

WITHOUT_BREAKER = Resilience(breaker_failures=0)


@pytest.fixture(autouse=True)
def _unlogged() -> Iterator[None]:
    with capture_logs():
        yield


def asking(request: HttpRequest) -> Flow[HttpResponse]:
    response: HttpResponse = yield request
    return response


async def asked(
    provider: Provider, request: HttpRequest = READ, *, seconds: float = 15.0, purpose: Purpose = "call"
) -> HttpResponse:
    return await provider.run(asking(request), Trip(within(seconds), "request-1", purpose=purpose))


@pytest.mark.parametrize(
    "trouble", [reply(500), reply(503), lost(), lost("not-sent", "connect"), lost("answered-partly", status=200)]
)
def test_a_read_that_failed_is_made_again_twice_at_most(trouble: Any) -> None:
    """A read does no harm; a third failure is told."""

    async def main() -> None:
        network = Network(trouble, trouble, reply(id="1"))
        answer = await asked(provider_of(network, resilience=WITHOUT_BREAKER))
        assert (answer.status, len(network.requests)) == (200, 3)
        network = Network(*[trouble] * 9)
        with pytest.raises(ProviderError):
            await asked(provider_of(network, resilience=WITHOUT_BREAKER))
        assert len(network.requests) == 3

    virtual_time.run(main())


@pytest.mark.parametrize("refusal", [reply(404), reply(422), reply(401), reply(405)])
def test_a_read_that_was_refused_is_not(refusal: Any) -> None:
    """The provider has said what it says."""

    async def main() -> int:
        network = Network(*[refusal] * 3)
        with pytest.raises(ProviderError):
            await asked(provider_of(network, resilience=WITHOUT_BREAKER))
        return len(network.requests)

    assert virtual_time.run(main()) == 1


@pytest.mark.parametrize(("request_", "purpose"), [(COMMIT, "call"), (READ, "find-out"), (READ, "probe")])
def test_writes_and_look_ups_are_not_made_again_here(request_: HttpRequest, purpose: Purpose) -> None:
    """Writes only where their journal is kept, look-ups by whoever finds out: tries do not multiply."""

    async def main() -> int:
        network = Network(*[reply(500)] * 3)
        with pytest.raises(Unavailable):
            await asked(provider_of(network, resilience=WITHOUT_BREAKER), request_, purpose=purpose)
        return len(network.requests)

    assert virtual_time.run(main()) == 1


def test_a_look_up_goes_on_from_the_page_that_failed() -> None:
    """To begin anew would be to read what was read before it again; it does so twice at most, and then it failed."""

    def pages() -> Flow[int]:
        _first: HttpResponse = yield READ
        _second: HttpResponse = yield READ
        return 2

    async def main() -> None:
        network = Network(reply(), reply(500), reply(500), reply())
        provider = provider_of(network, resilience=WITHOUT_BREAKER)
        assert await provider.run(pages(), Trip(within(15.0), "look-up", purpose="find-out")) == 2
        assert len(network.requests) == 4
        network = Network(reply(), *[reply(500)] * 4)
        provider = provider_of(network, resilience=WITHOUT_BREAKER)
        with pytest.raises(Unavailable):
            await provider.run(pages(), Trip(within(15.0), "look-up", purpose="find-out"))
        assert len(network.requests) == 4

    virtual_time.run(main())


def test_a_pause_that_the_provider_asks_for_is_kept_where_there_is_time_for_it() -> None:
    """Retry-After is waited for inside the deadline; else the caller is told at once."""

    async def main() -> None:
        busy = HttpResponse(429, {"retry-after": "4"})
        network = Network(busy)
        await asked(provider_of(network, resilience=WITHOUT_BREAKER))
        assert 4.0 <= network.times[1] - network.times[0] < 4.2
        network, began = Network(busy), asyncio.get_running_loop().time()
        with pytest.raises(RateLimited):
            await asked(provider_of(network, resilience=WITHOUT_BREAKER), seconds=4.0)
        assert asyncio.get_running_loop().time() - began < 0.01
        assert len(network.requests) == 1

    virtual_time.run(main())


def test_tries_stay_within_their_budget() -> None:
    """400 reads that fail within a second are 50 tries more: a tenth of them, and ten."""

    async def main() -> int:
        network = Network(by_step={"read": reply(500)})
        provider = provider_of(network, resilience=Resilience(breaker_failures=0, reads_at_once=64))
        reads = [asyncio.create_task(asked(provider)) for _ in range(400)]
        await asyncio.gather(*reads, return_exceptions=True)
        return len(network.requests)

    assert virtual_time.run(main()) == 450


# Places --------------------------------------------------------------------------------------------------------------


class Crowded(Network):
    """Answers after a second; how many of each step are inside at most is noted."""

    def __init__(self) -> None:
        super().__init__(by_step=dict.fromkeys(("read", "place", "blind", "look"), self._slowly))
        self.inside: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    async def _slowly(self, request: HttpRequest) -> HttpResponse:
        step = request.step
        self.inside[step] += 1
        self.most[step] = max(self.most[step], self.inside[step])
        await asyncio.sleep(1.0)
        self.inside[step] -= 1
        return reply(id="1")


class Traits(ScriptedAdapter):
    """One write whose fate can be found out, and others."""

    traits_told: ClassVar[Mapping[str, Trait]] = {
        "place": Trait("lookup", source="a test"),
        "blind": Trait("none", source="a test"),
    }


BLIND = HttpRequest("POST", "/blind", effect="commit", step="blind")
LOOK = HttpRequest("GET", "/orders", step="look")


def test_each_kind_of_request_has_places_of_its_own() -> None:
    """Orders 8, those whose fate nothing would tell 2, reads 32, look-ups 4: none takes another's."""

    async def main() -> Counter[str]:
        network = Crowded()
        provider = provider_of(network, Traits())
        tasks = [asyncio.create_task(asked(provider, one)) for one in [COMMIT, BLIND] * 9 + [READ] * 70]
        tasks += [asyncio.create_task(asked(provider, LOOK, purpose="find-out")) for _ in range(9)]
        await asyncio.gather(*tasks)
        return network.most

    assert virtual_time.run(main()) == {"place": 8, "blind": 2, "read": 32, "look": 4}


def test_orders_pass_where_reads_hang() -> None:
    """Hundreds of reads that get no answer do not hold up an order for a moment."""

    async def main() -> float:
        network = Network()
        network.by_step["read"] = lambda request: asyncio.sleep(60.0)
        provider = provider_of(network, Traits())
        reads = [asyncio.create_task(asked(provider)) for _ in range(300)]
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        await asked(provider, COMMIT)
        seconds = asyncio.get_running_loop().time() - began
        for read in reads:
            read.cancel()
        refused = [one for one in await asyncio.gather(*reads, return_exceptions=True) if isinstance(one, Overloaded)]
        assert len(refused) == 300 - 32 - 32 * 8
        return seconds

    assert virtual_time.run(main()) < 0.001


def test_a_wait_for_a_place_ends_with_the_deadline() -> None:
    """Whoever cannot be served in time is told so, and was not sent."""

    async def main() -> float:
        network = Crowded()
        provider = provider_of(network, Traits())
        tasks = [asyncio.create_task(asked(provider, BLIND, seconds=30.0)) for _ in range(12)]
        await asyncio.sleep(0)
        began = asyncio.get_running_loop().time()
        with pytest.raises(PolicyError):
            await asked(provider, BLIND, seconds=5.5)
        seconds = asyncio.get_running_loop().time() - began
        await asyncio.gather(*tasks)
        return seconds

    assert virtual_time.run(main()) == pytest.approx(5.5, abs=0.01)
