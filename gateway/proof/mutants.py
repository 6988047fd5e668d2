"""Faults put into a gateway on purpose, by name: the proof must see each of them, or it proves nothing.

`nothing` and `lease-too-short` change nothing that is promised: under the same bombardment they must stay without a
violation.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from adapters import registry
from adapters.contract.errors import ProviderError
from adapters.contract.wire import HttpRequest, HttpResponse
from gateway.errors import judgement
from gateway.operations import processes, resolver, second_looks
from gateway.operations.recorder import OperationRecorder
from gateway.proof.accounts import ACCOUNTS
from gateway.providers.channel import Channel
from gateway.providers.evidence import SendFailed
from gateway.providers.outbound import Outbound
from gateway.stores import sqlite_changes
from gateway.stores.sqlite import SqliteJournal
from policies import operation as decisions
from policies.journal import Change, Operation

HARSH: Mapping[str, float] = MappingProxyType(
    {
        "lost-reply-before": 0.06,
        "lost-reply-after": 0.15,
        "reset": 0.03,
        "truncated": 0.03,
        "slow": 0.04,
        "429": 0.08,
        "500": 0.03,
        "503": 0.03,
    }
)
"""How often a simulator deals each fault in a run with a mutant."""
REFUSING: Mapping[str, float] = MappingProxyType({"lost-reply-after": 0.3, "429": 0.3})
"""Faults for requests that are refused after one whose answer was lost."""
MISSING: Mapping[str, float] = MappingProxyType({"lost-reply-before": 0.3})
"""Faults that leave nothing to be found but what others did."""
LOSING: Mapping[str, float] = MappingProxyType({"lost-reply-before": 0.2, "lost-reply-after": 0.5})
"""Faults that make a client want to repeat by itself."""


def apply(name: str | None) -> None:
    """Put a fault into this process. Raises KeyError for a name that is none."""
    if name is not None:
        MUTANTS[name].apply()


def _nothing() -> None:
    """Change nothing."""


def _sending_stored_late() -> None:
    """Let a request leave before it is durable that it may."""

    async def before(self: OperationRecorder, place: Any, request: Any) -> None:
        if place not in self.steps:
            await self.freeze(place[0], [request])

    OperationRecorder.before = before  # type: ignore[method-assign]


def _retry_on_500() -> None:
    """Take a server error for proof that nothing was done."""

    def hasty(error: ProviderError | None) -> Any:
        return "not-executed" if error is not None and (error.status or 0) >= 500 else judgement(error)

    for module in [module for name, module in sys.modules.items() if name.startswith("gateway.")]:
        if getattr(module, "judgement", None) is judgement:
            setattr(module, "judgement", hasty)  # noqa: B010 - the modules are not known by name


def _doubt_ignored() -> None:
    """Forget, when a request is sent again, that its first try may have been executed.

    Orders are wanted for two seconds then: what is refused the second time waits, and is called off as never placed.
    """
    setattr(sys.modules["gateway.operations.engine"], "VALID_SECONDS", 2.0)  # noqa: B010 - as the scaling does
    made = OperationRecorder.__init__

    def forgetful(self: OperationRecorder, *arguments: Any) -> None:
        made(self, *arguments)
        self._open = set()

    OperationRecorder.__init__ = forgetful  # type: ignore[method-assign,assignment]


def _settle_too_short() -> None:
    """Believe one look-up that finds nothing, at once."""
    for name in {account.adapter for account in ACCOUNTS}:
        kind = registry.load(name).adapter
        kind.traits = _hasty(kind.traits)  # type: ignore[method-assign]


def _hasty(traits: Any) -> Any:
    return lambda self: {
        name: replace(trait, settle=0.0, probes=1, on_absent="resend") for name, trait in traits(self).items()
    }


def _lease_too_short() -> None:
    """Let a lease end while its holder still works."""
    for name in ("gateway.operations.engine", "gateway.operations.worker"):
        setattr(sys.modules[name], "LEASE_SECONDS", 0.3)  # noqa: B010 - as the scaling does


def _fence_removed() -> None:
    """Let whoever lost its claim change the state all the same."""
    _lease_too_short()
    fenced = SqliteJournal.update

    async def update(self: SqliteJournal, operation: Operation, change: Change) -> bool:
        stored = await self.get(operation.id)
        following = operation if stored is None else replace(operation, version=stored.version + 1)
        return await fenced(self, following, change)

    SqliteJournal.update = update  # type: ignore[method-assign]


def _sent_twice_by_the_client() -> None:
    """Let the client send again what HTTP calls idempotent, as aiohttp's session does."""
    once = Outbound.send

    async def twice(
        self: Outbound,
        request: HttpRequest,
        channel: Channel,
        timeout: float,  # noqa: ASYNC109 - as what it takes the place of
    ) -> HttpResponse:
        try:
            return await once(self, request, channel, timeout)
        except SendFailed as failure:
            if request.method == "POST" or failure.kind != "closed" or failure.status is not None:
                raise
            return await once(self, request, channel, timeout)

    Outbound.send = twice  # type: ignore[method-assign]


