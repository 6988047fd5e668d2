"""Addresses that several processes listen on."""

import socket
from contextlib import closing

import pytest

from gateway.workers.sockets import SharedAddress, bound


def test_each_worker_has_a_socket_of_its_own_at_one_address() -> None:
    """Also where the port is chosen by the kernel, and after some have been closed."""
    address = SharedAddress("127.0.0.1", 0)
    first, second = address.sockets(), address.sockets()
    first[0].close()
    third = address.sockets()
    assert address.url == "http://127.0.0.1:{}".format(*second[0].getsockname()[1:])
    assert second[0].getsockname() == third[0].getsockname()
    for one in (*second, *third):
        one.close()


@pytest.mark.parametrize("shares", [False, True])
def test_an_address_that_somebody_listens_on_is_not_shared_with_them(shares: bool) -> None:
    """Not even where they would share it: that is another gateway, and callers would come to either."""
    with closing(socket.socket()) as stranger:
        if shares:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        with pytest.raises(OSError, match=rf"cannot listen on 127.0.0.1:{port}: another process does"):
            SharedAddress("127.0.0.1", port)


def test_what_is_not_shared_is_nobody_else_s() -> None:
    """The admin listener's."""
    (own,) = bound("127.0.0.1", 0)
    own.listen()
    with closing(own), pytest.raises(OSError, match="another process does"):
        bound("127.0.0.1", own.getsockname()[1])
