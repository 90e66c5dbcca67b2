"""How the processes of a node tell one another how providers fare, through its collector.

Ten times a second a web process tells what is new to it over the collector's socket, and looks
whether the file has changed that the collector keeps for all of them. While the collector is away
each goes on with what it knows.
"""

from __future__ import annotations

import os
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.collector import status
from inference.dispatch.shared_health import adopt, target_health
from inference.values.health_news import (
    HealthFromAfar,
    HealthNews,
    NodeHealth,
    ServedSession,
    TargetHealth,
)

if TYPE_CHECKING:
    from inference.dispatch.health import HealthBook

REPEAT_SECONDS: Final = 1.0
"""What is held against somebody is told again this often, and that nothing is under way."""
ALIVE_SECONDS: Final = 3.0
"""After how long without a word a process is taken for gone."""
SIGN_OF_LIFE_SECONDS: Final = 3.0
"""After so long without a change the file is written all the same: its readers see that somebody
is there."""
KEPT_SECONDS: Final = 600.0
"""For how long a target is kept about which nobody says anything any more."""
SESSION_SECONDS: Final = 3.0
"""For how long a session is told on: everybody looks many times meanwhile."""
EACH: Final = 50
"""Targets in one datagram."""
MOST: Final = 2000
"""Targets of one process."""

Key = tuple[str, str]


class HealthExchange:
    """A web process's end, on its event loop: never waits."""

    def __init__(
        self,
        book: HealthBook,
        collector: Path,
        file: Path,
        process: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book, self._process, self._clock = book, process, clock
        self._collector, self._file = str(collector), file
        self._under_way: dict[str, int] = {}
        self._repeat_at = 0.0
        self._mark: tuple[int, int] | None = None
        self._decode = msgspec.json.Decoder(NodeHealth).decode
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def step(self) -> None:
        self._tell()
        self._hear()

    def close(self) -> None:
        """Nothing is under way here any more."""
        with suppress(OSError):
            self._send(HealthNews(self._process, {}, ()))
        self._socket.close()

    def _tell(self) -> None:
        book, now = self._book, self._clock()
        under_way = book.all_under_way()
        repeats = now >= self._repeat_at
        sessions = book.sessions.news
        if not (book.touched or repeats or sessions or under_way != self._under_way):
            return
        keys = set(book.touched)
        if repeats:
            self._repeat_at = now + REPEAT_SECONDS
            keys |= book.statuses().keys()
        targets = [target_health(book, key) for key in keys]
        try:
            for first in range(0, max(1, len(targets)), EACH):
                batch = tuple(targets[first : first + EACH])
                self._send(HealthNews(self._process, under_way, batch))
            while sessions:
                some = tuple(islice(sessions, EACH))
                self._send(HealthNews(self._process, under_way, (), some))
                for _ in some:
                    sessions.popleft()
        except OSError:
            # It is away, or busy: what is new is told next time.
            return
        self._under_way = under_way
        book.touched.clear()

    def _send(self, news: HealthNews) -> None:
        self._socket.sendto(msgspec.json.encode(news), self._collector)

    def _hear(self) -> None:
        try:
            said = os.stat(self._file)  # ten times a second
            mark = (said.st_mtime_ns, said.st_ino)
            if mark == self._mark:
                return
            told = self._decode(self._file.read_bytes())
        except (OSError, msgspec.MsgspecError):
            return
        self._mark = mark
        adopt(self._book, told, self._process, self._clock())


class HealthHub:
    """The collector's end: the last word of each process, in a file that it replaces."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._under_way: dict[str, tuple[dict[str, int], float]] = {}
        self._targets: dict[str, dict[Key, tuple[TargetHealth, float]]] = {}
        self._sessions: OrderedDict[str, ServedSession] = OrderedDict()
        self._changed = True
        self._look_at = self._repeat_at = 0.0
        self.fresh: dict[Key, TargetHealth] = {}
        """Since other nodes were told last."""
        self.others: tuple[HealthFromAfar, ...] = ()

    def hear(self, news: HealthNews) -> None:
        now = self._clock()
        before = self._under_way.get(news.process)
        self._changed |= before is None or before[0] != news.under_way
        self._under_way[news.process] = news.under_way, now
        held = self._targets.setdefault(news.process, {})
        for one in news.targets:
            known = held.pop(one.key, None)
            held[one.key] = one, now
            if known is None or known[0] != one:
                self._changed = True
                self.fresh[one.key] = one
        while len(held) > MOST:
            del held[next(iter(held))]
        for session in news.sessions:
            self._sessions.pop(session.session, None)
            self._sessions[session.session] = session
            self._changed = True
        while len(self._sessions) > MOST:
            self._sessions.popitem(last=False)

    def hear_others(self, others: tuple[HealthFromAfar, ...]) -> None:
        if others != self.others:
            self.others, self._changed = others, True

    def under_way(self, provider: str) -> int:
        """Requests of the node to a casefolded provider."""
        return sum(one.get(provider, 0) for one, _ in self._under_way.values())

    def write_when_changed(self) -> None:
        """Or when its readers have not heard for long. Raises `OSError`."""
        if self._clock() >= self._look_at:
            self._look_at = self._clock() + 1.0
            self._forget()
        if self._changed or self._clock() >= self._repeat_at:
            status.replace(self._file, msgspec.json.encode(self.told()))
            self._changed = False
            self._repeat_at = self._clock() + SIGN_OF_LIFE_SECONDS

    def told(self) -> NodeHealth:
        """All that is known."""
        processes = (
            HealthNews(
                process,
                under_way,
                tuple(one for one, _ in self._targets.get(process, {}).values()),
            )
            for process, (under_way, _) in self._under_way.items()
        )
        return NodeHealth(tuple(processes), self.others, tuple(self._sessions.values()))

    def _forget(self) -> None:
        now = self._clock()
        while self._sessions:
            oldest = next(iter(self._sessions.values()))
            if now - oldest.at < SESSION_SECONDS:
                break
            del self._sessions[oldest.session]
        for process in [
            one for one, (_, at) in self._under_way.items() if now - at > ALIVE_SECONDS
        ]:
            del self._under_way[process]
            self._targets.pop(process, None)
            self._changed = True
        for held in self._targets.values():
            for key in [key for key, (_, at) in held.items() if now - at > KEPT_SECONDS]:
                del held[key]
                self._changed = True
