"""What the README shows is what a run does: its commands, its answers, its configuration and its numbers."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from gateway.api import body, writes
from gateway.api.problems import TYPES
from gateway.app import DRAIN_SECONDS
from gateway.config.load import ConfigError
from gateway.operations.engine import MAX_LIVE
from gateway.stores.sqlite import MEMORY_BYTES
from support.running import ALL_SIMULATED, configured, running_gateway
from support.transcript import Comparison, Shown, blocks, transcripts

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", ROOT / "docs" / "idempotency.md"]
MISTAKES = """\
# The store is
# the default:
# a file beside this one.
providers:
  bol:
    adapter: bol
    credentials:
      client_id: shop
      client_secret: ${BOL_SECRET}
  rexel:
    adapter: rexell
    simulated: true
  reusely:
    adapter: reusely
    simulated: true
routes:
  - when:
      contry: FR
    provider: rexel
"""

NEXT = "-- next --"
"""Stands between what one command prints and the next."""
# A command takes a second or two on a machine that has nothing else to do.
SECONDS = 100.0
pytestmark = pytest.mark.timeout(SECONDS + 10)

needs_curl = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash")


async def ran(command: str, **environ: str) -> str:
    """Run a command as typed in the project's folder and return what it prints."""
    here = {**os.environ, **environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    typed = command.replace(".venv/bin/", "")
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", typed, cwd=ROOT, env=here, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(SECONDS):
        output, _ = await process.communicate()
    return output.decode()


@needs_curl
async def test_the_five_minutes_go_as_shown() -> None:
    """The curl lines of the README and of docs/idempotency.md, typed into one shell, answer what is printed below."""
    for document in (README, ROOT / "docs" / "idempotency.md"):
        shown = [one for one in transcripts(document) if "curl " in one.command]
        assert shown
        comparison = Comparison()
        async with running_gateway() as running:
            typed = f"echo; echo {NEXT}\n".join(f"{one.command}\n" for one in shown)
            came = (await ran(typed.replace("http://127.0.0.1:8080", running.gateway.url))).split(f"\n{NEXT}\n")
        for one, output in zip(shown, came, strict=True):
            (comparison.http if one.command.startswith("curl ") else comparison.text)(one.output, output)


@needs_curl
async def test_the_example_prints_what_is_shown() -> None:
    """The caller's example, run as the README says, places an order once and tells a refusal."""
    shown = [one for one in transcripts(README) if "place_order.py" in one.command]
    assert len(shown) == 3
    comparison = Comparison()
    async with running_gateway() as running:
        for one in shown:
            comparison.text(one.output, await ran(one.command, ORDERGATE_URL=running.gateway.url))
        placed = [order["reference"] for order in (await running.truth("rexel"))["orders"]]
        assert placed.count("PO-1002") == 1


@needs_curl
async def test_check_prints_what_is_shown() -> None:
    """`ordergate check --live` on the shipped gateway.yaml."""
    shown = [one for one in transcripts(README) if one.command.endswith("ordergate check --live")]
    assert len(shown) == 1
    Comparison().text(shown[0].output, await ran(shown[0].command))


def test_every_command_that_is_shown_is_tried() -> None:
    """No transcript is left to rot."""

    def tried(one: Shown) -> bool:
        return "curl " in one.command or "place_order.py" in one.command or "check --live" in one.command

    assert not [one for document in DOCUMENTS for one in transcripts(document) if not tried(one)]


def test_the_code_shown_is_the_example_s() -> None:
    """The README quotes docs/examples/place_order.py, which has its own tests."""
    example = (ROOT / "docs" / "examples" / "place_order.py").read_text()
    quoted = blocks(README, "python")
    assert quoted
    assert all(one in example for one in quoted)


def test_the_configuration_shown_can_be_loaded(tmp_path: Path) -> None:
    """The five real accounts and the routes of the README are a configuration, without a warning."""
    text = next(one for one in blocks(README, "yaml") if one.startswith("store:"))
    for name in re.findall(r"\$\{file:/run/secrets/([\w-]+)\}", text):
        (tmp_path / name).write_text(f"secret-{name}\n")
    text = text.replace("/run/secrets", str(tmp_path))
    loaded = configured(text, {name: f"value-of-{name}" for name in re.findall(r"\$\{([A-Z_]+)\}", text)})
    assert list(loaded.providers) == ["bol-nl", "gelato", "rexel", "reseller", "reusely"]
    assert not any(entry.simulated for entry in loaded.providers.values())
    assert [route.provider for route in loaded.routes] == ["reusely", "gelato"]
    assert loaded.warnings == ()
    assert not loaded.store.ephemeral


@needs_curl
async def test_a_key_made_as_shown_opens_the_gateway() -> None:
    """The shell lines make a key and its hash; the caller written with it is let in, and nobody else."""
    making = next(one for one in blocks(README, "sh") if "sha256sum" in one)
    said = re.fullmatch(r"give the app (\S+), write sha256:([0-9a-f]{64})\n", await ran(making))
    assert said is not None
    callers = next(one for one in blocks(README, "yaml") if one.startswith("callers:")).replace("HASH", said[2])
    async with running_gateway(ALL_SIMULATED + callers) as running:
        authorized = {"Authorization": f"Bearer {said[1]}"}
        let_in = await running.call("GET", "/v1/providers", headers=authorized)
        assert [one["name"] for one in let_in.body["items"]] == ["gelato", "rexel"]
        assert (await running.call("GET", "/v1/providers")).problem == "unauthenticated"


def test_the_mistakes_shown_are_found() -> None:
    """A file with these mistakes gets exactly the lines of the README."""
    shown = next(one for one in blocks(README, "text") if "did you mean" in one)
    with pytest.raises(ConfigError) as found:
        configured(MISTAKES, {})
    said = [re.sub(r"^.*/(?=gateway\.yaml)", "", str(problem)) for problem in found.value.problems]
    assert said == shown.splitlines()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link is a file of the project, every anchor a heading."""
    text = document.read_text()
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (document.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_problems_that_are_named_exist(document: Path) -> None:
    """What stands behind a status code is a problem type."""
    named = set(re.findall(r"\b[45]\d\d `([a-z-]+)`", document.read_text()))
    assert named <= set(TYPES), named - set(TYPES)


def test_the_numbers_are_the_code_s() -> None:
    """Limits as the README states them."""
    readme = README.read_text()
    assert f"| {body.MAX_BYTES // 1024**2} MiB, {body.MAX_DEPTH} levels, 100 lines |" in readme
    assert f"| writes under way | {MAX_LIVE:,} |" in readme
    assert f"`memory:` ends at {MEMORY_BYTES >> 30} GiB" in readme
    assert f"{writes.DEFAULT_WAIT:.0f} s with what is known; `Prefer: wait=N` up to {writes.MAX_WAIT:.0f}" in readme
    assert f"{DRAIN_SECONDS:.0f} seconds to end" in readme
