"""Faults put into a gateway on purpose, by name: the proof must see each of them."""

from collections.abc import Callable, Mapping


def apply(name: str | None) -> None:
    """Put a fault into this process. Raises KeyError for a name that is none."""
    if name is not None:
        MUTANTS[name]()


MUTANTS: Mapping[str, Callable[[], None]] = {}
