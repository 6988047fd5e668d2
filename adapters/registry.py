"""The one file that names every provider. Others join through the entry-point group `ordergate.adapters`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from adapters.contract.simulator import Simulator

if TYPE_CHECKING:
    # A process of simulators starts sooner without the adapters and their models.
    from adapters.contract.adapter import Adapter

GROUP = "ordergate.adapters"
BUILT_IN = ("bol", "gelato", "reseller", "reusely", "rexel")


@dataclass(frozen=True, slots=True)
class Registration:
    """An adapter and the simulator of its provider. What an entry point of the group must name."""

    adapter: "type[Adapter[Any, Any]]"
    load_simulator: Callable[[], type[Simulator]]

    @property
    def simulator(self) -> type[Simulator]:
        """Return the simulator; it is imported only where one is wanted."""
        return self.load_simulator()


def names() -> tuple[str, ...]:
    """Return the names that `adapter:` may have, ours first."""
    others = {entry.name for entry in entry_points(group=GROUP)} - set(BUILT_IN)
    return (*BUILT_IN, *sorted(others))


def load(name: str) -> Registration:
    """Import and return one provider. Raises KeyError for a name that nobody registered."""
    if name in BUILT_IN:
        adapter = import_module(f"adapters.{name}.adapter").ADAPTER
        return Registration(adapter, partial(_simulator, name))
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            loaded = entry.load()
            if not isinstance(loaded, Registration):
                raise TypeError(f"entry point {name} of {GROUP} does not name an adapters.registry.Registration")
            return loaded
    raise KeyError(name)


def load_simulator(name: str) -> type[Simulator]:
    """Import and return one provider's simulator; of ours, without its adapter. Raises what `load` raises."""
    return _simulator(name) if name in BUILT_IN else load(name).simulator


def _simulator(name: str) -> type[Simulator]:
    simulator: type[Simulator] = import_module(f"adapters.{name}.simulator").SIMULATOR
    return simulator
