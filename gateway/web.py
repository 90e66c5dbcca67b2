"""One web process: Uvicorn on a socket the launcher bound. `python -m gateway.web --fd N`."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading

import uvicorn

from gateway.uvicorn_http import Protocol

GRACE_SECONDS = 20
"""How long streams may still run after the process was asked to end."""


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
    listener = socket.socket(fileno=parser.parse_args().fd)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    uvicorn.Server(config()).run(sockets=[listener])


if __name__ == "__main__":
    main()
