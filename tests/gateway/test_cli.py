"""The command line, as far as it only reads: the schema, the providers, a configuration, mistakes in what is asked."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import structlog
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from adapters.contract.simulator import FAULT_KINDS
from adapters.registry import BUILT_IN
from gateway.cli import app
from gateway.stores.opening import open_journal
from support.journals import operation

pytestmark = pytest.mark.blocking_allowed("a command has no loop of anybody's to hold up")

SIMULATED = """\
store:
  url: sqlite:journal.db
  ephemeral: false
providers:
  shop:
    adapter: reseller
    simulated: true
  print:
    adapter: gelato
    base_url: https://connector.example.com
    credentials:
      api_key: ${PRINT_KEY}
      api_secret: ${PRINT_SECRET}
"""
SECRETS = {"PRINT_KEY": "canary-key-7261", "PRINT_SECRET": "canary-secret-7261"}


@pytest.fixture(autouse=True)
def logs_go_where_they_went() -> Iterator[None]:
    """A command sends the process's logs to its own stderr, which is closed when it has ended."""
    yield
    structlog.reset_defaults()


def ordergate(*arguments: str, environ: dict[str, str] | None = None) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, arguments, env=SECRETS | (environ or {}))


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A configuration file with a simulated provider and a real one."""
    path = tmp_path / "gateway.yaml"
    path.write_text(SIMULATED)
    return path


def test_without_a_command_it_says_what_there_is() -> None:
    """Every command is named."""
    result = ordergate()
    assert all(name in result.output for name in ("serve", "demo", "check", "schema", "providers", "simulate"))


def test_the_schema_is_a_schema_that_the_shipped_configuration_fits() -> None:
    """JSON Schema 2020-12 on stdout and nothing else."""
    result = ordergate("schema")
    assert result.exit_code == 0
    schema = msgspec.json.decode(result.stdout)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"listen", "admin", "store", "callers", "providers", "routes"} <= set(schema["properties"])


def test_providers_are_listed_with_what_they_can_do(configuration: Path) -> None:
    """Each operation with yes or no, and the reason for each no; no secret."""
    result = ordergate("providers", "--config", str(configuration))
    assert result.exit_code == 0
    shop, _, printing = result.output.partition("print: ")
    assert shop.startswith("shop: ")
    assert "simulated" in shop.splitlines()[0]
    assert "yes orders.place" in shop
    assert "https://connector.example.com" in printing.splitlines()[0]
    refused = [line for line in printing.splitlines() if line.strip().startswith("no")]
    assert any("categories.list" in line for line in refused)
    assert all(len(line.split(maxsplit=2)) == 3 for line in refused)
    assert "canary" not in result.output


def test_a_correct_configuration_is_counted(configuration: Path) -> None:
    """What is real and what is simulated."""
    result = ordergate("check", "--config", str(configuration))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "1 real (print) and 1 simulated (shop)" in result.stdout
    assert "canary" not in result.output


@pytest.mark.parametrize("command", ["check", "serve", "demo", "providers"])
def test_mistakes_in_a_configuration_are_all_told_with_their_places(command: str, configuration: Path) -> None:
    """file:line:col on stderr, one a line, exit code 2, nothing started."""
    configuration.write_text(SIMULATED.replace("simulated: true", "simulatd: true").replace("  url:", "  ulr:"))
    result = ordergate(command, "--config", str(configuration))
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"{configuration}:2:3: ")
    assert any(line.startswith(f"{configuration}:7:5: ") and "simulated" in line for line in lines)


def test_a_configuration_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    """Not a traceback."""
    result = ordergate("check", "--config", str(tmp_path / "nowhere.yaml"))
    assert result.exit_code == 2
    assert "nowhere.yaml" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nobody",), ", ".join(BUILT_IN)),
        (("bol", "--fault", "500"), "kind:probability"),
        (("bol", "--fault", "500:often"), "kind:probability"),
        (("bol", "--fault", "earthquake:0.5"), ", ".join(FAULT_KINDS)),
        (("bol", "--port", "99999"), "65535"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_what_can(arguments: tuple[str, ...], told: str) -> None:
    """A sentence and exit code 2."""
    result = ordergate("simulate", *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b'{"keys": []}', "issuers.partner.jwks_file: the key set has no public key for RS256 or ES256"),
        (b'{"keys": [\n  {"kty": "RSA",}\n]}', "{folder}/keys.json:2:17: issuers.partner.jwks_file: is not JSON"),
        (b'{"keys":\n "\xff"}', "{folder}/keys.json:2:3: issuers.partner.jwks_file: is not JSON"),
        (b"", "{folder}/keys.json:1:1: issuers.partner.jwks_file: is not JSON"),
    ],
)
def test_a_file_of_keys_without_keys_is_found_by_the_check(tmp_path: Path, document: bytes, told: str) -> None:
    """`serve` would not start with it. Where it is no JSON, the place is told."""
    (tmp_path / "keys.json").write_bytes(document)
    configuration = tmp_path / "gateway.yaml"
    configuration.write_text(
        f"{SIMULATED}issuers:\n  partner:\n    issuer: partner\n    audience: ordergate\n    jwks_file: keys.json\n"
    )
    result = ordergate("check", "--config", str(configuration))
    assert result.exit_code == 1
    assert result.stderr == f"ordergate: {told.format(folder=tmp_path)}\n"
    assert "correct" not in result.stdout


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:/nope/deep/orders.db", "store.url: /nope/deep is not a folder: make it"),
        ("sqlite:deep/orders.db", "store.url: {folder}/deep is not a folder: make it"),
        ("sqlite:gateway.d", "store.url: {folder}/gateway.d cannot be written"),
    ],
)
def test_a_store_that_serve_would_refuse_is_found_by_the_check(
    configuration: Path, tmp_path: Path, url: str, told: str
) -> None:
    """Exit code 1, "correct" is not said, and nothing is made; what else there is to say is said too."""
    (tmp_path / "gateway.d").mkdir()
    configuration.write_text(
        SIMULATED.replace("sqlite:journal.db", url).replace("print:", "print:\n    writes: paused")
    )
    result = ordergate("check", "--config", str(configuration))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{configuration}: {told.format(folder=tmp_path)}")
    assert result.stdout == "warning: writes to print are paused\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gateway.d", "gateway.yaml"]


def test_a_check_makes_no_journal(configuration: Path, tmp_path: Path) -> None:
    """Where one can be written it says so, and leaves that to `serve`."""
    assert ordergate("check", "--config", str(configuration)).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.yaml"]


def test_a_database_is_asked_by_the_live_check_alone(configuration: Path) -> None:
    """Nobody listens at the port: that is a sentence without the password, and the providers are asked all the same."""
    url = "postgresql://gw:canary-word@127.0.0.1:9/orders"
    text = SIMULATED.replace("sqlite:journal.db", url).partition("  print:")[0]
    configuration.write_text(text)
    asked = ordergate("check", "--config", str(configuration), "--live")
    assert (asked.exit_code, asked.stdout.splitlines()[-1][:13]) == (1, "shop: works, ")
    assert asked.stderr.startswith(f"{configuration}: store.url: PostgreSQL: ")
    assert "canary" not in asked.stderr
    assert ordergate("check", "--config", str(configuration)).exit_code == 0


@pytest.mark.parametrize("command", [("operations", "list"), ("operations", "show", "key"), ("orders", "show", "key")])
def test_the_journal_is_read_without_the_secrets_of_providers(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Whoever looks at night has the store, and what it refers to; what is wrong with that is told as ever."""
    configuration = tmp_path / "gateway.yaml"
    configuration.write_text(f"{SIMULATED.replace('journal.db', '${WHERE}')}routes: ${{NOWHERE}}\nadmin: wrong\n")

    async def kept() -> None:
        journal = await open_journal("sqlite:journal.db", ephemeral=True, folder=tmp_path)
        await journal.claim(operation(key="key"))
        await journal.close()

    asyncio.run(kept())
    unset: dict[str, str | None] = {"PRINT_KEY": None, "PRINT_SECRET": None, "WHERE": None}
    asked = (*command, "--config", str(configuration))
    found = CliRunner().invoke(app, asked, env=unset | {"WHERE": "journal.db"})
    assert (found.exit_code, operation().id in found.stdout) == (0, True), found.output
    lacking = CliRunner().invoke(app, asked, env=unset)
    assert lacking.exit_code == 2
    assert lacking.stderr.splitlines() == [
        f"{configuration}:2:8: store.url: environment variable WHERE is not set; set it, or write ${{WHERE:-default}}"
    ]


