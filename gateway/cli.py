"""The command `ordergate`. Imports are lazy: each command pays for what it uses."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from typing import Any

    from gateway.config.load import Configuration
    from gateway.config.model import Store

operations_app = typer.Typer(help="The fate of every write.", no_args_is_help=True)
orders_app = typer.Typer(help="What became of an order.", no_args_is_help=True)


def _with_its_groups() -> typer.Typer:
    whole = typer.Typer(
        help="One order and catalog API in front of many commerce providers.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    whole.add_typer(operations_app, name="operations")
    whole.add_typer(orders_app, name="orders")
    return whole


app = _with_its_groups()

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")]
FaultOption = Annotated[
    list[str] | None, typer.Option("--fault", help="kind:probability, as 500:0.1; may be given several times.")
]


@app.command()
def serve(
    config: ConfigOption = Path("gateway.yaml"),
    restored: Annotated[
        bool, typer.Option("--restored", help="The journal comes from a backup: find out first what was done since.")
    ] = False,
) -> None:
    """Serve until SIGTERM or SIGINT; operations under way are let end."""
    import gc

    # What is imported and made until the gateway is ready is no garbage; it sets the collector to work then.
    gc.disable()
    with _as_if_absent("rich"):
        from gateway.telemetry import logs

    logs.configure()
    configuration = _loaded(config)
    # What a restored journal has forgotten is found out by one process, and then it ends.
    if configuration.listen.workers > 1 and not restored:
        from gateway.workers.supervisor import supervise

        _exit(supervise(configuration))
    from gateway import app as gateway_app

    _exit(_run_until_stopped(gateway_app.serve(gateway_app.Gateway(configuration, restored=restored))))


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Take the tour and end: 0 when every step did as it should.")
    ] = False,
    config: ConfigOption = Path("gateway.yaml"),
) -> None:
    """Start everything simulated, take a tour through all providers, then keep serving."""
    from gateway.demo.tour import run

    _exit(_run_until_stopped(run(_loaded(config), once=once), stopped=1 if once else 0))


@app.command()
def check(
    config: ConfigOption = Path("gateway.yaml"),
    live: Annotated[
        bool, typer.Option("--live", help="Ask PostgreSQL, log in to each provider and make one cheap read.")
    ] = False,
) -> None:
    """Check the configuration and the journal's place; with --live also each provider's address and credentials."""
    from gateway.checking import run

    _exit(_run_until_stopped(run(_loaded(config), config, live=live), stopped=1))


@app.command()
def schema() -> None:
    """Print the JSON Schema of gateway.yaml, for editors."""
    import msgspec

    from gateway.config.schema import json_schema

    typer.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())


@app.command()
def providers(config: ConfigOption = Path("gateway.yaml")) -> None:
    """List the configured providers and what each can do."""
    from gateway.checking import capabilities

    typer.echo(capabilities(_loaded(config)))


@app.command()
def simulate(
    name: Annotated[str, typer.Argument(help="The adapter, rexel say; a wrong one is told all that there are.")],
    port: Annotated[int, typer.Option(help="The port to listen on; 0 for any.", min=0, max=65535)] = 0,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="Makes faults and ids repeatable.")] = 0,
    pace: Annotated[float, typer.Option(help="Seconds for one step of anything asynchronous.", min=0)] = 1.0,
    fault: FaultOption = None,
) -> None:
    """Serve one provider's simulator; it tells the truth on /_simulator/truth."""
    from adapters.contract.simulator import FAULT_KINDS
    from adapters.registry import names
    from gateway.simulation import account
    from gateway.simulation import simulate as serve_simulator

    if name not in names():
        _fail(f"there is no simulator {name!r}; there are: {', '.join(names())}")
    try:
        faults = {kind: float(probability) for kind, probability in (one.rsplit(":", 1) for one in fault or [])}
    except ValueError:
        _fail("--fault is kind:probability, as 500:0.1")
    if unknown := sorted(set(faults) - set(FAULT_KINDS)):
        _fail(f"there is no fault {unknown[0]!r}; there are: {', '.join(FAULT_KINDS)}")

    def announce(url: str) -> None:
        typer.echo(f"{name} on {url}; to use it, write under providers:")
        typer.echo(account(name, url))

    _exit(_run_until_stopped(serve_simulator(name, host, port, seed=seed, pace=pace, faults=faults, announce=announce)))


