"""One web process: Uvicorn on a socket the launcher bound. `python -m gateway.server.web --fd N`.

SIGTERM: streams may run for `GRACE_SECONDS` more. SIGHUP: another process has taken over, streams
may run to their ends.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import threading

import uvicorn

from gateway.server.acceptor import Acceptor
from gateway.server.connection_board import ConnectionBoard, WorkerSlot
from gateway.server.uvicorn_http import Protocol

GRACE_SECONDS = 20
"""How long streams may still run after the process was asked to end."""
HANDOVER_SECONDS = 3600.0
"""How long they may after another process has taken over."""
IDLE_SECONDS = 1.0
"""How long connections may still bring a request then: one may be on its way already."""


class Server(uvicorn.Server):
    """Tells when it serves, and leaves without dropping anything once it is replaced."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: int | None = None,
        seat: WorkerSlot | None = None,
    ) -> None:
        """`ready` is the writing end of a pipe; a byte in it says that this process serves."""
        super().__init__(config)
        self._ready = ready
        self._seat = seat
        self._acceptors: list[Acceptor] = []
        self._replaced = False
        self._replaced_at: float | None = None

    def replaced(self) -> None:
        """Accept nothing more, and end with the last stream."""
        self._replaced = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # Uvicorn starts the application; the sockets are ours.
        await super().startup([])
        self._acceptors = [
            Acceptor(
                listener,
                self._protocol,
                connections=self._connections,
                seat=self._seat,
            )
            for listener in sockets or ()
        ]
        if self._ready is not None:
            os.write(self._ready, b".")
            os.close(self._ready)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        await super().shutdown(sockets)

    def _connections(self) -> int:
        return len(self.server_state.connections)

    def _protocol(self) -> asyncio.Protocol:
        return Protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def on_tick(self, counter: int) -> bool:
        for acceptor in self._acceptors:
            acceptor.look()
        return await super().on_tick(counter) or (self._replaced and self._left())

    def _left(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._replaced_at is None:
            self._replaced_at = now
            for acceptor in self._acceptors:
                acceptor.close()
        if now - self._replaced_at < IDLE_SECONDS:
            return False
        for connection in list(self.server_state.connections):
            # Closes those without a request, the others after their answer.
            connection.shutdown()
        return not self.server_state.connections or now - self._replaced_at > HANDOVER_SECONDS


def config() -> uvicorn.Config:
    """Uvicorn as we run it: fast loop and parser, no access log (see the interaction record)."""
    return uvicorn.Config(
        "gateway.asgi:application",
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        # Django's set-up puts our own in place.
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=2048,
    )


def _end_with_parent() -> None:
    """The launcher holds the other end of our standard input; when it closes, we go too."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="an inherited listening socket")
    parser.add_argument("--ready-fd", type=int, help="an inherited pipe to say `ready` into")
    parser.add_argument("--occupancy-fd", type=int, help="an inherited file of all web processes")
    parser.add_argument("--slot", type=int, help="the place of this process in it")
    options = parser.parse_args()
    listener = socket.socket(fileno=options.fd)
    seat = None
    if options.occupancy_fd is not None and options.slot is not None:
        seat = ConnectionBoard(options.occupancy_fd).seat(options.slot)
        os.close(options.occupancy_fd)
    server = Server(config(), options.ready_fd, seat)
    signal.signal(signal.SIGHUP, lambda *_: server.replaced())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
