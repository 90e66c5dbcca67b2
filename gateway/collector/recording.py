"""The web process's side: its recorder, and the tick that writes lines and tells gauges."""

from __future__ import annotations

import asyncio
import atexit
import os
import secrets
from typing import Final

from django.conf import settings

from gateway.collector.gauges import Gauges, GaugeSender
from gateway.collector.health_exchange import HealthExchange
from gateway.collector.limit_exchange import ExchangeClient
from gateway.collector.places import places
from gateway.collector.repair_memory import RepairExchange
from gateway.server import in_flight
from gateway.server.health_book import book
from gateway.server.node_seats import NodeSeats
from governance import limits_in_force
from inference.record import record
from inference.record.recorder import Recorder
from inference.record.segments import SegmentWriter

INTERVAL: Final = 0.1
"""Seconds: what a killed process loses at most."""


class Recording:
    """What one web process does with finished requests, on its event loop."""

    def __init__(self) -> None:
        where = places()
        self.writer = SegmentWriter(where.segments, budget_bytes=settings.LOG_BUDGET_BYTES)
        self._process = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.recorder = Recorder(self.writer, where.node, self._process)
        self._sender = GaugeSender(where.socket)
        self._repairs = RepairExchange(book.repairs, where.socket, where.repairs)
        self._health = HealthExchange(book, where.socket, where.health, self._process)
        self._seats = NodeSeats(where.seats)
        self._exchange = ExchangeClient(limits_in_force.book, where.limits_socket, self._process)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        record.add_sink(self.recorder.accept)
        book.seats = self._seats
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            # Without a loop lines are written when enough of them wait, and at the end.
            return
        self._timer = self._loop.call_later(INTERVAL, self._tick)

    def stop(self) -> None:
        """No request may be carried any more."""
        record.remove_sink(self.recorder.accept)
        if self._timer is not None:
            self._timer.cancel()
        self.writer.close()
        self._tell()
        self._sender.close()
        self._exchange.close()
        self._repairs.close()
        self._health.close()
        book.seats = None
        self._seats.close()

    def _tick(self) -> None:
        assert self._loop is not None
        self._timer = self._loop.call_later(INTERVAL, self._tick)
        self.writer.flush()
        self._tell()
        self._exchange.turn()
        self._repairs.step()
        self._health.step()

    def _tell(self) -> None:
        self._sender.send(
            Gauges(self._process, in_flight.in_flight, in_flight.connections(), self.writer.lost)
        )


_recording: Recording | None = None


def start() -> None:
    """Records every request that ends from now on; nothing happens when that is so already."""
    global _recording
    if _recording is None:
        _recording = Recording()
        _recording.start()
        # Servers without lifespan never call `stop`.
        atexit.register(stop)


def stop() -> None:
    """Writes what is still waiting."""
    global _recording
    if _recording is not None:
        recording, _recording = _recording, None
        atexit.unregister(stop)
        recording.stop()
