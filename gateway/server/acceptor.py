"""Takes connections from the listener that web processes share, so that each gets its part.

Who wakes first would take them all: of 32 callers who come at once, one process often got 30, and
callers keep their connections.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

import structlog

from gateway.server.connection_board import WorkerSlot

log = structlog.get_logger("pointsman.acceptor")

AT_ONCE: Final = 16
"""Connections taken in one turn of the loop: requests wait meanwhile."""
SLACK: Final = 1
"""Connections a process may be ahead of another and still take the next."""
HOLD: Final = 0.003
"""Seconds for which a process that is ahead leaves what comes to the others. One that is stuck or
busy with other work costs callers no more than that."""
PAUSE: Final = 1.0
"""Seconds until the next try when the system has no more descriptors or memory."""
_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Accepts on a listening socket for one event loop, until it is closed."""

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        *,
        connections: Callable[[], int],
        seat: WorkerSlot | None = None,
    ) -> None:
        """`connections` tells how many this process has; `seat` is where the others read it, None
        where it is the only one."""
        listener.setblocking(False)
        self._listener = listener
        self._protocol = protocol
        self._connections = connections
        self._seat = seat
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._closed = False
        self._grant = 1
        self._listen()
        self.look()

    def look(self) -> None:
        """Tells the other processes how many connections this one has. Call it now and then."""
        if self._seat is not None and not self._closed:
            self._seat.write(self._count())

    def close(self) -> None:
        """Accepts nothing more; what was accepted goes on. The listener stays open."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._listener)
        if self._pause is not None:
            self._pause.cancel()
        if self._seat is not None:
            self._seat.free()

    def _count(self) -> int:
        return self._connections() + len(self._opening)

    def _listen(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener, self._ready)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        """Nobody asks the listener meanwhile: it would go on calling."""
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(seconds, then)

    def _ready(self) -> None:
        for _ in range(AT_ONCE):
            if self._ahead():
                self._wait(HOLD, self._held)
                return
            self._grant = 1
            if not self._accept():
                return

    def _held(self) -> None:
        """The others had their chance; each time they let it pass we take twice as many."""
        self._listen()
        for _ in range(self._grant):
            if not self._accept():
                return
        self._grant = min(2 * self._grant, AT_ONCE)

    def _ahead(self) -> bool:
        if self._seat is None:
            return False
        count = self._count()
        self._seat.write(count)
        least = self._seat.least_beside()
        return least is not None and count > least + SLACK

    def _accept(self) -> bool:
        """Takes one connection; False when there is none to take now."""
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError):
            # Another process was quicker.
            return False
        except ConnectionAbortedError:
            return True
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            log.error("connection_not_accepted", reason=error.strerror)
            self._wait(PAUSE, self._listen)
            return False
        task = self._loop.create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        return True

    async def _open(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(False)
            if connection.family in _INTERNET:
                # Event loops see to that on the sockets they accept themselves.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError as error:
            # The caller is gone already.
            log.info("connection_lost_at_once", reason=error.strerror)
            connection.close()
