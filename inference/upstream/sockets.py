"""Connected sockets: resolve, refuse forbidden addresses, race the rest."""

import asyncio
import itertools
import socket
from collections.abc import Sequence
from typing import Any

from inference.upstream.destination_guard import refuse_forbidden
from inference.upstream.errors import ConnectFailed, reason_of

#: Seconds before the next address is tried beside one that has not answered (RFC 8305, section 5).
ATTEMPT_DELAY = 0.25
#: Seconds until a Unix socket whose backlog is full is tried again.
FULL_BACKLOG_DELAY = 0.01
_Address = tuple[int, tuple[Any, ...]]
# A stream may be silent for minutes; what drops silent connections on the way must not.
_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 60))


async def connect_tcp(
    loop: asyncio.AbstractEventLoop, host: str, port: int, *, guard: bool
) -> socket.socket:
    """A connected, non-blocking socket with TCP_NODELAY, by whichever address answers first.

    With `guard` every address the name resolves to must be allowed. Raises ConnectFailed.
    """
    addresses = await _resolve(loop, host, port)
    if guard:
        for _, address in addresses:
            refuse_forbidden(host, address[0])
    try:
        return await _first_to_answer(loop, _alternating(addresses))
    except OSError as error:
        cause = reason_of(error)
        raise ConnectFailed(f"Could not connect to {host}:{port}: {cause}.", cause=cause) from error


async def connect_unix(path: str) -> socket.socket:
    """A connected, non-blocking Unix socket. Raises OSError.

    A full backlog shows as EAGAIN on Unix sockets, and only trying again helps; how long is for
    the connect timeout to say.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        while True:
            try:
                sock.connect(path)
                return sock
            except BlockingIOError:
                await asyncio.sleep(FULL_BACKLOG_DELAY)
    except BaseException:
        sock.close()
        raise


async def _resolve(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[_Address]:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return [(family, (host, port))]
    try:
        found = await lookup(loop, host, port)
    except (OSError, UnicodeError) as error:
        message = f"The host name {host} could not be resolved."
        raise ConnectFailed(message, cause="name not found") from error
    return [(family, address) for family, _, _, _, address in found]


async def lookup(loop: asyncio.AbstractEventLoop, host: str, port: int) -> list[Any]:
    """What the system's resolver says, as `getaddrinfo` does."""
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _alternating(addresses: Sequence[_Address]) -> list[_Address]:
    """Families in turn, so that a dead one delays the other by one attempt only (RFC 8305)."""
    preferred = addresses[0][0] if addresses else 0
    first = [entry for entry in addresses if entry[0] == preferred]
    second = [entry for entry in addresses if entry[0] != preferred]
    pairs = itertools.zip_longest(first, second)
    return [entry for pair in pairs for entry in pair if entry is not None]


async def _first_to_answer(
    loop: asyncio.AbstractEventLoop, addresses: Sequence[_Address]
) -> socket.socket:
    if len(addresses) == 1:
        return await _connect(loop, *addresses[0])
    failure: OSError = OSError("the name has no address")
    running: set[asyncio.Task[socket.socket]] = set()
    waiting = list(addresses)
    try:
        while waiting or running:
            if waiting:
                running.add(loop.create_task(_connect(loop, *waiting.pop(0))))
            done, _ = await asyncio.wait(
                running,
                timeout=ATTEMPT_DELAY if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                running.discard(task)
                try:
                    return task.result()
                except OSError as error:
                    failure = error
        raise failure
    finally:
        for task in running:
            _discard(task)


def _discard(task: asyncio.Task[socket.socket]) -> None:
    if not task.done():
        task.cancel()
    elif not task.cancelled() and task.exception() is None:
        task.result().close()


async def _connect(
    loop: asyncio.AbstractEventLoop, family: int, address: tuple[Any, ...]
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        await loop.sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock
