"""The chat API on a real server and a real port, with a routing table made by hand."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from gateway.server import v1
from gateway.server.uvicorn_http import Protocol
from governance.limits.counting.book import LimitBook
from governance.routing.breaker import DEFAULTS, HealthSettings
from governance.routing.table import RoutingTable
from inference.dispatch.health import HealthBook
from inference.dispatch.request_limits import Limiting
from inference.values.held_object import HeldBook
from inference.values.kept_answer import Keeper


@dataclass
class Served:
    url: str
    book: HealthBook
    limits: LimitBook


@contextmanager
def served(
    table: RoutingTable | Callable[[], RoutingTable],
    *,
    require_key: bool = True,
    heartbeat: float = 15.0,
    settings: HealthSettings = DEFAULTS,
    keeper: Keeper | None = None,
    held: HeldBook | None = None,
    port: int = 0,
) -> Iterator[Served]:
    """Serves `table` under Uvicorn on a free port of loopback."""
    book, limits = HealthBook(rng=random.Random(1), settings=settings), LimitBook()
    app = v1.routes(
        table=table if callable(table) else lambda: table,
        book=book,
        limiting=Limiting(limits),
        require_key=require_key,
        heartbeat=heartbeat,
        keeper=keeper,
        held=held,
    )
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    config = uvicorn.Config(
        app,
        http=Protocol,
        # A plain function that returns what is awaited is taken for an older interface.
        interface="asgi3",
        lifespan="off",
        log_level="warning",
        access_log=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", book, limits)
    finally:
        server.should_exit = True
        thread.join(5)
        listener.close()