def _conflict_on_the_key_only() -> None:
    """Look for one of the two conflicts that a claim may lose to."""
    sqlite_changes._INSERT = sqlite_changes._INSERT.replace(  # noqa: SLF001 - a mutant reaches in
        "ON CONFLICT DO NOTHING", "ON CONFLICT (caller, key) DO NOTHING"
    )


def _orphan_sent_again() -> None:
    """Take what a restart left open for something that was never sent."""
    module: Any = resolver
    situation = module.situation_of

    def undoubting(*arguments: Any) -> Any:
        return replace(situation(*arguments), doubt=False, valid_until=None)

    module.situation_of = undoubting


def _timeout_is_failure() -> None:
    """Take a process that was too slow for one that did nothing."""
    processes._STATES["timeout"] = "failed"  # noqa: SLF001 - a mutant reaches in


def _absence_believed_at_once() -> None:
    """Call an operation failed when the first look-up finds nothing."""
    looked_up = decisions._looked_up  # noqa: SLF001 - a mutant reaches in

    def hasty(situation: Any, *arguments: Any) -> decisions.Next:
        following = looked_up(situation, *arguments)
        return replace(following, move="fail") if situation.absent else following

    decisions._looked_up = hasty  # type: ignore[assignment]  # noqa: SLF001


def _adopts_anothers() -> None:
    """Take what is found for this operation's, whoever began it."""
    module: Any = second_looks
    module.own_process = _likeliest


async def _likeliest(run: Any, part: Any, found: Any, sends: int) -> Any:
    return min(found, key=lambda one: one.state != "succeeded", default=None)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault of ours, the faults of the simulators that bring it to light, and whether it breaks a promise."""

    apply: Callable[[], None]
    faults: Mapping[str, float] = field(default_factory=lambda: HARSH)
    harmless: bool = False


MUTANTS: Mapping[str, Mutant] = MappingProxyType(
    {
        "nothing": Mutant(_nothing, harmless=True),
        "lease-too-short": Mutant(_lease_too_short, harmless=True),
        "sending-stored-late": Mutant(_sending_stored_late),
        "retry-on-500": Mutant(_retry_on_500),
        "doubt-ignored": Mutant(_doubt_ignored, faults=REFUSING),
        "settle-too-short": Mutant(_settle_too_short),
        "fence-removed": Mutant(_fence_removed),
        "sent-twice-by-the-client": Mutant(_sent_twice_by_the_client, faults=LOSING),
        "conflict-on-the-key-only": Mutant(_conflict_on_the_key_only),
        "orphan-sent-again": Mutant(_orphan_sent_again),
        "timeout-is-failure": Mutant(_timeout_is_failure),
        "absence-believed-at-once": Mutant(_absence_believed_at_once),
        "adopts-anothers": Mutant(_adopts_anothers, faults=MISSING),
    }
)
