"""What web processes tell the collector every 100 ms: a fixed set of numbers, in one datagram.

They are totals, never increments, so a datagram that is lost, or sent twice, changes nothing. What
they have learned of their providers comes to the same socket: see `repair_memory`.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from governance.socket_path import make_folder
from inference.values.health_news import HealthNews
from inference.values.repair_news import RepairNews

ALIVE_SECONDS: Final = 3.0
"""After how long without a word the process is taken for gone."""
REPEAT_SECONDS: Final = 1.0
"""What has not changed is said again this often."""
FORGET_SECONDS: Final = 600.0
LARGEST: Final = 256 * 1024
"""Bytes of a datagram."""


class Gauges(msgspec.Struct, frozen=True, array_like=True, tag="gauges"):
    """One web process at one moment."""

    process: str
    """Tells processes apart, successors of the same number too."""
    in_flight: int
    connections: int
    lost: int
    """Records that did not get into the log."""


class GaugeSender:
    """Tells a collector that may be away, which is no trouble."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = str(path)
        self._clock = clock
        self._last: Gauges | None = None
        self._repeat_at = 0.0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, gauges: Gauges) -> None:
        now = self._clock()
        if gauges == self._last and now < self._repeat_at:
            return
        self._repeat_at = now + REPEAT_SECONDS
        try:
            self._socket.sendto(msgspec.json.encode(gauges), self._path)
            self._last = gauges
        except OSError:
            self._last = None

    def close(self) -> None:
        self._socket.close()


class GaugeReceiver:
    """The collector's end, and what it knows of each web process."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        *,
        on_repairs: Callable[[RepairNews], None] = lambda news: None,
        on_health: Callable[[HealthNews], None] = lambda news: None,
    ) -> None:
        """`on_repairs` takes what web processes have learned of their providers, `on_health` how
        these fare."""
        self._clock = clock
        self._on_repairs = on_repairs
        self._on_health = on_health
        self._known: dict[str, tuple[Gauges, float]] = {}
        self._decode = msgspec.json.Decoder(Gauges | RepairNews | HealthNews).decode
        self._path = path
        make_folder(path.parent)
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        path.chmod(0o600)

    def receive(self) -> int:
        """Takes in what has arrived; how many records were lost that nobody knew of yet."""
        newly_lost = 0
        while True:
            try:
                gauges = self._decode(self._socket.recv(LARGEST))
            except BlockingIOError:
                break
            except (OSError, msgspec.MsgspecError):
                continue
            if isinstance(gauges, RepairNews):
                self._on_repairs(gauges)
                continue
            if isinstance(gauges, HealthNews):
                self._on_health(gauges)
                continue
            before = self._known.get(gauges.process)
            newly_lost += max(0, gauges.lost - (before[0].lost if before else 0))
            self._known[gauges.process] = gauges, self._clock()
        old = self._clock() - FORGET_SECONDS
        for process in [one for one, (_, at) in self._known.items() if at < old]:
            del self._known[process]
        return newly_lost

    def now(self) -> tuple[int, int]:
        """Requests in flight and open connections of the processes that are alive."""
        oldest = self._clock() - ALIVE_SECONDS
        alive = [gauges for gauges, at in self._known.values() if at >= oldest]
        return sum(one.in_flight for one in alive), sum(one.connections for one in alive)

    def close(self) -> None:
        self._socket.close()
        with suppress(OSError):
            self._path.unlink()
