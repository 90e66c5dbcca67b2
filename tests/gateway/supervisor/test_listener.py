"""A socket each for several web processes, and no port shared with anybody else."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress

import pytest

from gateway.supervisor.listener import Listeners
from gateway.supervisor.startup_error import StartupError

linux = pytest.mark.skipif(sys.platform != "linux", reason="shares one socket elsewhere")


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("workers", [1, 3])
def test_a_port_is_not_shared_with_a_second_service(workers: int) -> None:
    """SO_REUSEPORT lets one user's programs share a port; starting twice must be an error."""
    first = Listeners("127.0.0.1", 0, workers)
    try:
        for more in (1, 3):
            with pytest.raises(StartupError, match=f"Port {first.port} is taken"):
                Listeners("127.0.0.1", first.port, more)
    finally:
        first.close()


@linux
def test_each_has_its_own_and_gets_its_part() -> None:
    listeners = Listeners("127.0.0.1", 0, 2)
    sockets = [listeners.of(0), listeners.of(1)]
    assert sockets[0] is not sockets[1]
    callers = [socket.create_connection(("127.0.0.1", listeners.port)) for _ in range(200)]
    counts = []
    for one in sockets:
        one.setblocking(False)
        accepted = []
        with suppress(BlockingIOError):
            while True:
                accepted.append(one.accept()[0])
        counts.append(len(accepted))
        for connection in accepted:
            connection.close()
    assert sum(counts) == 200
    # Fewer than 60 of 200 come to one of two by chance once in a hundred million times.
    assert min(counts) >= 60
    for caller in callers:
        caller.close()
    listeners.close()


@linux
def test_who_died_gets_nothing_until_its_successor_listens() -> None:
    listeners = Listeners("127.0.0.1", 0, 2)
    listeners.died(0)
    callers = [socket.create_connection(("127.0.0.1", listeners.port), 5) for _ in range(50)]
    other = listeners.of(1)
    for caller in callers:
        other.accept()[0].close()
        caller.close()
    listeners.of(1).close()
    assert not connects(listeners.port)
    listeners.of(0).listen()
    assert connects(listeners.port)
    listeners.close()


def test_the_only_one_is_kept_when_its_process_died() -> None:
    """Callers wait for the successor rather than being refused."""
    listeners = Listeners("127.0.0.1", 0, 1)
    before = listeners.of(0)
    listeners.died(0)
    assert listeners.of(0) is before
    assert connects(listeners.port)
    listeners.close()


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(StartupError, match="is not a port"):
        Listeners("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.name.invalid", "x" * 300])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(StartupError, match="is not an address of this machine"):
        Listeners(host, 0)


def test_ipv6() -> None:
    try:
        listeners = Listeners("::1", 0, 2)
    except StartupError:
        pytest.skip("this machine has no IPv6")
    assert listeners.of(0).family == socket.AF_INET6
    assert listeners.of(1).getsockname()[1] == listeners.port
    listeners.close()
