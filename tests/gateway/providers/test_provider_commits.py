"""One account: what is recorded of a commit, before it leaves and after."""

import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.contract.errors import ProviderError, Rejected
from adapters.contract.flow import Answer, Flow
from adapters.contract.traits import RateLimit
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.errors import AdapterFault
from gateway.providers.trip import Place, Trip, within
from policies.errors import DeadlineExceeded, Withdrawn
from policies.local_permits import LocalPermits
from policies.operation import Attempt
from policies.permits import Budget, Permit, Wait
from support.pacing import pacer_of
from support.scripted_provider import BUGGY, COMMIT, READ, Network, lost, placing, provider_of, reply


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged."""
    with capture_logs() as lines:
        yield lines


def trip(seconds: float = 30.0) -> Trip:
    """Return a call with this much time."""
    return Trip(within(seconds), "request-1", idempotency_key="key-1")


class Noting(LocalPermits):
    """Notes when a request is let in."""

    def __init__(self, notes: list[str]) -> None:
        super().__init__(time.monotonic)
        self._notes = notes

    @override
    async def take(self, budgets: Sequence[tuple[Budget, int]], hold: float) -> Permit | Wait:
        self._notes.append("admitted")
        return await super().take(budgets, hold)


ROOM = RateLimit("*", "*", 10, 1.0, "a test")


class Remembering:
    """Notes what a recorder is told; plays back what is `known`, and stops commits where it is to."""

    def __init__(
        self, notes: list[str], *, known: Mapping[Place, Answer] | None = None, stop: Exception | None = None
    ) -> None:
        self.notes = notes
        self._known = known or {}
        self._stop = stop

    def recall(self, place: Place, request: HttpRequest) -> Answer | None:
        return self._known.get(place)

    async def freeze(self, index: int, requests: Sequence[HttpRequest]) -> None:
        self.notes.append(f"frozen {len(requests)}")

    async def before(self, place: Place, request: HttpRequest) -> None:
        if self._stop is not None:
            raise self._stop
        self.notes.append(f"recorded {request.step}")

    async def after(self, place: Place, request: HttpRequest, response: HttpResponse | None, attempt: Attempt) -> None:
        status = None if response is None else response.status
        self.notes.append(f"answered {request.step} {attempt.judgement} {status}")


async def test_a_commit_is_recorded_after_its_admission_and_before_its_first_byte() -> None:
    """Whatever waits, the record is made when the request leaves; reads need none."""
    notes: list[str] = []

    def sent(request: HttpRequest) -> HttpResponse:
        notes.append(f"sent {request.step}")
        return reply(id="1")

    provider = provider_of(Network(sent, sent), pacer=pacer_of(ROOM, permits=Noting(notes)))
    taken = trip()
    taken.recorder = Remembering(notes)
    await provider.run(placing(READ), taken)
    assert notes == [
        "admitted",
        "sent read",
        "answered read None 200",
        "admitted",
        "recorded place",
        "sent place",
        "answered place executed 200",
    ]


@pytest.mark.parametrize("stop", [Withdrawn(), OSError("the disk is full")])
async def test_a_record_that_cannot_be_made_stops_the_commit(stop: Exception) -> None:
    """Nothing leaves, and the reason comes out as it is."""
    network, taken = Network(), trip()
    taken.recorder = Remembering([], stop=stop)
    with pytest.raises(type(stop)):
        await provider_of(network).run(placing(), taken)
    assert network.requests == []
    assert taken.attempts == []


@pytest.mark.parametrize(
    ("answer", "noted"),
    [
        (lost("not-sent", "invalid"), "answered place None None"),
        (lost("sent"), "answered place None None"),
        (reply(422), "answered place rejected 422"),
        (reply(BUGGY), "answered place unclear 299"),
    ],
)
async def test_whatever_became_of_a_commit_is_recorded(answer: Any, noted: str) -> None:
    """Also that it could not be sent at all: otherwise the record says that it may have left."""
    notes: list[str] = []
    taken = trip()
    taken.recorder = Remembering(notes)
    with pytest.raises((ProviderError, AdapterFault)):
        await provider_of(Network(answer)).run(placing(), taken)
    assert notes == ["recorded place", noted]


async def test_a_commit_whose_record_took_all_the_time_does_not_leave() -> None:
    """It is recorded as not sent, and nothing was."""
    network, notes = Network(), list[str]()

    class Slow(Remembering):
        @override
        async def before(self, place: Place, request: HttpRequest) -> None:
            await super().before(place, request)
            taken.deadline = within(0.0)

    taken = trip()
    taken.recorder = Slow(notes)
    with pytest.raises(DeadlineExceeded):
        await provider_of(network).run(placing(), taken)
    assert network.requests == []
    assert [attempt.phase for attempt in taken.attempts] == ["not-sent"]
    assert notes == ["recorded place", "answered place None None"]


async def test_what_was_answered_before_is_not_sent_again() -> None:
    """A flow that is run once more gets the kept answer, judged as it was; only the rest leaves."""
    network, taken = Network(reply(id="2")), trip()
    taken.recorder = Remembering([], known={(0, 0): reply(422), (0, 1): reply(id="1")})

    def lines() -> Flow[list[Answer]]:
        answers: list[Answer] = yield [COMMIT, COMMIT, COMMIT]
        return answers

    answers = await provider_of(network).run(lines(), taken)
    assert [type(answer) for answer in answers] == [Rejected, HttpResponse, HttpResponse]
    assert [attempt.judgement for attempt in taken.attempts] == ["rejected", "executed", "executed"]
    assert len(network.requests) == 1
