"""What really happened, as the simulators tell it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from gateway.proof.accounts import ACCOUNTS, Account, Json

SECONDS = 10.0


@dataclass(slots=True)
class Truth:
    """What exists at each account, by mark (a reference, a line's id, a line in a parcel); and what was asked for."""

    existing: dict[str, Counter[str]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    forgotten: int = 0

    def count(self, account: str, mark: str) -> int:
        """Return how many there are of what a mark names."""
        return self.existing.get(account, Counter())[mark]


async def read(session: aiohttp.ClientSession, urls: Mapping[str, str]) -> Truth:
    """Ask every simulator. Raises aiohttp.ClientError, TimeoutError."""
    truth = Truth()
    for account in ACCOUNTS:
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        async with session.get(f"{urls[account.name]}/_simulator/truth", timeout=timeout) as response:
            told: Json = msgspec.json.decode(await response.read())
        truth.existing[account.name] = _existing(account, told)
        truth.faults.update(told["faults"])
        truth.forgotten += int(told.get("forgotten", 0))
        for request, count in told["requests"].items():
            method, path = request.split(" ", 1)
            if method == account.commit[0] and path.lower().endswith(account.commit[1]):
                truth.requests[account.name] += count
    return truth


def parcel_mark(line: object, tracking_code: object) -> str:
    """Return the mark of a line in a parcel: several parcels may have some of it."""
    return f"{line}/{tracking_code}"


async def heal(session: aiohttp.ClientSession, urls: Mapping[str, str]) -> None:
    """Have every simulator deal no more faults. Raises aiohttp.ClientError, TimeoutError."""
    for url in urls.values():
        async with session.put(f"{url}/_simulator/faults", data=b"{}") as response:
            await response.read()


def _existing(account: Account, told: Mapping[str, Any]) -> Counter[str]:
    match account.name:
        case "bol":
            lines = (item for order in told["orders"] for item in order["items"])
            return Counter({str(item["id"]): 1 for item in lines if item["cancelled"]})
        case "bol-ship":
            parcels = told["shipments"]
            return Counter(parcel_mark(item, parcel["trackAndTrace"]) for parcel in parcels for item in parcel["items"])
        case "reusely-blind":
            # The reference is not sent there; the customer's address holds it.
            return Counter(str(order["customer_email"]).partition("@")[0].upper() for order in told["orders"])
    references = (str(order["reference"]) for order in told["orders"] if order["reference"])
    # A provider that knows lines only has the order's reference before that of the line.
    return Counter(reference.partition(":")[0] for reference in references)
