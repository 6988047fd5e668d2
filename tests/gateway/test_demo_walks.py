"""What the tour does at a provider for which nobody wrote a walk."""

import io

from rich.console import Console

from gateway.demo.tour import Tour
from gateway.demo.walks import anybody
from support.running import running_gateway

TWO = (
    "listen:\n  port: 0\nadmin:\n  port: 0\nstore:\n  url: 'memory:'\n  ephemeral: true\nproviders:\n"
    "  codes:\n    adapter: reseller\n    simulated: true\n  wires:\n    adapter: rexel\n    simulated: true\n"
)


async def test_a_provider_without_a_walk_is_asked_what_it_can_do_and_for_its_catalog() -> None:
    """One step at least, so that the table has it; lists only where there are some."""
    printed = io.StringIO()
    async with running_gateway(TWO) as running, Tour(running.gateway.url, Console(file=printed, width=200)) as tour:
        for tour.provider in ("codes", "wires"):
            await anybody(tour)
    assert [(step.provider, step.title) for step in tour.steps if step.passed] == [
        ("codes", "see what it can do"),
        ("codes", "browse the categories"),
        ("codes", "browse the products"),
        ("wires", "see what it can do"),
    ]
    assert "orders.place" in printed.getvalue()
