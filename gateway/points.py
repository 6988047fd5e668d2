"""Marked places in the life of an operation, at which the proof ends the process. For everybody else they are nothing.

`reach` does nothing unless `gateway.proof` started the process and said what to do.
"""

from collections.abc import Callable

POINTS = (
    "before-claim",
    "after-claim",
    "before-sending",
    "after-sending",
    "answered",
    "put-back",
    "ended",
    "look-up",
    "looked-up",
    "poll",
    "polled",
    "login",
    "scan",
    "taken",
)
"""Every place, in the order of an operation's life."""

_reached: Callable[[str], None] | None = None


def reach(name: str) -> None:
    """Say that a place was reached."""
    if _reached is not None:
        _reached(name)


def watch(reached: Callable[[str], None]) -> None:
    """Have `reached` called with the name of each place from now on."""
    global _reached  # noqa: PLW0603 - one for each process: nothing is passed around for what is off in production
    _reached = reached
