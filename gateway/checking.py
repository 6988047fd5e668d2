"""`ordergate check` and `ordergate providers`: what the configuration makes of each account, and whether it works."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import typer

from adapters.contract.adapter import OPERATIONS
from adapters.contract.errors import AdapterError
from gateway.api.issuers import try_files
from gateway.app import Gateway
from gateway.config.load import Configuration
from gateway.config.packages import foreign_packages
from gateway.errors import AdapterFault, describe
from gateway.providers.provider import Provider
from gateway.providers.trip import Trip, within
from gateway.stores.opening import look_at_database, look_at_place
from gateway.telemetry import logs
from policies.errors import PolicyError
from policies.journal import JournalRefused, JournalUnavailable

READ_SECONDS = 15.0


def capabilities(configuration: Configuration) -> str:
    """Return a table of accounts and what each can do, with the reasons for what it cannot."""
    lines = []
    for name, entry in configuration.providers.items():
        adapter = entry.adapter()
        where = "simulated" if entry.simulated else entry.base_url or ""
        lines.append(f"{name}: {adapter.title} ({', '.join(adapter.kinds)}), {where}")
        for method, operation in OPERATIONS.items():
            able = adapter.supports(method)
            lines.append(f"  {'yes' if able else 'no ':3} {operation:24}{'' if able else adapter.why_not(method)}")
    return "\n".join(lines)


def switched_off(configuration: Configuration) -> Iterator[str]:
    """Yield a warning for each setting for want of which operations of an account are off, and name them."""
    for name, entry in configuration.providers.items():
        adapter = entry.adapter()
        off: dict[str, list[str]] = {}
        for method, reason in adapter.unavailable().items():
            off.setdefault(reason, []).append(OPERATIONS[method])
        for reason, operations in off.items():
            yield f"providers.{name}: off are {', '.join(operations)}. {reason}"


async def run(configuration: Configuration, path: Path, *, live: bool) -> int:
    """Print what was found; return 0 when all is well, 1 when the store or a provider does not work.

    Raises ValueError for a file of keys that holds none; OSError, RuntimeError, ValueError when the way to the
    providers cannot be opened.
    """
    try_files(configuration.issuers)
    forgetting, refusal = await _looked_at_store(configuration, live=live)
    if refusal is None:
        typer.echo(f"{path} is correct: {_counted(configuration)}")
    else:
        typer.echo(f"{path}: store.url: {refusal}", err=True)
    for warning in (*forgetting, *configuration.warnings, *switched_off(configuration), *foreign_packages()):
        typer.echo(f"warning: {warning}")
    working = await _all_work(configuration) if live else True
    return 0 if working and refusal is None else 1


async def _looked_at_store(configuration: Configuration, *, live: bool) -> tuple[list[str], str | None]:
    """Return warnings of the store, and why it cannot be used. Makes nothing; a database is asked only with `live`."""
    store = configuration.store
    try:
        objection = look_at_place(store.url, ephemeral=store.ephemeral, folder=configuration.folder)
        if live:
            await look_at_database(store.url)
    except (JournalRefused, JournalUnavailable) as error:
        return [], str(error)
    return ([f"store.url: {objection}"] if objection else []), None


async def _all_work(configuration: Configuration) -> bool:
    """Say of each provider whether it works; tell whether all do."""
    logs.configure(level=logging.ERROR)
    gateway = Gateway(configuration)
    try:
        await gateway.open()
        return all([await _checked(provider) for provider in gateway.providers.values()])
    finally:
        await gateway.stop()


def _counted(configuration: Configuration) -> str:
    real = [name for name, entry in configuration.providers.items() if not entry.simulated]
    simulated = [name for name, entry in configuration.providers.items() if entry.simulated]
    told = [f"{len(names)} {kind} ({', '.join(names)})" for kind, names in (("real", real), ("simulated", simulated))]
    return " and ".join(one for one, names in zip(told, (real, simulated), strict=True) if names)


async def _checked(provider: Provider) -> bool:
    """Log in where that is needed, make the cheapest read, and say how it went."""
    started = time.monotonic()
    trip = Trip(within(READ_SECONDS), request_id="check")
    try:
        await provider.run(provider.adapter.cheap_read(), trip)
    except (AdapterError, PolicyError, AdapterFault) as error:
        told = describe(error, provider.name)
        said = (told.provider.message or told.provider.code) if told.provider else None
        words = "; ".join(filter(None, (said, told.detail)))
        typer.echo(f"{provider.name}: {told.name}: {told.title}{f' ({words})' if words else ''}")
        return False
    typer.echo(f"{provider.name}: works, {time.monotonic() - started:.2f} s")
    return True
