"""The node's memory of repairs: what one web process has learned, all of them know.

Web processes tell the collector over its socket and read back the file it keeps, which outlives
it. While the collector is away each goes on with what it knows.
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.collector import status
from inference.values.repair_news import (
    MOST_FIXES,
    MOST_PLACES,
    ForgottenPlace,
    RepairNews,
    SharedRepair,
)

if TYPE_CHECKING:
    from inference.dispatch.repair_book import RepairBook

LOOK_SECONDS: Final = 1.0
"""Between two looks for what has expired."""
A_DATAGRAM: Final = 16
"""Repairs told at a time: a datagram is to stay below the system's bound."""

Held = dict[tuple[str, str, str], dict[tuple[str, str], SharedRepair]]


class RepairMemory:
    """The collector's end."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._held: Held = {}
        self._take(read(path))
        self._changed = False
        self._look_at = 0.0

    def hear(self, news: RepairNews) -> None:
        for place in news.forgotten:
            self._keep_unless(place.holds)
        self._take(news.learned)

    def write_when_changed(self) -> None:
        """Raises `OSError`."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._keep_unless(lambda one: one.until <= now)
        if self._changed:
            status.replace(self._path, msgspec.json.encode(self.held()))
            self._changed = False

    def held(self) -> list[SharedRepair]:
        return [one for fixes in self._held.values() for one in fixes.values()]

    def _take(self, learned: Iterable[SharedRepair]) -> None:
        for one in learned:
            fixes = self._held.setdefault((one.provider, one.base_url, one.model), {})
            # Of the same repair with another number or form, the newer one counts; members that
            # are left out add up.
            gone = [key for key in fixes if key[0] == one.repair and one.repair != "drop"]
            for key in gone:
                del fixes[key]
            if len(fixes) < MOST_FIXES:
                fixes[one.repair, one.value] = one
            self._changed = True
        while len(self._held) > MOST_PLACES:
            del self._held[next(iter(self._held))]

    def _keep_unless(self, gone: Callable[[SharedRepair], bool]) -> None:
        for place, fixes in list(self._held.items()):
            for key, one in list(fixes.items()):
                if gone(one):
                    del fixes[key]
                    self._changed = True
            if not fixes:
                del self._held[place]


class RepairExchange:
    """A web process's end: tells what its book has learned, and puts into it what others have."""

    def __init__(self, book: RepairBook, collector: Path, file: Path) -> None:
        """`collector` is its socket."""
        self._book = book
        self._collector = str(collector)
        self._file = file
        self._mark: tuple[int, int] | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def step(self) -> None:
        """Ten times a second, on the event loop: a look at a file, unless there is news."""
        self._tell()
        try:
            said = os.stat(self._file)  # ten times a second
        except OSError:
            return
        mark = (said.st_mtime_ns, said.st_ino)
        if mark != self._mark:
            self._mark = mark
            self._book.adopt(read(self._file), time.time())

    def close(self) -> None:
        self._tell()
        self._socket.close()

    def _tell(self) -> None:
        news: deque[ForgottenPlace | SharedRepair] = self._book.news
        while news:
            batch = _next(news)
            try:
                self._socket.sendto(_encoded(batch), self._collector)
            except OSError:
                # It is away, or busy: the news waits, and no more of it than the book keeps.
                return
            for _ in batch:
                news.popleft()


def _next(
    news: deque[ForgottenPlace | SharedRepair],
) -> list[ForgottenPlace | SharedRepair]:
    """What goes into one datagram: of that, what is forgotten comes first."""
    batch: list[ForgottenPlace | SharedRepair] = []
    for one in news:
        learned = bool(batch) and isinstance(batch[-1], SharedRepair)
        if len(batch) == A_DATAGRAM or (learned and isinstance(one, ForgottenPlace)):
            break
        batch.append(one)
    return batch


def _encoded(batch: Iterable[ForgottenPlace | SharedRepair]) -> bytes:
    batch = list(batch)
    return msgspec.json.encode(
        RepairNews(
            tuple(one for one in batch if isinstance(one, ForgottenPlace)),
            tuple(one for one in batch if isinstance(one, SharedRepair)),
        )
    )


def read(path: Path) -> list[SharedRepair]:
    """What the node remembers; nothing where there is no file that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[SharedRepair])
    except (OSError, msgspec.MsgspecError):
        return []


def remembered(path: Path, provider: str, now: float) -> list[SharedRepair]:
    """Of one provider, by model."""
    found = [one for one in read(path) if one.provider == provider.casefold() and one.until > now]
    return sorted(found, key=lambda one: (one.model, one.repair, one.value))


def forget(collector: Path, provider: str) -> bool:
    """Has everything about a provider forgotten, by every process; False where there is no
    collector to hear it."""
    news = RepairNews((ForgottenPlace(provider.casefold()),))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(1.0)
        try:
            sender.sendto(msgspec.json.encode(news), str(collector))
        except OSError:
            return False
    return True