@pytest.mark.parametrize("command", [("operations", "list"), ("orders", "show", "key")])
def test_a_journal_in_another_process_s_memory_is_not_told_to_be_empty(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Only that process can be asked."""
    configuration = tmp_path / "gateway.yaml"
    configuration.write_text("store:\n  url: 'memory:'\n  ephemeral: true\n")
    told = ordergate(*command, "--config", str(configuration))
    assert (told.exit_code, told.stdout.partition(" (")[0]) == (1, "the journal is in the memory of the gateway")


def test_whether_the_journal_knows_a_name_is_the_exit_code(tmp_path: Path) -> None:
    """0 with its story; 1 with a sentence where nothing is called so, and where there is no journal."""
    configuration = tmp_path / "gateway.yaml"
    configuration.write_text(SIMULATED)
    show = ("orders", "show", "--config", str(configuration))
    assert ordergate(*show, "key").exit_code == 1

    async def kept() -> None:
        journal = await open_journal("sqlite:journal.db", ephemeral=True, folder=tmp_path)
        await journal.claim(operation())
        await journal.close()

    asyncio.run(kept())
    known = ordergate(*show, operation().key)
    assert (known.exit_code, known.stdout.split()[:2]) == (0, ["operation", operation().id])
    unknown = ordergate(*show, "nothing")
    assert unknown.exit_code == 1
    assert unknown.stdout.startswith("nothing in the journal is called 'nothing'")
