"""An account whose provider fails: who is let through, who is not, and how it comes back. In virtual time."""

import asyncio
from collections.abc import Coroutine, Iterator, MutableMapping
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.contract.errors import NoAnswer, ProviderError
from adapters.contract.flow import Flow
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.config.resilience import Resilience
from gateway.providers.provider import Provider
from gateway.providers.trip import Purpose, Trip, within
from policies.errors import CircuitOpen
from support import virtual_time
from support.pacing import refuse
from support.scripted_provider import COMMIT, READ, Network, ScriptedAdapter, lost, provider_of, reply

T = TypeVar("T")
FRAGILE = Resilience(read_retries=0, order_retries=0)


class Probed(ScriptedAdapter):
    """An adapter with a cheapest read."""

    @override
    def cheap_read(self) -> Flow[Any]:
        return (yield HttpRequest("GET", "/account", step="probe"))


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged."""
    with capture_logs() as lines:
        yield lines


def run(main: Coroutine[Any, Any, T]) -> T:
    return virtual_time.run(main)


def failing() -> Network:
    """A provider that answers 500 to everything, until the test says otherwise."""
    return Network(by_step=dict.fromkeys(("read", "place", "probe", "look", "login"), reply(500)))


def asking(request: HttpRequest) -> Flow[HttpResponse]:
    response: HttpResponse = yield request
    return response


async def asked(provider: Provider, request: HttpRequest = READ, purpose: Purpose = "call") -> str:
    """Make one request; return what came of it, by name."""
    trip = Trip(within(30.0), "request-1", purpose=purpose)
    try:
        await provider.run(asking(request), trip)
    except (ProviderError, CircuitOpen) as error:
        return type(error).__name__
    return "answered"


async def opened(network: Network) -> Provider:
    """Return an account whose circuit has just opened."""
    provider = provider_of(network, Probed(), resilience=FRAGILE)
    for _ in range(5):
        await asked(provider)
    assert provider.guard.circuit.state == "open"
    return provider


@pytest.mark.parametrize("trouble", [reply(500), reply(503), reply(302), lost("not-sent", "connect"), lost()])
def test_five_troubles_in_a_row_and_nobody_asks_any_more(trouble: Any) -> None:
    """Server errors, silence and refused connections count; what is refused then never reaches the network."""

    async def main() -> None:
        network = Network(by_step={"read": trouble})
        provider = provider_of(network, Probed(), resilience=FRAGILE)
        told = [await asked(provider) for _ in range(8)]
        assert told[5:] == ["CircuitOpen"] * 3
        assert len(network.requests) == 5
        provider.close()

    run(main())


@pytest.mark.parametrize("refusal", [reply(422), reply(404), reply(401), reply(429), reply(200)])
def test_a_provider_that_says_no_works(refusal: Any) -> None:
    """Refusals, and a 429 too, leave the circuit closed."""

    async def main() -> None:
        network = Network(by_step={"read": refusal, "other": refusal})
        provider = provider_of(network, Probed(), resilience=FRAGILE)
        for number in range(8):
            # Each its own route: a 429 holds up its own.
            await asked(provider, HttpRequest("GET", f"/{number}"))
        assert provider.guard.circuit.state == "closed"

    run(main())


def test_orders_are_refused_at_once_and_told_when_to_come_back() -> None:
    """No request of theirs is sent, now or to find out whether the provider is back."""

    async def main() -> None:
        network = failing()
        provider = await opened(network)
        with pytest.raises(CircuitOpen) as refused:
            await provider.run(asking(COMMIT), Trip(within(30.0), "request-1"))
        assert 7.9 <= refused.value.retry_after <= 10.0
        await asyncio.sleep(100.0)
        assert set(network.steps()[5:]) == {"probe"}
        provider.close()

    run(main())


def test_one_read_of_ours_asks_after_pauses_that_double_until_it_is_answered() -> None:
    """At 10, 30, 70 s (up to a fifth earlier); when it is answered, everybody passes."""

    async def main() -> list[float]:
        network = failing()
        provider = await opened(network)
        await asyncio.sleep(69.9)
        network.by_step.clear()
        await asyncio.sleep(100.0)
        assert provider.guard.circuit.state == "closed"
        assert await asked(provider) == "answered"
        return [time for time, step in zip(network.times, network.steps(), strict=True) if step == "probe"]

    probes = run(main())
    assert len(probes) in {3, 4}
    pauses = [after - before for before, after in zip([0.0, *probes], probes, strict=False)]
    for pause, longest in zip(pauses, (10.0, 20.0, 40.0, 80.0), strict=False):
        assert 0.8 * longest <= pause <= longest + 0.001


def test_while_it_is_asked_callers_are_told_a_second() -> None:
    """The read that asks may take its time; nobody else is sent to find out."""

    async def main() -> None:
        network, gate = failing(), asyncio.Event()

        async def slow() -> HttpResponse:
            await gate.wait()
            return reply()

        provider = await opened(network)
        network.by_step["probe"] = lambda request: slow()
        await asyncio.sleep(10.1)
        assert provider.guard.circuit.state == "half-open"
        with pytest.raises(CircuitOpen) as refused:
            await provider.run(asking(READ), Trip(within(30.0), "request-1"))
        assert refused.value.retry_after == 1.0
        gate.set()
        network.by_step.clear()
        await asyncio.sleep(0.1)
        assert await asked(provider) == "answered"

    run(main())


def test_look_ups_of_what_is_in_doubt_pass_once_a_second_and_their_answer_counts() -> None:
    """During an outage too; one that is answered shows that the provider is back."""
    look = HttpRequest("GET", "/orders", step="look")

    async def main() -> None:
        network = failing()
        provider = await opened(network)
        told = []
        for _ in range(30):
            told.append(await asked(provider, look, "find-out"))
            await asyncio.sleep(0.1)
        assert told.count("Unavailable") == 3
        assert told.count("CircuitOpen") == 27
        network.by_step.clear()
        await asyncio.sleep(1.0)
        assert await asked(provider, look, "find-out") == "answered"
        assert await asked(provider) == "answered"

    run(main())


def test_what_waited_for_its_turn_is_stopped_by_a_circuit_that_opened_meanwhile() -> None:
    """Nobody queues up to fail."""

    async def main() -> None:
        network = Network()
        adapter = Probed()
        provider = provider_of(network, adapter, resilience=FRAGILE)
        await refuse(provider.pacer, COMMIT, 5.0)
        waiting = asyncio.create_task(asked(provider, COMMIT))
        await asyncio.sleep(1.0)
        network.by_step["read"] = reply(500)
        for _ in range(5):
            await asked(provider)
        assert await waiting == "CircuitOpen"
        assert "place" not in network.steps()
        provider.close()

    run(main())


def test_an_account_that_cannot_be_asked_lets_callers_through_after_the_pause() -> None:
    """Without a cheapest read there is nothing else to go by; five more failures close the door for longer."""

    async def main() -> None:
        provider = provider_of(failing(), ScriptedAdapter(), resilience=FRAGILE)
        for _ in range(5):
            await asked(provider)
        await asyncio.sleep(10.1)
        assert await asked(provider) == "Unavailable"
        for _ in range(4):
            await asked(provider)
        assert provider.guard.circuit._breaker.refused_for(asyncio.get_running_loop().time()) > 15.0
        provider.close()

    run(main())


def test_opening_and_closing_are_logged_once(logged: list[MutableMapping[str, Any]]) -> None:
    """With the provider and for how long."""

    async def main() -> None:
        network = failing()
        await opened(network)
        network.by_step.clear()
        await asyncio.sleep(11.0)

    run(main())
    told = [(line["event"], line["provider"]) for line in logged if line["event"].startswith("circuit")]
    assert told == [("circuit open", "shop"), ("circuit closed", "shop")]


def test_a_cancelled_caller_says_nothing_about_the_provider() -> None:
    """Who gives up has not seen the provider fail."""

    async def main() -> None:
        async def never() -> HttpResponse:
            await asyncio.Event().wait()
            raise NoAnswer("never", sent=True)

        provider = provider_of(Network(by_step={"read": lambda request: never()}), resilience=FRAGILE)
        for _ in range(8):
            task = asyncio.create_task(asked(provider))
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert provider.guard.circuit.state == "closed"

    run(main())
