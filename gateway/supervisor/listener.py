"""The sockets callers connect to: one a web process, all on one port.

On Linux SO_REUSEPORT makes the kernel share connections out among the sockets evenly. The
supervisor holds each of them for the process that serves it: a successor inherits the same socket,
so that a reload loses none of the connections that wait to be accepted.
Elsewhere the kernel gives them all to one of the sockets, so the processes share a single one.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable

from gateway.supervisor.startup_error import StartupError

BACKLOG = 2048
LAST_PORT = 65535


class Listeners:
    """A listening socket for each web process, numbered from 0."""

    def __init__(self, host: str, port: int, workers: int = 1) -> None:
        """Binds them. Raises `StartupError`."""
        if not 0 <= port <= LAST_PORT:
            raise StartupError(f"{port} is not a port: ports go from 0 to {LAST_PORT}.")
        self._own = workers > 1 and sys.platform == "linux"
        try:
            family, _, _, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except (socket.gaierror, UnicodeError):
            raise StartupError(f"The host {host!r} is not an address of this machine.") from None
        # Bound before SO_REUSEPORT is set: a port that another program shares counts as taken.
        first = _bound(family, address, host, port, reuse=False)
        self.port: int = first.getsockname()[1]
        self._make: Callable[[], socket.socket] = lambda: _bound(
            family, (address[0], self.port, *address[2:]), host, self.port, reuse=True
        )
        if self._own:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._sockets = [first]
        if self._own:
            self._sockets += [self._make() for _ in range(workers - 1)]
        for one in self._sockets:
            one.listen(BACKLOG)

    def of(self, worker: int) -> socket.socket:
        """What a web process inherits."""
        return self._sockets[worker % len(self._sockets)]

    def died(self, worker: int) -> None:
        """Gives callers of a process that died to the others until its successor listens.

        The kernel goes on filling a socket nobody serves. Its successor's is bound here and
        listens once the process serves. A socket that is the only one is kept: callers wait.
        """
        if self._own:
            self._sockets[worker].close()
            self._sockets[worker] = self._make()

    def close(self) -> None:
        for one in self._sockets:
            one.close()


def _bound(
    family: int, address: tuple[object, ...], host: str, port: int, *, reuse: bool
) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind(address)
    except OSError as error:
        made.close()
        raise _explained(error, host, port) from None
    made.set_inheritable(True)
    return made


def _explained(error: OSError, host: str, port: int) -> StartupError:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < LAST_PORT else port - 1
        return StartupError(
            f"Port {port} is taken by another program. Stop it, or choose another port: "
            f"make run PORT={other}"
        )
    if error.errno == errno.EACCES:
        return StartupError(
            f"Port {port} needs more rights than this user has. Choose one above 1023: "
            "make run PORT=8000"
        )
    return StartupError(f"Cannot listen on {host} port {port}: {error.strerror}.")
