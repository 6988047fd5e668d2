"""Whatever the wire does: what is recorded and told of a write never contradicts what the provider really did.

`lie⁺` is "placed" where nothing, or not all, was done; `lie⁻` is "not placed" where something was.
"""

import asyncio
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from adapters.contract.errors import AdapterError
from adapters.contract.flow import Flow
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.config.resilience import Resilience
from gateway.providers.channel import Channel
from gateway.providers.outbound import Outbound
from gateway.providers.pacing import Admission, Pacer
from policies.budget import Limits
from policies.errors import CapacityExceeded
from policies.journal import Operation
from policies.local_permits import LocalPermits
from policies.operation import PLACED
from policies.queueing import NOBODY, Standing
from support import virtual_time
from support.pacing import SCOPE, now
from support.scripted_provider import (
    BUGGY,
    STOIC,
    LoggingIn,
    ScriptedAdapter,
    WorkingLater,
    cancelling,
    lost,
    placing,
    provider_of,
    reply,
)
from support.written import AnyFlow, Writing, status, told


class SuccessInBody(ScriptedAdapter):
    """A provider that answers 200 to what it did not do."""

    success_in_body = True


INSISTENT = Resilience(breaker_failures=0)
"""Tries again whatever was not executed."""


@dataclass(frozen=True)
class Turn:
    """What happens to one commit: whether it is carried out, and what is seen of it."""

    name: str
    executed: bool
    shown: Any = field(default=None, repr=False)


SURE = [
    Turn("done", executed=True, shown=reply(id="1")),
    *(Turn(f"{code}", executed=False, shown=reply(code)) for code in (401, 403, 404, 405, 409, 422, 429)),
    Turn("never left", executed=False, shown=lost("not-sent", "connect")),
    Turn("unsendable", executed=False, shown=lost("not-sent", "invalid")),
    Turn("refused and cut", executed=False, shown=lost("answered-partly", status=422)),
    Turn("no room", executed=False),
]
UNSURE = [
    Turn(f"{name}, {'done' if executed else 'not done'}", executed=executed, shown=shown)
    for executed in (True, False)
    for name, shown in (
        ("500", reply(500)),
        ("302", reply(302)),
        ("half a request", lost("partly-sent")),
        ("no answer", lost("sent", "timeout")),
        ("half a 500", lost("answered-partly", status=500)),
        ("not understood", reply(BUGGY)),
        ("not understood and cut", lost("answered-partly", status=BUGGY)),
        ("the gateway ends", None),
    )
]
UNREADABLE = [
    Turn("unreadable", executed=True, shown=reply(surprise=1)),
    Turn("success and cut", executed=True, shown=lost("answered-partly", status=201)),
]
UNREADABLE_IN_DOUBT = UNREADABLE + [
    Turn(f"{one.name}, not done", executed=False, shown=one.shown) for one in UNREADABLE
]
LATER = [
    Turn(f"later: {end}, {'done' if executed else 'not done'}", executed=executed, shown=end)
    for end, executed in (
        ("succeeded", True),
        ("failed", False),
        *((end, executed) for end in ("timeout", "gone", "pending") for executed in (True, False)),
    )
]


@dataclass
class World(Outbound):
    """The provider, the network and the login host: they do what the turns say, and keep the truth."""

    turns: list[Turn]
    logins: list[bool]
    done: Counter[str] = field(default_factory=Counter)
    commits: int = 0
    left: bool = False
    ends: dict[str, str] = field(default_factory=dict)
    writing: Any = None

    def __hash__(self) -> int:
        return id(self)

    @override
    async def send(self, request: HttpRequest, channel: Channel, timeout: float) -> HttpResponse:
        if request.step == "login":
            return reply(token="t") if not self.logins or self.logins.pop() else reply(500)
        if request.step == "poll":
            return reply(states=self.ends)
        self.commits += 1
        turn = self.turns.pop() if self.turns else SURE[0]
        self.done[request.target] += turn.executed
        shown = turn.shown
        if turn.name.startswith("later"):
            self.ends[request.target] = shown
            shown = reply(202, process=request.target)
        if not turn.name.startswith(("never left", "unsendable")):
            self.left = True
        if shown is None:
            self.closing = asyncio.create_task(self.writing.engine.close(0.0))
            await asyncio.Event().wait()
        if isinstance(shown, Exception):
            raise shown
        assert isinstance(shown, HttpResponse)
        return shown


class Room(Pacer):
    """Has no room for a request whose turn says so."""

    def __init__(self, world: World) -> None:
        super().__init__(Limits([]), LocalPermits(now), SCOPE)
        self._world = world

    @override
    def admitted(self, request: HttpRequest, seconds: float, standing: Standing = NOBODY) -> Admission:
        turns = self._world.turns
        if request.effect == "commit" and turns and turns[-1].name == "no room":
            turns.pop()
            raise CapacityExceeded(1.0)
        return super().admitted(request, seconds, standing)


