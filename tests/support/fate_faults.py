"""Faults put into the engine and its store, by name: the state machine must find each of them, or it shows nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from gateway.operations import resolver, situations
from gateway.operations.run import Run
from gateway.stores.postgres import PostgresJournal
from policies.journal import Change, Operation
from policies.operation import next_move


def _trait_believed(**members: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Believe something else of every provider than it says."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(
            resolver, "next_move", lambda situation, trait, now: next_move(situation, replace(trait, **members), now)
        )

    return apply


def _situation_believed(**members: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Believe something else of every operation than is recorded."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(
            resolver, "next_move", lambda situation, trait, now: next_move(replace(situation, **members), trait, now)
        )

    return apply


def _silence_is_no(patch: pytest.MonkeyPatch) -> None:
    """Send again at once what ended without a sure answer."""
    patch.setattr(Run, "is_unexecuted", lambda self, error: True)


def _old_looks_count(patch: pytest.MonkeyPatch) -> None:
    """Count what was looked up before the last request left."""
    patch.setattr(situations, "_since_sent", lambda operation: operation.evidence)


def _fence_ignored(patch: pytest.MonkeyPatch) -> None:
    """Let whoever lost its claim change the state all the same."""
    fenced = PostgresJournal.update

    async def update(self: PostgresJournal, operation: Operation, change: Change) -> bool:
        stored = await self.get(operation.id)
        following = operation if stored is None else replace(operation, version=stored.version + 1)
        return await fenced(self, following, change)

    patch.setattr(PostgresJournal, "update", update)


FAULTS: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = MappingProxyType(
    {
        "absence-believed-before-it-settles": _trait_believed(settle=0.0, probes=1),
        "key-believed-to-be-kept-for-ever": _trait_believed(retention=1e9),
        "request-believed-over-at-once": _situation_believed(timeout=0.0),
        "silence-taken-for-no": _silence_is_no,
        "old-looks-count": _old_looks_count,
        "fence-ignored": _fence_ignored,
    }
)
"""By what goes wrong. The fence matters where several gateways share a journal, the others everywhere."""
