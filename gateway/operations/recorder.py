"""Keeps the requests of one operation, frozen before they leave, and what came back: so that its flow can be resumed.

A resumed flow is run again from its start: what was answered is answered from here, and the first request without an
answer is the one whose fate is open. A flow that asks for something else than the first time (a mapping changed by a
new version in mid-operation) is stopped by FlowChanged.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.contract import codec
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.providers.trip import Place
from policies.journal import Step
from policies.operation import Attempt, Phase


class FlowChanged(Exception):
    """The flow does not ask for what it asked for when it was first run."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A commit about to leave, or as it went; `more` of the same list are still to be sent."""

    step: Step
    attempt: Attempt | None = None
    more: bool = False


class OperationRecorder:
    """The steps of one operation. `store` makes durable those that are `unstored`; where it raises, nothing leaves.

    `rejected` tells that a request was refused whose earlier try is still open.
    """

    def __init__(self, steps: Sequence[Step], store: Callable[[Sent], Awaitable[None]]) -> None:
        self.steps: dict[Place, Step] = {(step.index, step.part): step for step in steps}
        self._store = store
        self._open = {(step.index, step.part) for step in self.doubtful()}
        self.rejected = False
        self._unstored: dict[Place, Step] = {}

    def recall(self, place: Place, request: HttpRequest) -> HttpResponse | None:
        """Return the answer that was kept. Raises FlowChanged where another request was made then."""
        step = self.steps.get(place)
        if step is None:
            return None
        if step.digest != digest(frozen(request)):
            raise FlowChanged
        return None if step.answer is None else thawed_answer(step.answer)

    async def freeze(self, index: int, requests: Sequence[HttpRequest]) -> None:
        """Keep the requests of a list together: all are known before the first leaves."""
        for part, request in enumerate(requests):
            if (index, part) not in self.steps:
                self._keep(_step((index, part), request))

    async def before(self, place: Place, request: HttpRequest) -> None:
        """Store durably that a commit may leave from now on."""
        known = self.steps.get(place) or _step(place, request)
        step = replace(known, phase="partly-sent", answer=None)
        self._keep(step)
        try:
            await self._store(Sent(step))
        except BaseException:
            # Nothing leaves: its fate is what it was.
            self._keep(known)
            raise

    async def after(self, place: Place, request: HttpRequest, response: HttpResponse | None, attempt: Attempt) -> None:
        """Keep what came back: with the next change, and at once for a commit."""
        known = self.steps.get(place) or _step(place, request)
        answer = None if response is None else frozen_answer(response)
        final = {"executed"} if place in self._open else {"executed", "rejected"}
        sure = answer is not None and (request.effect != "commit" or attempt.judgement in final)
        # The head of an answer may be all that came of a refusal.
        refused = attempt.judgement == "not-executed" or (attempt.judgement == "rejected" and answer is None)
        not_done = attempt.phase == "not-sent" or refused
        phase: Phase = attempt.phase
        if place in self._open:
            # An earlier try may have been executed: a refusal of this one says nothing about that.
            self.rejected = self.rejected or attempt.judgement == "rejected"
            phase = "partly-sent" if not_done else phase
        elif not_done:
            # As good as never sent: it may be sent again, and no stored answer may stand in the way of the next one.
            phase = "not-sent"
        # Only an answer that says something for sure is played back; after any other the request's fate stays open.
        step = replace(known, answer=answer if sure else None, phase=phase)
        self._keep(step)
        if request.effect == "commit":
            await self._store(Sent(step, attempt, more=self._more_to_come(place)))

    def _more_to_come(self, place: Place) -> bool:
        """Tell whether other commits of the same list are still to be sent: then this answer is stored at once."""
        return any(
            one.index == place[0] and one.part > place[1] and one.effect == "commit" and one.answer is None
            for one in self.steps.values()
        )

    def unstored(self) -> tuple[Step, ...]:
        """Return the steps that changed since they were stored."""
        return tuple(self._unstored.values())

    def stored(self, steps: Sequence[Step]) -> None:
        """Note that these are stored as they are."""
        for step in steps:
            place = (step.index, step.part)
            if self._unstored.get(place) is step:
                del self._unstored[place]

    def doubtful(self) -> list[Step]:
        """Return the commits that may have left and whose fate is open."""
        return [
            step
            for step in self.steps.values()
            if step.effect == "commit" and step.answer is None and step.phase not in {None, "not-sent"}
        ]

    def _keep(self, step: Step) -> None:
        place = (step.index, step.part)
        self.steps[place] = self._unstored[place] = step


def _step(place: Place, request: HttpRequest) -> Step:
    text = frozen(request)
    return Step(place[0], place[1], request.step, request.effect, digest(text), text)


def digest(text: bytes) -> str:
    """Return the hash of a frozen request."""
    return hashlib.sha256(text).hexdigest()


def frozen(request: HttpRequest) -> bytes:
    """Return a request as bytes; it has no credentials yet."""
    body = None if request.body is None else base64.b64encode(request.body).decode()
    return codec.encode(
        {
            "method": request.method,
            "route": request.route,
            "pathValues": dict(request.path_values),
            "query": request.query,
            "headers": dict(sorted(request.headers.items())),
            "body": body,
            "effect": request.effect,
            "step": request.step,
            "origin": request.origin,
        }
    )


def frozen_answer(response: HttpResponse) -> bytes:
    """Return an answer as bytes."""
    headers = {name: value for name, value in response.headers.items() if name not in _NOT_KEPT}
    body = base64.b64encode(response.body).decode()
    return codec.encode({"status": response.status, "headers": headers, "body": body})


def thawed_answer(text: bytes) -> HttpResponse:
    """Return an answer that was frozen."""
    value: Mapping[str, Any] = codec.decode(text)
    return HttpResponse(value["status"], value["headers"], base64.b64decode(value["body"]))


_NOT_KEPT = frozenset({"set-cookie", "authorization", "www-authenticate", "proxy-authenticate"})
