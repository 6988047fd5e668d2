from pathlib import Path

import pytest

from gateway.providers.channel import is_loopback
from gateway.providers.outbound import channel
from support.certificates import Authority

TIMEOUT = 20.0


def target(request: bytes) -> str:
    return request.split(b" ", 2)[1].decode()


def header(request: bytes, name: str) -> str | None:
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name.lower():
            return value
    return None


@pytest.mark.parametrize(
    "url",
    [
        "https://api.provider.example",
        "https://h:8443/v2/",
        "http://127.0.0.1:8080",
        "http://[::1]:1",
        "http://localhost",
    ],
)
def test_a_base_url_is_https_or_on_this_machine(url: str) -> None:
    """TLS everywhere, and plain HTTP where nobody else can listen."""
    assert channel(url).origin == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.provider.example",
        "http://10.0.0.1",
        "http://127.0.0.1.provider.example",
        "http://2130706433",
        "http://[::ffff:10.0.0.1]",
        "http://localhost.provider.example",
        "ftp://provider.example",
        "file:///etc/passwd",
        "provider.example",
        "//provider.example",
        "https://",
        "https://user@provider.example",
        "https://user:secret@provider.example",
        "https://provider.example?api_key=secret",
        "https://provider.example/#x",
        "https://[provider",
        "https://provider.example:port",
        "https://provider.example/a b",
        "https://provider.example/\r\nX: y",
        "",
    ],
)
def test_any_other_base_url_is_refused(url: str) -> None:
    """Credentials would travel in the clear, or to nobody knows whom. The refusal does not repeat the text."""
    with pytest.raises(ValueError, match=r"URL|http://") as refused:
        channel(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("LOCALHOST", False),
    ],
)
def test_loopback_is_known_without_a_name_server(host: str, loopback: bool) -> None:
    """Only what is this machine by definition."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    "proxy", ["https://proxy:3128", "socks5://proxy:1080", "proxy:3128", "http://", "http://p/path"]
)
def test_a_proxy_is_an_http_proxy(proxy: str) -> None:
    """Other kinds are refused, without repeating a text that may hold a password."""
    with pytest.raises(ValueError, match="proxy"):
        channel("https://provider.example", proxy=proxy)


def test_files_that_are_not_what_they_should_be_are_refused(tmp_path: Path) -> None:
    """Missing, empty, wrong and encrypted files are named at start, not at the first order."""
    authority = Authority(tmp_path)
    issued, encrypted = authority.issue("a.example"), authority.issue("b.example", password=b"secret")
    empty = tmp_path / "empty.pem"
    empty.touch()
    wrong: list[tuple[str, dict[str, Path]]] = [
        ("ca_file", {"ca_file": tmp_path / "missing.pem"}),
        ("ca_file", {"ca_file": empty}),
        ("ca_file", {"ca_file": issued.key}),
        ("client_cert", {"client_cert": tmp_path / "missing.pem"}),
        ("client_cert", {"client_cert": issued.certificate}),
        ("client_cert", {"client_cert": issued.certificate, "client_key": empty}),
        ("client_cert", {"client_cert": issued.certificate, "client_key": encrypted.key}),
        ("client_cert", {"client_cert": encrypted.certificate, "client_key": encrypted.key}),
        ("client_key", {"client_key": issued.key}),
    ]
    for named, files in wrong:
        with pytest.raises(ValueError, match=named):
            channel("https://provider.example", **files)  # type: ignore[arg-type]


def test_a_simulated_provider_needs_its_simulator() -> None:
    """Without the simulator's URL requests could go to the real provider."""
    with pytest.raises(ValueError, match="simulator"):
        channel(None, simulator=True)
