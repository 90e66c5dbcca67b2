"""One web process: Uvicorn on a socket the supervisor bound. `python -m gateway.web --fd N`.

SIGTERM: streams may run for `POINTSMAN_DRAIN_SECONDS` more. SIGHUP: another process has taken over,
streams may run to their ends.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import signal
import socket
import threading
from contextlib import suppress

import uvicorn
import uvloop

from gateway.environment import SERVERS, Environment
from inference.edge.asgi import App
from inference.parent import wait_for_its_end

HANDOVER_SECONDS = 3600.0
"""How long they may after another process has taken over."""
IDLE_SECONDS = 1.0
"""How long connections may still bring a request then: one may be on its way already."""
BACKLOG = 2048
BEAT_SECONDS = 1.0
"""Between two signs of life."""


def config(app: App, http: type[asyncio.Protocol] | str, grace: int) -> uvicorn.Config:
    """Uvicorn as we run it: no access log, since every request leaves a record."""
    return uvicorn.Config(
        app,
        http=http,
        ws="none",
        interface="asgi3",
        lifespan="on",
        access_log=False,
        # Django's set-up puts our own in place.
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=grace,
        backlog=BACKLOG,
    )


async def serve(listener: socket.socket, kind: str, ready: int | None = None) -> None:
    """Serves until it is asked to end, or with its last connection once it was replaced.

    `kind` is one of `SERVERS`, `ready` the writing end of a pipe: a byte in it says that this
    process serves, and one a second after it that it still does.
    """
    replaced = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, replaced.set)
    # Sets up Django, and logging with it.
    from gateway.asgi import application  # isort: skip
    from django.conf import settings

    from gateway.server import drain, in_flight
    from gateway.server.protocol import http_protocol

    http = await http_protocol(kind)
    if isinstance(http, type) and hasattr(http, "most_connections"):
        http.most_connections = _most_connections(settings.MAX_CONNECTIONS)
    grace = int(settings.DRAIN_SECONDS + drain.LAST)
    server = drain.Server(config(application, http, grace))
    server.drain_seconds = settings.DRAIN_SECONDS
    in_flight.connections = lambda: len(server.server_state.connections)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    # Uvicorn has no event for it.
    while not server.started and not serving.done():  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    tasks = []
    if ready is not None and server.started:
        tasks.append(asyncio.create_task(_beat(ready)))
    handover = asyncio.create_task(replaced.wait())
    await asyncio.wait({serving, handover}, return_when=asyncio.FIRST_COMPLETED)
    handover.cancel()
    if not serving.done():
        await _hand_over(server, serving)
    await serving
    for task in tasks:
        task.cancel()


async def _beat(ready: int) -> None:
    """Tells the supervisor, again and again, that this loop turns."""
    os.set_blocking(ready, False)
    while True:
        # A full pipe: nobody reads it just now. A closed one: nobody ever will.
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(ready, b".")
        await asyncio.sleep(BEAT_SECONDS)


def _most_connections(wanted: int) -> int:
    """As many as were asked for, or half of the files this process may open: each request may need
    a connection to a provider too."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * wanted + 1024), hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft // 2))


async def _hand_over(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    """Ends the server with its last connection, unless it is told to end at once meanwhile."""
    for listening in server.servers:
        listening.close()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.wait({serving}, timeout=IDLE_SECONDS)
    while server.server_state.connections and loop.time() - began < HANDOVER_SECONDS:
        for connection in list(server.server_state.connections):
            # Closes those without a request, the others after their answer.
            connection.shutdown()
        done, _ = await asyncio.wait({serving}, timeout=0.1)
        if done:
            return
    server.should_exit = True


def _end_with_parent() -> None:
    wait_for_its_end()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="an inherited listening socket")
    parser.add_argument("--ready-fd", type=int, help="an inherited pipe to say `ready` into")
    options = parser.parse_args()
    # Nobody replaces a process that does not serve yet.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    kind = Environment().choice("SERVER", SERVERS)
    listener = socket.socket(fileno=options.fd)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(listener, kind, options.ready_fd))


if __name__ == "__main__":
    main()
