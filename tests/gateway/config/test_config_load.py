"""What a configuration that is right becomes."""

import time
from pathlib import Path

import pytest

from gateway.config.load import Configuration, load
from gateway.config.model import Admin, Listen, Timeouts, When
from support.configuration import HEAD, REAL, Files
from support.pretended_adapter import registration_of

KEY = "sha256:" + "a" * 64
REAL_ACME = REAL + "      client_secret: ${S}\n"


def test_what_is_left_out_has_the_documented_default(files: Files) -> None:
    """Listen 127.0.0.1:8080, admin 127.0.0.1:8081, no callers, no routes."""
    configuration = files.load(HEAD)
    assert configuration.listen == Listen(host="127.0.0.1", port=8080, hosts=(), origins=())
    assert configuration.admin == Admin(host="127.0.0.1", port=8081, token=None)
    assert (configuration.store.url, configuration.store.ephemeral) == ("sqlite:ordergate.db", True)
    assert (configuration.callers, configuration.routes, configuration.warnings) == ({}, (), ())
    timeouts = configuration.providers["acme"].common.timeouts
    assert timeouts == Timeouts(connect=3, read=10, order=30, login=5, lookup=5)


def test_a_key_without_a_value_counts_as_left_out(files: Files) -> None:
    """A section whose keys are all commented out stays valid."""
    with_empty_keys = files.load(HEAD + "    base_url:\n    retries:\nlisten:\nadmin:\n  port:\ncallers:\nroutes:\n")
    assert with_empty_keys.listen == files.load(HEAD).listen
    assert with_empty_keys.providers["acme"].settings == files.load(HEAD).providers["acme"].settings


def test_a_simulated_provider_gets_what_its_simulator_accepts(files: Files) -> None:
    """Credentials, settings and currency; what is written wins."""
    acme = files.load(HEAD + "    verbose: true\n").providers["acme"]
    assert acme.simulated
    assert acme.base_url is None
    assert acme.credentials.model_dump(include={"client_id"}) == {"client_id": "simulated"}
    assert acme.settings.model_dump(include={"retries", "verbose"}) == {"retries": 7, "verbose": True}
    assert acme.common.currency == "CHF"
    written = files.load(
        HEAD + "    retries: 2\n    currency: EUR\n    credentials:\n      client_id: a\n      client_secret: b\n"
    )
    assert written.providers["acme"].settings.model_dump(include={"retries"}) == {"retries": 2}
    assert written.providers["acme"].common.currency == "EUR"
    assert written.providers["acme"].credentials.model_dump(include={"client_id"}) == {"client_id": "a"}


def test_a_real_provider_has_the_adapter_s_address_unless_its_own_is_written(files: Files) -> None:
    """The slash that ends an address is dropped, so that paths can be added."""
    assert files.load(REAL_ACME, {"S": "x"}).providers["acme"].base_url == "https://api.acme.example"
    own = files.load(REAL_ACME + "    base_url: https://a.example/v1/\n", {"S": "x"})
    assert own.providers["acme"].base_url == "https://a.example/v1"


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:8090", "http://127.8.9.1", "http://[::1]:1"])
def test_http_is_for_loopback_addresses(files: Files, url: str) -> None:
    """A provider on the same machine may be spoken to in clear."""
    assert files.load(REAL_ACME + f"    base_url: {url}\n", {"S": "x"}).providers["acme"].base_url == url


def test_two_accounts_of_one_adapter_are_two_names(files: Files) -> None:
    """Each makes an adapter of its own name, currency and settings."""
    second = "  acme-nl:\n    adapter: acme\n    simulated: true\n    language: nl\n"
    providers = files.load(HEAD + second).providers
    adapters = [provider.adapter() for provider in providers.values()]
    assert [(adapter.id(1), adapter.settings.language, adapter.currency) for adapter in adapters] == [
        ("acme:1", "en", "CHF"),
        ("acme-nl:1", "nl", "CHF"),
    ]