@app.command()
def prove(
    *,
    kills: Annotated[int, typer.Option(help="How often gateways are killed.", min=0)] = 100,
    seed: Annotated[int, typer.Option(help="Chooses places, moments and faults.", min=0)] = 0,
    store: Annotated[
        str, typer.Option(help="sqlite:PATH of a new file, or postgresql://…; left out, new files of its own.")
    ] = "",
    instances: Annotated[int, typer.Option(help="How many gateways share a journal.", min=1, max=9)] = 1,
    journals: Annotated[
        int, typer.Option(help="How many journals are tried side by side; 0: 3 files, or 1 database.", min=0, max=9)
    ] = 0,
    profile: Annotated[str, typer.Option(help="What follows from proven absence: resend or park.")] = "resend",
    orders: Annotated[int, typer.Option(help="The least number of orders.", min=1)] = 60,
    mutant: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Kill gateways while simulators count orders, and hold what was told against what is true: 0 when all is well."""
    from gateway.proof.command import run

    plan = {"kills": kills, "seed": seed, "store": store, "journals": journals, "instances": instances}
    plan["orders"] = orders
    _exit(run(plan, profile, mutant))


@operations_app.command("list")
def list_operations(
    config: ConfigOption = Path("gateway.yaml"),
    state: Annotated[str | None, typer.Option(help="unknown, parked, pending, failed …")] = None,
    provider: Annotated[str | None, typer.Option(help="A provider's name in the configuration.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List operations of all callers, newest first, as the journal has them."""
    from gateway.inspecting import listing

    _exit(_run(listing(_loaded_store(config), config.parent, state=state, provider=provider, limit=limit)))


@operations_app.command("show")
@orders_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="An operation's id, an idempotency key, a reference, or an order's id.")],
    config: ConfigOption = Path("gateway.yaml"),
) -> None:
    """Tell the whole story of a write: request, route, attempts, answers, verdicts."""
    from gateway.inspecting import telling

    _exit(_run(telling(_loaded_store(config), config.parent, name)))


@operations_app.command()
def resolve(
    operation: Annotated[str, typer.Argument(help="The operation's id.")],
    *,
    placed: Annotated[bool | None, typer.Option("--placed/--not-placed", help="Your verdict.")] = None,
    release: Annotated[bool, typer.Option("--release", help="Let a held one go; --not-placed drops it.")] = False,
    order_id: Annotated[str | None, typer.Option(help="With --placed: the order, as rexel:RX1.")] = None,
    url: Annotated[str, typer.Option(help="The running gateway.")] = "http://127.0.0.1:8080",
) -> None:
    """Enter a person's verdict on an operation in doubt or held. The API key, if needed: ORDERGATE_API_KEY."""
    from gateway.inspecting import resolving, verdict_of

    verdict = verdict_of(placed=placed, release=release, order_id=order_id)
    if verdict is None:
        _fail("write --placed with --order-id, or --not-placed, or --release")
    _exit(_run(resolving(url, operation, verdict, key=os.environ.get("ORDERGATE_API_KEY"))))


@operations_app.command()
def quarantine(
    end: Annotated[bool, typer.Option("--end", help="End it: writes begin again, whatever is not reconciled.")] = False,
    url: Annotated[str, typer.Option(help="The admin listener of the gateway.")] = "http://127.0.0.1:8081",
) -> None:
    """Tell how far a restored journal is reconciled. The admin token, if needed: ORDERGATE_ADMIN_TOKEN."""
    from gateway.inspecting import quarantined

    _exit(_run(quarantined(url, end=end, token=os.environ.get("ORDERGATE_ADMIN_TOKEN"))))


def main() -> None:
    """Run the command."""
    app()


@contextmanager
def _as_if_absent(package: str) -> "Iterator[None]":
    """Have what is imported meanwhile do without a package that it takes where it finds it.

    structlog takes rich, a tenth of what `serve` would import, to colour tracebacks; our log is JSON and has none.
    """
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # documented: importing it raises ModuleNotFoundError
    try:
        yield
    finally:
        del sys.modules[package]


def _loaded(path: Path) -> "Configuration":
    """Return the configuration; print every problem and end with 2 when there is one."""
    from gateway.config.load import load

    with _told_when_wrong():
        return load(path, os.environ)


def _loaded_store(path: Path) -> "Store":
    """Return where the journal is; what else the file refers to need not be there."""
    from gateway.config.load import load_store

    with _told_when_wrong():
        return load_store(path, os.environ)


@contextmanager
def _told_when_wrong() -> "Iterator[None]":
    """Print every problem of a configuration and end with 2 when there is one."""
    from gateway.config.problems import ConfigError

    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None


def _run(work: "Coroutine[Any, Any, int]") -> int:
    from gateway.running import run

    return run(work)


def _run_until_stopped(work: "Coroutine[Any, Any, int | None]", *, stopped: int = 0) -> int:
    from gateway.running import run, until_stopped

    return run(until_stopped(work, stopped=stopped))


def _fail(message: str) -> NoReturn:
    typer.echo(f"ordergate: {message}", err=True)
    raise typer.Exit(2)


def _exit(code: int) -> NoReturn:
    raise typer.Exit(code)
