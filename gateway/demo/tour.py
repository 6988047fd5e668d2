"""Takes the tour: calls the gateway as an app would, shows each step, and keeps what happened for the table."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import msgspec
from rich.console import Console
from rich.table import Table

from gateway.app import Gateway
from gateway.config.load import Configuration
from gateway.telemetry import logs

PACE = 0.25
"""Seconds that a simulated provider takes for one step: quick enough to watch."""
FOLLOW_SECONDS = 20.0
CALL_SECONDS = 30.0

Json = dict[str, Any]


class StepFailed(Exception):
    """A step did not do what it should; the text says what came instead."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it went; `problem` names the refusal that it met (and was to meet)."""

    provider: str
    title: str
    outcome: str
    passed: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gateway answered."""

    status: int
    body: Json

    def __str__(self) -> str:
        name = str(self.body.get("type", "")).rpartition("/")[2]
        return f"{self.status} {name}".strip()


class Tour:
    """A caller of the gateway that takes notes. One provider at a time."""

    def __init__(self, url: str, console: Console) -> None:
        self.url = url
        self.steps: list[Step] = []
        self.provider = ""
        self._console = console
        self._keys = 0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_SECONDS))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    # The steps that providers' walks are made of -----------------------------------------------------------------

    async def browse(self, title: str, path: str) -> list[Json]:
        """Read a list that must have items; return them."""

        async def reading() -> tuple[str, list[Json]]:
            items: list[Json] = self._expected(await self._call("GET", path), 200)["items"]
            if not items:
                raise StepFailed("nothing there")
            names = [str(item.get("name") or item.get("id")) for item in items]
            return f"{len(items)}: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}", items

        items: list[Json] = await self._taken(title, reading, [])
        return items

    async def read(self, title: str, path: str, show: Callable[[Json], str], body: Json | None = None) -> Json:
        """Read one resource (with a body: a read that is a POST)."""

        async def reading() -> tuple[str, Json]:
            found = self._expected(await self._call("POST" if body else "GET", path, body), 200)
            return show(found), found

        return await self._taken_one(title, reading)

    async def place(self, title: str, order: Json) -> Json:
        """Place an order, send the same request again, and see that it is one order."""

        async def placing() -> tuple[str, Json]:
            key = self._key()
            placed = self._expected(await self._call("POST", "/v1/orders", order, key), 201)
            again = self._expected(await self._call("POST", "/v1/orders", order, key), 201)
            if placed != again:
                raise StepFailed("the same key gave another order")
            return f"{placed['id']} {placed['status']}; sent again with its key: the same order", placed

        return await self._taken_one(title, placing)

    async def follow(self, title: str, order: Json, until: Collection[str]) -> Json:
        """Read the order until its status is one of `until`."""

        async def following() -> tuple[str, Json]:
            seen: list[str] = []
            deadline = time.monotonic() + FOLLOW_SECONDS
            while True:
                found = self._expected(
                    await self._call("GET", f"/v1/orders/{quote(order.get('id', '?'), safe=':')}"), 200
                )
                if not seen or seen[-1] != found["status"]:
                    seen.append(found["status"])
                if found["status"] in until:
                    reason = found.get("statusReason", {}).get("code")
                    return " → ".join(seen) + (f" ({reason})" if reason else ""), found
                if time.monotonic() > deadline:
                    raise StepFailed(f"still {' → '.join(seen)} after {FOLLOW_SECONDS:.0f} s")
                await asyncio.sleep(PACE)

        return await self._taken_one(title, following)

    async def change(self, title: str, method: str, path: str, body: Json) -> Json:
        """Change an order; an asynchronous change is waited for."""

        async def changing() -> tuple[str, Json]:
            changed = self._expected(await self._call(method, path, body, self._key()), 200)
            if changed["state"] != "done":
                raise StepFailed(f"the change is {changed['state']}")
            parts = ", ".join(f"{part['id']} {part['state']}" for part in changed.get("parts", ()))
            return f"done{': ' + parts if parts else ''}", changed

        return await self._taken_one(title, changing)

    async def refused(self, title: str, problem: str, method: str, path: str, body: Json | None = None) -> None:
        """Make a request that must be refused with this problem, and nothing placed."""

        async def refusing() -> tuple[str, Json]:
            key = self._key() if method != "GET" else None
            reply = await self._call(method, path, body, key)
            name = str(reply.body.get("type", "")).rpartition("/")[2]
            if name != problem or reply.body.get("placed", "no") != "no":
                raise StepFailed(f"{reply} instead of {problem}")
            return f"{reply.status} {name}: {_why(reply.body)}", {"problem": name}

        await self._taken(title, refusing, {})

    # How a step is taken ----------------------------------------------------------------------------------------

    async def _taken_one(self, title: str, work: Callable[[], Awaitable[tuple[str, Json]]]) -> Json:
        result: Json = await self._taken(title, work, {})
        return result

    async def _taken(self, title: str, work: Callable[[], Awaitable[tuple[str, Any]]], default: Any) -> Any:
        try:
            outcome, result = await work()
        except (StepFailed, aiohttp.ClientError, TimeoutError, KeyError, TypeError) as error:
            self._note(Step(self.provider, title, f"{type(error).__name__}: {error}", passed=False))
            return default
        problem = result.get("problem", "") if isinstance(result, dict) else ""
        step = Step(self.provider, title, outcome, passed=True)
        self._note(replace(step, problem=problem) if isinstance(problem, str) else step)
        return result

    def _note(self, step: Step) -> None:
        self.steps.append(step)
        mark = "[green]✓[/]" if step.passed else "[red]✗[/]"
        self._console.print(f" {mark} [bold]{step.provider:9}[/] {step.title:34} ", end="")
        self._console.print(step.outcome, markup=False, highlight=False)

    def _key(self) -> str:
        self._keys += 1
        return f"demo-{self.provider}-{self._keys}"

    async def _call(self, method: str, path: str, body: Json | None = None, key: str | None = None) -> Reply:
        assert self._session is not None  # noqa: S101 - entered
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        data = msgspec.json.encode(body) if body is not None else None
        async with self._session.request(method, self.url + path, data=data, headers=headers) as response:
            return Reply(response.status, msgspec.json.decode(await response.read()))

    @staticmethod
    def _expected(reply: Reply, status: int) -> Json:
        if reply.status != status:
            raise StepFailed(f"{reply} instead of {status}: {_why(reply.body)}")
        return reply.body


def _why(body: Mapping[str, Any]) -> str:
    """Return the most telling words of a problem."""
    if violations := body.get("violations"):
        return "; ".join(f"{one['name']}: {one['reason']}" for one in violations)
    provider = body.get("provider", {})
    return str(body.get("detail") or provider.get("message") or provider.get("code") or body.get("title", ""))


async def run(configuration: Configuration, *, once: bool) -> int:
    """Start the gateway, take the tour, print the table; with `once` end then, else serve on. Returns the exit code."""
    from gateway.demo.walks import WALKS, anybody

    logs.configure(level=logging.ERROR)
    console = Console(highlight=False)
    simulated = {name: entry for name, entry in configuration.providers.items() if entry.simulated}
    if set(simulated) != set(configuration.providers):
        console.print("The demo is for simulated providers; this configuration has real ones.")
        return 2
    started = time.monotonic()
    gateway = Gateway(_anywhere(configuration) if once else configuration, pace=PACE)
    await gateway.start()
    try:
        console.print(f"Ordergate on {gateway.url}, {len(simulated)} simulated providers\n")
        async with Tour(gateway.url, console) as tour:
            for name, entry in simulated.items():
                tour.provider = name
                await WALKS.get(entry.common.adapter, anybody)(tour)
        _report(console, tour.steps, time.monotonic() - started)
        failed = sum(not step.passed for step in tour.steps)
        walked = {step.provider for step in tour.steps}
        if once:
            return 0 if not failed and walked == set(simulated) else 1
        _invite(console, gateway.url)
        while True:
            await asyncio.Event().wait()
    finally:
        await gateway.stop()


def _anywhere(configuration: Configuration) -> Configuration:
    """Return the configuration on free ports: a tour that ends by itself is in nobody's way."""
    free = {"port": 0}
    return replace(
        configuration,
        listen=configuration.listen.model_copy(update=free),
        admin=configuration.admin.model_copy(update=free),
    )


