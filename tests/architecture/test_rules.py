"""The rules themselves: each one sees a breach that was planted for it, and lets the rightful neighbour pass."""

import ast
from pathlib import Path

import pytest

from architecture import rules


@pytest.mark.parametrize(
    "source",
    [
        "from urllib.request import urlopen",
        "import http.client",
        "import datetime\nnow = datetime.datetime.now(datetime.UTC)",
        "from datetime import date\ntoday = date.today()",
        "import random\nn = random.randint(1, 2)",
        "from random import choice",
        "import random\nr = random.Random(7)",
        "import uuid\nkey = uuid.uuid4()",
        "from secrets import token_hex",
        "text = open('prices.csv').read()",
        "async def place(): ...",
    ],
)
def test_what_an_adapter_may_not_do_is_seen(source: str) -> None:
    """Input, output, clocks, chance and coroutines in an adapter's module are breaches."""
    assert rules.purity_breaches(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "from urllib.parse import quote",
        "from http import HTTPStatus",
        "from datetime import datetime\ndef f(now: datetime): return now.isoformat()",
        "import uuid\nkey = uuid.uuid5(uuid.NAMESPACE_URL, 'x')",
        "def f(clock): return clock.now()",
    ],
)
def test_what_an_adapter_may_do_passes(source: str) -> None:
    """Pure parts of the standard library and injected clocks are no breach."""
    assert not rules.purity_breaches(ast.parse(source))


def test_a_simulator_has_a_seeded_generator_and_no_other_chance() -> None:
    """`random.Random(seed)` is allowed to simulators, an unseeded one or the module's functions are not."""
    seeded, unseeded = "import random\nr = random.Random(seed)", "import random\nr = random.Random()"
    assert not rules.purity_breaches(ast.parse(seeded), chance_allowed=True)
    assert rules.purity_breaches(ast.parse(unseeded), chance_allowed=True)
    assert rules.purity_breaches(ast.parse("import random\nn = random.random()"), chance_allowed=True)


def test_a_policy_may_wait_but_not_sleep_by_itself() -> None:
    """A coroutine that waits for what it was given passes; `asyncio.sleep` and clocks do not."""
    allowed = {"chance_allowed": True, "coroutines_allowed": True}
    assert not rules.purity_breaches(ast.parse("async def f(self): await self._sleep(1)"), **allowed)
    assert rules.purity_breaches(ast.parse("async def f(): await asyncio.sleep(1)"), **allowed)
    assert rules.purity_breaches(ast.parse("async def f(): return datetime.now(UTC)"), **allowed)


@pytest.mark.parametrize(
    ("path", "source", "breaks"),
    [
        ("adapters/bol/adapter.py", "from adapters.bol.mapping import STATUS", False),
        ("adapters/bol/adapter.py", "from adapters.contract.wire import HttpRequest", False),
        ("adapters/bol/adapter.py", "from adapters.rexel.mapping import STATUS", True),
        ("adapters/bol/adapter.py", "from adapters import registry", True),
        ("adapters/contract/flow.py", "from adapters.bol import adapter", True),
        ("adapters/bol/simulator.py", "from adapters.bol.mapping import STATUS", True),
        ("adapters/bol/simulator.py", "import adapters.bol.adapter", True),
        ("adapters/bol/simulator.py", "from adapters.bol import orders", True),
        ("adapters/bol/simulator/orders.py", "from adapters.bol.simulator.state import Order", False),
        ("adapters/bol/simulator_orders.py", "from adapters.bol.simulator_state import Order", False),
        ("adapters/bol/simulator.py", "from adapters.contract.simulator import Simulator", False),
        ("adapters/registry.py", "from adapters.bol.adapter import Bol", False),
        ("gateway/app.py", "from adapters.registry import adapters", False),
        ("gateway/app.py", "from adapters.bol.adapter import Bol", True),
    ],
)
def test_who_may_import_whom_inside_and_of_adapters(path: str, source: str, breaks: bool) -> None:
    """Providers know only themselves and the contract; the gateway names no provider."""
    assert bool(rules.foreign_imports(Path(path), ast.parse(source))) is breaks


@pytest.mark.parametrize(
    "source",
    ["order = 1", "class HttpCall: ...", "def f(headers): ...", "x.selectSql", "NAME = 'one product'", "f(url=1)"],
)
def test_a_domain_word_in_a_policy_is_seen(source: str) -> None:
    """Names and texts of a policy that speak of orders, HTTP or SQL are breaches, whatever their case."""
    assert rules.domain_words(ast.parse(source))


@pytest.mark.parametrize("source", ["'''Keep the order of calls.'''", "ordering = 1", "class Call: ...", "key = 'a b'"])
def test_other_words_in_a_policy_pass(source: str) -> None:
    """Docstrings and words that only contain a domain word are no breach."""
    assert not rules.domain_words(ast.parse(source))


def test_work_at_import_is_seen() -> None:
    """A call, a loop or a with-block at module level is work; definitions and tables are not."""
    assert rules.work_at_import(ast.parse("register()"))
    assert rules.work_at_import(ast.parse("for name in names:\n    load(name)"))
    assert not rules.work_at_import(ast.parse("'''Say.'''\nimport re\nX = re.compile('x')\ndef f(): g()"))


def test_a_function_is_as_long_as_its_lines_without_the_docstring() -> None:
    """The signature and the body count; what is promised does not."""
    source = 'def f(\n    a,\n):\n    """Say.\n\n    More.\n    """\n    b = a\n    return b\n'
    assert rules.function_lengths(ast.parse(source)) == [("f", 1, 5)]
