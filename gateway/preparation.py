"""What a gateway leaves for the moment when it is ready already."""

import asyncio

from adapters.contract.models import values
from adapters.contract.models.requests import NewOrder


class Preparation:
    """Makes ready what the first order would wait for, and nothing else needs: in a thread, behind everybody's back."""

    def __init__(self) -> None:
        self._under_way: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Begin. Must be called in a running loop."""
        _ = self._begun()

    async def done(self) -> None:
        """Wait for its end, which is a moment away; whoever comes before it has begun begins it."""
        await asyncio.shield(self._begun())

    async def close(self) -> None:
        """Wait for its end, if it has begun."""
        if self._under_way is not None:
            await self._under_way

    def _begun(self) -> asyncio.Future[None]:
        if self._under_way is None:
            self._under_way = asyncio.get_running_loop().run_in_executor(None, prepare)
        return self._under_way


def prepare() -> None:
    """Make ready what orders need, if it is not yet: their model, and what knows phone numbers, both large."""
    NewOrder.model_rebuild()
    values.load_phone_numbers()