def _report(console: Console, steps: list[Step], seconds: float) -> None:
    table = Table(title="What happened", title_justify="left", show_lines=False)
    for column in ("provider", "steps", "as they should", "refusals met, each with its problem"):
        table.add_column(column, overflow="fold")
    for provider in dict.fromkeys(step.provider for step in steps):
        mine = [step for step in steps if step.provider == provider]
        refusals = ", ".join(dict.fromkeys(step.problem for step in mine if step.problem))
        table.add_row(provider, str(len(mine)), str(sum(step.passed for step in mine)), refusals)
    console.print()
    console.print(table)
    failed = [step for step in steps if not step.passed]
    verdict = (
        f"{len(failed)} of {len(steps)} steps went wrong" if failed else f"all {len(steps)} steps went as they should"
    )
    console.print(f"{verdict}, {seconds:.1f} s")


def _invite(console: Console, url: str) -> None:
    order = '{"reference": "PO-1", "lines": [{"productId": "rexel:SCH:S520059", "quantity": 10}]}'
    console.print("\nStill serving; try these, and end with Ctrl+C:\n")
    for line in (
        f"curl -s '{url}/v1/products?provider=bol&q=theepot&limit=3'",
        f"curl -s {url}/v1/orders -H 'Content-Type: application/json' -H 'Idempotency-Key: PO-1' -d '{order}'",
        f"curl -s '{url}/v1/operations?limit=5'",
    ):
        console.print(f"  {line}", soft_wrap=True, markup=False)
    console.print(f"\nThe API is documented on {url}/docs")