ADAPTERS: dict[type[ScriptedAdapter], list[Turn]] = {
    ScriptedAdapter: SURE[:1] * 20 + SURE * 2 + UNSURE + UNREADABLE,
    LoggingIn: SURE[:1] * 20 + SURE * 2 + UNSURE + UNREADABLE,
    SuccessInBody: SURE[:1] * 20 + SURE * 2 + UNSURE + UNREADABLE_IN_DOUBT,
    WorkingLater: LATER[:2] * 15 + LATER + SURE[1:] * 2 + UNSURE + UNREADABLE_IN_DOUBT,
}


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.__name__)
@given(data=st.data())
@settings(max_examples=60)
def test_the_record_never_contradicts_the_provider(adapter: type[ScriptedAdapter], data: st.DataObject) -> None:
    """For any sequence of outcomes, of one request or several, with faults of the adapter's own in between."""
    lines = data.draw(st.integers(0, 4), label="lines, 0 for an order")
    if adapter is WorkingLater:
        lines = max(lines, 1)
    world = World(
        data.draw(
            st.lists(st.sampled_from(ADAPTERS[adapter]), min_size=max(lines, 1), max_size=2 * lines + 2), label="turns"
        ),
        data.draw(st.lists(st.booleans(), max_size=4), label="logins"),
    )
    faulty = data.draw(st.booleans(), label="the adapter fails at its end")
    resilience = data.draw(st.sampled_from([STOIC, INSISTENT]), label="whether it is tried again")
    wait = data.draw(st.sampled_from([10.0, 0.0]), label="how long the caller waits")
    provider = provider_of(world, adapter(), pacer=Room(world), resilience=resilience)
    seconds = iter(range(0, 10**6, 10))
    provider._tokens._now = lambda: float(next(seconds))  # ten seconds from one look to the next

    def flow() -> Flow[Any]:
        result = yield from (cancelling(f"{line}" for line in range(lines)) if lines else placing())
        if faulty:
            raise KeyError("a fault of the adapter's")
        return result

    def sound() -> Flow[Any]:
        return cancelling(f"{line}" for line in range(lines)) if lines else placing()

    async def written_twice() -> tuple[Operation, Operation]:
        operation = await world.writing.followed(flow, wait=wait)
        hold_to_the_truth(operation, world, wanted)
        return operation, await repeated(operation, world, sound)

    wanted = [f"/lines/{line}" for line in range(lines)] or ["/orders"]
    # A process that does not end is given up at its first poll.
    with closing(Writing(provider, horizon=0.0)) as world.writing:
        operation, again = virtual_time.run(written_twice())
    event(operation.state)
    if again.state != operation.state:
        assert (operation.state, again.state) == ("cancelled", "succeeded")
        assert world.done == Counter(wanted)


def hold_to_the_truth(operation: Operation, world: World, wanted: list[str]) -> None:
    """Check what is recorded and told against what was done."""
    assert max(world.done.values(), default=0) <= 1
    done = sum(world.done[target] for target in wanted)
    if operation.state == "accepted":
        # Left for whoever comes after the gateway.
        assert world.writing.engine._stopping.is_set()
        assert done == 0, "lie⁻"
        return
    body = told(operation)
    match operation.state:
        case "succeeded":
            assert done == len(wanted), "lie⁺"
        case "failed" | "cancelled":
            assert done == 0, "lie⁻"
        case "partial":
            claimed = {f"/lines/{part['id']}": part["state"] for part in body["parts"]}
            assert claimed == {target: "done" if world.done[target] else "failed" for target in wanted}
        case state:
            assert state in {"unknown", "parked"} | ({"pending"} if world.writing.engine._stopping.is_set() else set())
    codes = {"succeeded": {200, 201, 202}, "partial": {200}, "failed": {404, 409, 422}}
    codes |= {"pending": {200}, "unknown": {504}, "parked": {504}}
    assert status(operation) in codes.get(operation.state, {503} if world.left else {502, 503})
    if status(operation) >= 400:
        assert body["placed"] == PLACED[operation.state]
        assert body["retry"] == ("new-key" if operation.state == "failed" else "same-key")


async def repeated(operation: Operation, world: World, flow: AnyFlow) -> Operation:
    """Send the write again, now that the provider has no faults; what was decided or is in doubt stays as it is."""
    if world.writing.engine._stopping.is_set():
        return operation
    world.turns.clear()
    world.logins.clear()
    world.writing.provider._tokens._refused = None
    before, done = world.commits, world.done.copy()
    again: Operation = await world.writing.followed(flow)
    if operation.state != "cancelled":
        assert again == operation
        assert (world.commits, world.done) == (before, done)
    else:
        assert again.state == "succeeded"
    return again


def test_every_adapter_error_ends_a_write_somehow() -> None:
    """No error of the tree leaves an operation under way."""

    def every(kind: type[AdapterError]) -> list[type[AdapterError]]:
        return [kind, *(one for child in kind.__subclasses__() for one in every(child))]

    for kind in every(AdapterError):

        def flow(kind: type[AdapterError] = kind) -> Flow[Any]:
            yield from ()
            error = kind.__new__(kind)
            vars(error).update(
                detail="", reason="", violations=(), status=500, message="", code=None, request_id=None,
                retry_after=None, sent=False, timed_out=False,
            )  # fmt: skip
            raise error

        with closing(Writing(provider_of(World([], [])))) as writing:
            operation = virtual_time.run(writing.written(flow))
        assert operation.state == "cancelled", kind
