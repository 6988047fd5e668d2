"""Asks a provider that was left alone whether it works again: by its cheapest read, and by nobody's order."""

from typing import TYPE_CHECKING

from adapters.contract.errors import ProviderError, Refusal
from gateway.errors import AdapterFault
from gateway.providers.circuit import is_trouble
from gateway.providers.trip import Trip, within
from policies.errors import PolicyError

if TYPE_CHECKING:
    from gateway.providers.provider import Provider


async def answers(provider: "Provider", seconds: float) -> bool:
    """Make one read, each of its requests in `seconds`; tell whether the provider answered it, whatever it said.

    Where it cannot be asked the next caller finds out: there is nothing else to go by.
    """
    trip = Trip(within(seconds * 2), request_id="probe", purpose="probe")
    try:
        await provider.run(provider.adapter.cheap_read(), trip)
    except ProviderError as error:
        return not is_trouble(error)
    except PolicyError:
        return False
    except (Refusal, AdapterFault):
        return True
    return True
