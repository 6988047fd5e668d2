"""Hosts and URLs as they may stand in a configuration."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach the host: `localhost`, 127.0.0.0/8, ::1."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def host_name(host: str) -> str:
    """Return a host name or IP address. Raises ValueError for a URL, a port, brackets or an empty text."""
    try:
        return str(ip_address(host))
    except ValueError:
        if not _HOST.fullmatch(host):
            raise ValueError("is a host name or an IP address, without scheme, port or brackets") from None
        return host.lower()


def origin(text: str) -> str:
    """Return a browser's origin in lower case. Raises ValueError unless it is `https://host` or `https://host:port`."""
    url = _split(text)
    if url.path or url.query or url.fragment or "@" in url.netloc:
        raise ValueError("is an origin as browsers send it: https://host or https://host:port, nothing after it")
    return text.lower()


def base_url(text: str) -> str:
    """Return a provider's base URL without the slash that ends it. Raises ValueError for one that must not be used."""
    url = _split(text)
    if url.query or url.fragment or "@" in url.netloc:
        raise ValueError("holds a user, query or fragment; write scheme, host and path, and secrets under credentials")
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        raise ValueError("would send credentials in clear; write https:// (http:// is for loopback addresses)")
    return text.rstrip("/")


def document_url(text: str) -> str:
    """Return the URL of a document. Raises ValueError for one that must not be fetched."""
    url = _split(text)
    if url.fragment or "@" in url.netloc:
        raise ValueError("holds a user or fragment; write scheme, host, path and query")
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        raise ValueError("could be changed on its way; write https:// (http:// is for loopback addresses)")
    return text


def collector_url(text: str) -> str:
    """Return a collector's URL without the slash that ends it. Raises ValueError unless it is scheme, host and path."""
    url = _split(text)
    if url.query or url.fragment or "@" in url.netloc:
        raise ValueError("holds a user, query or fragment; write scheme, host and path, and secrets under headers")
    return text.rstrip("/")


def proxy_url(text: str) -> str:
    """Return a proxy's URL. Raises ValueError unless it is `http://[user:password@]host:port`."""
    if not text.startswith("http://"):
        raise ValueError("is a proxy: http://host:port, the proxy itself being spoken to without TLS")
    url = _split(text)
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise ValueError("is a proxy: http://host:port, nothing after it")
    return text.rstrip("/")


def _split(text: str) -> SplitResult:
    """Return the parts of an absolute http or https URL. Raises ValueError for anything else."""
    try:
        url = urlsplit(text)
        usable = url.scheme in {"http", "https"} and url.hostname is not None and url.port != 0
        if usable and url.hostname:
            host_name(url.hostname)
    except ValueError:
        usable = False
        url = SplitResult("", "", "", "", "")
    if not usable or any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError("is a URL that begins with https:// and has a host")
    return url
