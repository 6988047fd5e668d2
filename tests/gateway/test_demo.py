"""The demo ends with 0 only if every step at every provider did what it should."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.registry import BUILT_IN

# The tour takes some eight seconds on a machine that has nothing else to do.
SECONDS = 150
pytestmark = [pytest.mark.long("demo"), pytest.mark.timeout(SECONDS + 10), pytest.mark.asyncio(loop_scope="module")]

SHIPPED = Path(__file__).parents[2] / "gateway.yaml"
HEAD = "store:\n  url: 'memory:'\n  ephemeral: true\nproviders:\n"
REFUSED = HEAD + (
    "  gelato:\n    adapter: gelato\n    simulated: true\n    credentials:\n"
    "      api_key: wrong-key\n      api_secret: wrong-secret\n"
)
REAL = (
    "store:\n  url: sqlite:journal.db\nproviders:\n"
    "  gelato:\n    adapter: gelato\n    base_url: https://connector.example.com\n    credentials:\n"
    "      api_key: some-key\n      api_secret: some-secret\n"
)


async def toured(path: Path) -> tuple[int, str]:
    """Take the tour once; return the exit code and what was printed."""
    command = (sys.executable, "-c", "from gateway.cli import main; main()", "demo", "--once", "--config", str(path))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)
    try:
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    assert process.returncode is not None
    return process.returncode, out.decode()


def written(folder: Path, text: str) -> Path:
    """Write a configuration; return its path."""
    path = folder / "gateway.yaml"
    path.write_text(text)
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """What came of three tours, taken at the same time: they mostly wait."""
    refused, real = (written(tmp_path_factory.mktemp("demo"), text) for text in (REFUSED, REAL))
    results = await asyncio.gather(*(toured(path) for path in (SHIPPED, refused, real)))
    return dict(zip(("shipped", "refused", "real"), results, strict=True))


async def test_the_tour_goes_through_all_providers(tours: dict[str, tuple[int, str]]) -> None:
    """With the configuration that is shipped: a table with every provider, and 0."""
    code, printed = tours["shipped"]
    assert code == 0, printed
    table = printed.partition("What happened")[2]
    assert all(f"│ {name} " in table for name in BUILT_IN)
    assert "steps went as they should" in table
    assert "✗" not in printed


async def test_a_step_that_fails_is_shown_and_ends_it_with_1(tours: dict[str, tuple[int, str]]) -> None:
    """A provider that refuses us: each step says what came instead, and the count is told."""
    code, printed = tours["refused"]
    assert code == 1, printed
    assert "503 provider-credentials instead of 201" in printed
    assert "steps went wrong" in printed
    assert "Traceback" not in printed


async def test_real_accounts_are_not_toured(tours: dict[str, tuple[int, str]]) -> None:
    """It places orders: only where everything is simulated."""
    code, printed = tours["real"]
    assert (code, "real ones" in printed) == (2, True)
