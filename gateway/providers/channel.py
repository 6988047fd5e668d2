"""One provider account's way out: where its requests go, through which proxy, trusting whom."""

import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from ssl import SSLContext

import aiohttp
from yarl import URL

_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, eq=False)
class Channel:
    """Where one account's requests go and over what. Made by `channel`.

    `origin` is `scheme://host[:port][/prefix]` without a slash at its end, or None where each request names its own.
    With `simulator`, this origin takes the place of every other, and a request's own origin leaves only its path
    prefix. `connect_timeout` (seconds) covers the wait for a free connection, the name, TCP and TLS.
    """

    origin: str | None
    simulator: bool = False
    proxy: str | None = field(default=None, repr=False)
    ssl: SSLContext | None = field(default=None, repr=False)
    connect_timeout: float = 3.0

    @property
    def base(self) -> str:
        """Return the origin, or "" where there is none."""
        return self.origin or ""

    @cached_property
    def timeout(self) -> aiohttp.ClientTimeout:
        """Return the connection's own timeout; the total is the sender's."""
        return aiohttp.ClientTimeout(total=None, connect=self.connect_timeout, sock_connect=self.connect_timeout)


def channel(
    base_url: str | None,
    *,
    simulator: bool = False,
    proxy: str | None = None,
    ca_file: str | Path | None = None,
    client_cert: str | Path | None = None,
    client_key: str | Path | None = None,
    connect_timeout: float = 3.0,
) -> Channel:
    """Make a channel. Reads the files named.

    `ca_file` (PEM) replaces the system's certification authorities. `client_cert` (PEM) may hold its key too. `proxy`
    is `http://[user:password@]host:port`.

    Raises ValueError for a base URL that is not `http(s)://host[:port][/prefix]`, for `http://` to anywhere but
    loopback, for another kind of proxy, and for a file that cannot be read or is not what it should be.
    """
    if simulator and base_url is None:
        raise ValueError("a simulated provider needs its simulator's URL")
    if client_key is not None and client_cert is None:
        raise ValueError("client_key without client_cert")
    return Channel(
        origin=None if base_url is None else checked_origin(base_url),
        simulator=simulator,
        proxy=None if proxy is None else _checked_proxy(proxy),
        ssl=_trust(ca_file, client_cert, client_key) if ca_file or client_cert else None,
        connect_timeout=connect_timeout,
    )


def checked_origin(text: str) -> str:
    """Return `scheme://host[:port][/prefix]` without a slash at its end. Raises ValueError for anything else."""
    url = _parsed(text, "URL")
    if url.scheme not in {"http", "https"} or not url.raw_host or not _VISIBLE.fullmatch(text):
        raise ValueError("the URL must be https://host[:port][/prefix]")
    if url.raw_user is not None or url.raw_password is not None or "?" in text or "#" in text:
        raise ValueError("the URL must have no user, password, query or fragment")
    if url.scheme == "http" and not is_loopback(url.raw_host):
        raise ValueError("http:// is refused off loopback, because credentials would travel in the clear")
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine. Asks no name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_proxy(text: str) -> str:
    url = _parsed(text, "proxy")
    if url.scheme != "http" or not url.raw_host or url.raw_path not in {"", "/"}:
        raise ValueError("the proxy must be http://[user:password@]host:port")
    return text


def _parsed(text: str, what: str) -> URL:
    try:
        return URL(text, encoded=True)
    except ValueError:
        # The text may hold a password: it is not repeated.
        raise ValueError(f"the {what} cannot be read as a URL") from None


def _trust(ca_file: str | Path | None, client_cert: str | Path | None, client_key: str | Path | None) -> SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"ca_file {ca_file}: {error.strerror or 'no certificate in it can be read'}") from error
    context.set_alpn_protocols(["http/1.1"])
    if client_cert is not None:
        try:
            # A password asked for on a terminal would hang a service: an encrypted key is refused.
            context.load_cert_chain(client_cert, client_key, password=_no_password)
        except (OSError, ssl.SSLError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no certificate with its unencrypted key can be read"
            raise ValueError(f"client_cert {client_cert}: {reason}") from error
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted")
