"""Start and end of a web process: the routing table is loaded before the first request.

The recorder starts here too, and writes what is still waiting when the process ends.
"""

from __future__ import annotations

import asyncio
import gc

import structlog
from django.db import connection

from gateway.collector import recording
from gateway.server import in_flight
from gateway.server.answers import answers
from gateway.server.memory import keep_large_apart
from gateway.server.shadows import shadows
from governance import limits_in_force, snapshot, table_news
from inference.edge.asgi import Receive, Send
from inference.upstream import close_client

log = structlog.get_logger("pointsman.lifespan")

LAST_RECORDS = 100
"""Hundredths of a second for requests that were cancelled to leave their records."""

_starting: asyncio.Lock | None = None
_started = False


def started() -> bool:
    return _started


async def start() -> None:
    """Loads the table and starts watching for changes; once, however many ask.

    Servers without lifespan (Daphne) come here with their first request.
    """
    global _started, _starting
    if _starting is None:
        _starting = asyncio.Lock()
    async with _starting:
        if _started:
            return
        keep_large_apart()
        await asyncio.to_thread(_load)
        snapshot.watch(listening_in=table_news.directory())
        recording.start()
        # What was made until now stays: the collector need not look at it again and again, and
        # its pauses leave the 99th percentile.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 100)
        _started = True


_soon: asyncio.Task[None] | None = None


def start_soon() -> None:
    """Beside whoever asks: a readiness probe is the first to come, and must not be the last."""
    global _soon
    if _soon is None or _soon.done():
        _soon = asyncio.get_running_loop().create_task(_try_start())


async def _try_start() -> None:
    try:
        await start()
    except Exception as error:
        log.error("start_failed", error=type(error).__name__)


def _load() -> None:
    """Runs in a thread of the pool, which must not keep a connection for good."""
    try:
        table = snapshot.refresh()
        snapshot.keep()
        limits_in_force.prefill(table.limits)
    except Exception as error:
        if not snapshot.restore("The database did not answer when this process started."):
            raise
        log.error("table_not_loaded", error=type(error).__name__)
    else:
        if not snapshot.ready():
            snapshot.restore("What the database holds cannot be used: see the log.")
    finally:
        connection.close()


async def stop() -> None:
    global _started
    _started = False
    # Those whose time is over are being cancelled, and leave a record each.
    for _ in range(LAST_RECORDS):
        if not in_flight.in_flight:
            break
        await asyncio.sleep(0.01)
    await shadows.close()
    await close_client()
    await answers.close()
    recording.stop()


async def run(receive: Receive, send: Send) -> None:
    """ASGI's lifespan protocol."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await start()
            except Exception as error:
                log.error("start_failed", exc_info=error)
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