def test_one_value_and_a_list_of_one_are_the_same(files: Files) -> None:
    """In callers and in rules."""
    one = (
        f"callers:\n  shop:\n    keys: {KEY}\n    scopes: admin\n"
        "routes:\n  - provider: acme\n    when:\n      country: NO\n"
    )
    many = (
        f"callers:\n  shop:\n    keys:\n      - {KEY}\n    scopes:\n      - admin\n    providers: '*'\n"
        "routes:\n  - provider: acme\n    when:\n      country:\n        - NO\n"
    )
    first, second = files.load(HEAD + one), files.load(HEAD + many)
    assert (first.callers, first.routes) == (second.callers, second.routes)
    assert first.routes[0].when == When(country=("NO",))


def test_files_are_relative_to_the_configuration(files: Files) -> None:
    """So that a configuration can be moved with what belongs to it."""
    for name in ("ca.pem", "client.pem", "client.key"):
        (files.folder / name).write_text("PEM")
    text = "    ca_file: ca.pem\n    client_cert:\n      cert_file: client.pem\n      key_file: client.key\n"
    common = files.load(REAL_ACME + text, {"S": "x"}).providers["acme"].common
    assert common.ca_file == files.folder / "ca.pem"
    assert common.client_cert is not None
    assert common.client_cert.key_file == files.folder / "client.key"


def test_other_machines_are_let_in_where_callers_are_known(files: Files) -> None:
    """Off loopback the gateway needs `callers`, the admin listener a token of its own."""
    callers = f"callers:\n  shop:\n    keys: {KEY}\n    scopes: admin\n"
    listen = files.load(HEAD + "listen:\n  host: 0.0.0.0\n" + callers).listen
    admin = files.load(HEAD + "admin:\n  host: '::'\n  token: ${T}\n", {"T": "0123456789012345"}).admin
    assert (listen.host, admin.host) == ("0.0.0.0", "::")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_alone_needs_no_callers(files: Files, host: str) -> None:
    """Loopback addresses are 127.0.0.0/8 and ::1."""
    assert files.load(HEAD + f"listen:\n  host: '{host}'\n").listen.host == host


@pytest.mark.parametrize(
    ("store", "told"),
    [
        (
            "store:\n  url: 'memory:'\n",
            "1:1: store.ephemeral: must be true with the store memory:, which forgets idempotency keys and operations",
        ),
        ("store:\n  url: 'memory:'\n  ephemeral: false\n", "3:3: store.ephemeral: must be true"),
        ("store:\n  url: mongodb://host/orders\n", "2:8: store.url: is no store; write memory:, sqlite:/var/lib/"),
        ("store:\n  keys: [short]\n", "2:10: store.keys[0]: is not a key of 64 hexadecimal digits"),
    ],
)
def test_the_store_that_forgets_is_chosen_knowingly(files: Files, store: str, told: str) -> None:
    """What is forgotten at a restart may be placed twice: that is written down, not defaulted to."""
    (mistake,) = files.mistakes(store + HEAD.removeprefix("store:\n  ephemeral: true\n"))
    assert mistake.startswith(told)


@pytest.mark.parametrize("store", ["url: 'memory:'\n  ephemeral: true", "ephemeral: true"])
def test_real_orders_are_never_forgotten(files: Files, store: str) -> None:
    """A store that may forget is for simulated providers only: an order sent again would be a second order."""
    (mistake,) = files.mistakes(REAL_ACME.replace("url: sqlite:journal.db", store), {"S": "secret"})
    assert "store.ephemeral: is for simulated providers only, and acme is real" in mistake


