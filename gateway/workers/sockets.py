"""The sockets of several processes that listen on one address.

Each worker has a socket of its own there (SO_REUSEPORT), and the kernel deals new connections out to them.
"""

import errno
import socket
from collections.abc import Sequence
from typing import Any

Address = tuple[socket.AddressFamily, Any]
"""A family and what `bind` takes in it."""


class SharedAddress:
    """An address that workers listen on together. Raises OSError when it cannot be had."""

    def __init__(self, host: str, port: int) -> None:
        self._addresses: list[Address] = []
        if port:
            # A socket that shares would be bound beside those of another gateway, and take callers from it.
            _close(bound(host, port))
        first = [_bound(family, address, shared=True) for family, address in _resolved(host, port)]
        self._addresses = [(one.family, one.getsockname()) for one in first]
        self._first: list[socket.socket] = first

    def sockets(self) -> Sequence[socket.socket]:
        """Return sockets for one more worker; they take connections from when it listens. Raises OSError."""
        given, self._first = self._first, []
        return given or [_bound(family, address, shared=True) for family, address in self._addresses]

    @property
    def url(self) -> str:
        """Return where callers find it."""
        return url_of(self._addresses[0][1])


def bound(host: str, port: int) -> Sequence[socket.socket]:
    """Return sockets that are bound there, and to be shared by nobody. Raises OSError."""
    return [_bound(family, address, shared=False) for family, address in _resolved(host, port)]


def url_of(address: Sequence[str | int]) -> str:
    """Return the URL of a socket's address."""
    host, port = address[:2]
    return f"http://[{host}]:{port}" if ":" in str(host) else f"http://{host}:{port}"


def _close(sockets: Sequence[socket.socket]) -> None:
    for one in sockets:
        one.close()


def _resolved(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _bound(family: socket.AddressFamily, address: Any, *, shared: bool) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
    except OSError as error:
        one.close()
        place = url_of(address).removeprefix("http://")
        raise OSError(error.errno, f"cannot listen on {place}: {_reason(error)}") from error
    return one


def _reason(error: OSError) -> str:
    return "another process does" if error.errno == errno.EADDRINUSE else str(error.strerror)
