"""`ordergate operations` and `ordergate orders`: the journal for people, also while the gateway is down."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import get_args
from urllib.parse import quote

import aiohttp
import msgspec
import typer
from uuid_utils import uuid7

from gateway.config.model import Store
from gateway.operations.story import found, story, table
from gateway.stores.opening import open_journal
from policies.journal import Journal, JournalRefused, JournalUnavailable
from policies.operation import State

CALL_SECONDS = 30.0


async def _opened(store: Store, folder: Path) -> Journal:
    keys = [bytes.fromhex(key.get_secret_value()) for key in store.keys]
    return await open_journal(store.url, ephemeral=store.ephemeral, keys=keys, folder=folder, only_reads=True)


async def listing(store: Store, folder: Path, *, state: str | None, provider: str | None, limit: int) -> int:
    """Print a table of operations; return the exit code. Relative paths start at `folder`."""
    wanted: State | None = None
    if state is not None:
        wanted = next((known for known in get_args(State) if known == state), None)
        if wanted is None:
            typer.echo(f"there is no state {state!r}; there are: {', '.join(get_args(State))}")
            return 2
    return await _shown(store, folder, lambda journal: _table(journal, wanted, provider, limit))


async def telling(store: Store, folder: Path, name: str) -> int:
    """Print the story of what `name` means; return the exit code: 1 where it means nothing."""
    nothing = f"nothing in the journal is called {name!r}: no operation, idempotency key, reference or order"
    return await _shown(store, folder, lambda journal: _stories(journal, name), nothing)


def verdict_of(*, placed: bool | None, release: bool, order_id: str | None) -> dict[str, object] | None:
    """Return a person's verdict as it is sent, or None for one that is none."""
    if release:
        return None if placed is not None or order_id else {"release": True}
    if placed is None or placed == (order_id is None):
        return None
    return {"placed": "yes", "orderId": order_id} if placed else {"placed": "no"}


async def resolving(url: str, operation: str, verdict: dict[str, object], *, key: str | None) -> int:
    """Enter a verdict at the running gateway; return the exit code."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid7())}
    target = f"{url.rstrip('/')}/v1/operations/{quote(operation, safe='')}/resolution"
    return await _asked("POST", target, key, headers, msgspec.json.encode(verdict))


async def quarantined(url: str, *, end: bool, token: str | None) -> int:
    """Print how far the running gateway's restored journal is reconciled, or end that; return the exit code."""
    return await _asked("DELETE" if end else "GET", f"{url.rstrip('/')}/quarantine", token, {})


async def _asked(
    method: str, target: str, secret: str | None, headers: dict[str, str], content: bytes | None = None
) -> int:
    """Make one request to the running gateway and print its answer; return the exit code."""
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)) as session,
            session.request(method, target, data=content, headers=headers) as response,
        ):
            body = await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        typer.echo(f"no gateway answers at {target} ({type(error).__name__}); it has to run for this")
        return 1
    is_json = response.content_type.endswith("json")
    typer.echo(msgspec.json.format(body, indent=2).decode() if is_json else body.decode().strip())
    return 0 if response.status == 200 else 1


async def _shown(store: Store, folder: Path, work: Callable[[Journal], Awaitable[str]], nothing: str = "") -> int:
    """Print what is read of the journal, or `nothing`; return the exit code."""
    if store.url == "memory:":
        typer.echo("the journal is in the memory of the gateway (store.url): ask that one, GET /v1/operations")
        return 1
    try:
        journal = await _opened(store, folder)
        try:
            text = await work(journal)
        finally:
            await journal.close()
    except (JournalRefused, JournalUnavailable) as error:
        typer.echo(f"the journal cannot be read: {error}")
        return 1
    typer.echo(text or nothing)
    return 0 if text else 1


async def _table(journal: Journal, state: State | None, provider: str | None, limit: int) -> str:
    return table(await journal.search(None, state=state, account=provider, limit=limit))


async def _stories(journal: Journal, name: str) -> str:
    return "\n\n".join([story(one, await journal.steps(one.id)) for one in await found(journal, name)])
