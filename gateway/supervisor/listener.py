"""The socket callers connect to, bound once and shared by every web process."""

from __future__ import annotations

import errno
import socket

from gateway.supervisor.startup_error import StartupError

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that child processes inherit. Raises `StartupError`."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise StartupError(f"The host {host!r} is not an address of this machine.") from None
    listener = socket.socket(family, kind, proto)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _explained(error, host, port) from None
    listener.set_inheritable(True)
    return listener


def _explained(error: OSError, host: str, port: int) -> StartupError:
    if error.errno == errno.EADDRINUSE:
        return StartupError(
            f"Port {port} is taken by another program. Stop it, or choose another port: "
            f"make run PORT={port + 1}"
        )
    if error.errno == errno.EACCES:
        return StartupError(
            f"Port {port} needs more rights than this user has. Choose one above 1023: "
            "make run PORT=8000"
        )
    return StartupError(f"Cannot listen on {host} port {port}: {error.strerror}.")