@pytest.mark.parametrize("store", ["url: 'memory:'\n  ephemeral: true", "ephemeral: true"])
def test_an_account_at_a_loopback_address_may_be_forgotten_and_is_warned_of(files: Files, store: str) -> None:
    """It is a simulator for all that is known; who has a tunnel to a real provider there has to hear of it."""
    tunnel = REAL_ACME.replace("    adapter: acme\n", "    adapter: acme\n    base_url: http://127.0.0.1:9000\n")
    forgetting = tunnel.replace("url: sqlite:journal.db", store)
    (warning,) = files.load(forgetting, {"S": "secret"}).warnings
    assert "taken for simulators, because of the loopback address in base_url: acme; " in warning
    assert files.load(tunnel, {"S": "secret"}).warnings == ()


@pytest.mark.parametrize(
    "store", ["", "store:\n  url: sqlite:///var/lib/orders.db\n", "store:\n  url: postgresql://a@b/c\n"]
)
def test_a_store_that_remembers_needs_no_word_for_it(files: Files, store: str) -> None:
    """A file beside the configuration by default; a file anywhere, a database."""
    configuration = files.load(store + HEAD.removeprefix("store:\n  ephemeral: true\n"))
    assert not configuration.store.ephemeral
    assert configuration.folder == files.folder


def test_what_is_allowed_but_doubtful_is_a_warning(files: Files) -> None:
    """Secrets in the file, rules behind one that matches everything."""
    routes = "routes:\n  - provider: acme\n  - provider: acme\n    when:\n      country: NL\n"
    assert files.load(REAL + "      client_secret: in the file\n" + routes).warnings == (
        "routes[0] matches every order: the rules after it are never used",
        "providers.acme.credentials.client_secret stands in the file itself; write ${NAME} or ${file:/path}",
    )


def test_every_secret_that_stands_in_the_file_is_a_warning(files: Files) -> None:
    """By its path, never with a part of it; one that a reference brings in is none."""
    written = (
        "admin:\n  token: a-token-of-enough-characters\ntelemetry:\n  otlp:\n    endpoint: http://127.0.0.1:4318\n"
        "    headers:\n      Authorization: Bearer told\n      X-Tenant: ${TENANT}\n"
    )
    store = f"store:\n  url: postgresql://user:word@db/orders\n  keys:\n    - {'ab' * 32}\n    - ${{KEY}}\n"
    text = HEAD.replace("store:\n  ephemeral: true\n", store) + written
    told = files.load(text, {"TENANT": "secret", "KEY": "cd" * 32}).warnings
    assert told == tuple(
        f"{place} stands in the file itself; write ${{NAME}} or ${{file:/path}}"
        for place in (
            "admin.token",
            "store.keys.0",
            "telemetry.otlp.headers.Authorization",
            "the password in store.url",
        )
    )
    referred = HEAD.replace("ephemeral: true", "url: postgresql://user:${WORD}@db/orders")
    assert files.load(referred, {"WORD": "word"}).warnings == ()


def test_only_the_adapters_that_are_named_are_loaded(tmp_path: Path) -> None:
    """Each once, however many accounts it has."""
    asked: list[str] = []

    def asking(name: str) -> object:
        asked.append(name)
        return registration_of(name)

    path = tmp_path / "gateway.yaml"
    path.write_text(HEAD + "  other:\n    adapter: acme\n    simulated: true\n")
    load(path, {}, load_registration=asking, names=lambda: ("acme", "rootless"))  # type: ignore[arg-type]
    assert asked == ["acme"]


def test_a_configuration_is_not_changed_afterwards(files: Files) -> None:
    """Whoever holds one may rely on it."""
    configuration: Configuration = files.load(HEAD)
    with pytest.raises(TypeError):
        configuration.providers["other"] = configuration.providers["acme"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        configuration.warnings = ()  # type: ignore[misc]


def test_reading_takes_little_time(files: Files) -> None:
    """Fifty accounts of eight lines in less than 150 ms of this process's time."""
    account = (
        "  a{}:\n    adapter: acme\n    simulated: true\n    timeouts:\n      read: 5\n    warehouse:\n      code: a\n"
    )
    text = HEAD + "".join(account.format(number) for number in range(50))
    files.load(text)
    begun = time.process_time()
    files.load(text)
    assert time.process_time() - begun < 0.15
