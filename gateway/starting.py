"""What a gateway leaves for the moment when it is ready, and what of its start lives as long as the process."""

import asyncio
import gc

from adapters.contract.models import values
from adapters.contract.models.requests import NewOrder

GC_THRESHOLDS = (20_000, 20, 20)
"""A page of products is some thousand objects, none of them in a circle: looking for circles meanwhile finds none."""


class Preparation:
    """Makes ready what the first order would wait for, and nothing else needs: in a thread, behind everybody's back."""

    def __init__(self) -> None:
        self._under_way: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Begin. Must be called in a running loop."""
        self._under_way = asyncio.get_running_loop().run_in_executor(None, _prepare)

    async def close(self) -> None:
        """Wait for its end, which is a moment away."""
        if self._under_way is not None:
            await self._under_way


def _prepare() -> None:
    NewOrder.model_rebuild()
    values.load_phone_numbers()


def settle_memory() -> None:
    """Spare the collector what was made until now: it lives as long as the process. What comes is garbage soon."""
    if gc.isenabled():  # else it was off from the beginning of the process, to save the time
        gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
