"""Lines on their way into the JSONL log, kept for a while when the disk refuses them."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Final

import structlog

from inference.record.batch import Batch
from inference.record.day_files import DayFile, path_of

log = structlog.get_logger("pointsman.recording")

FULL: Final = 128 * 1024
"""Bytes that are written at once: a burst need not be held in memory."""


class JsonlLog:
    """Collects lines and appends them to the file of their day. For one thread."""

    def __init__(self, directory: Path, *, limit_bytes: int = 16 * 1024 * 1024) -> None:
        self._directory = directory
        self._limit = limit_bytes
        self._waiting: dict[str, deque[bytes]] = {}
        self._bytes = 0
        self._failing = False
        self._file: tuple[str, DayFile] | None = None
        self.dropped = 0
        """Records that the disk refused for so long that they could not be kept."""

    def add(self, batch: Batch) -> None:
        """Takes lines for the next `flush`, which comes by itself when enough is waiting.

        When there is no more room the oldest give way.
        """
        self._waiting.setdefault(batch.day, deque()).extend(batch.lines)
        self._bytes += sum(map(len, batch.lines))
        if self._bytes > FULL and not self._failing:
            self.flush()
        elif self._bytes > self._limit:
            self._make_room()

    def flush(self) -> None:
        """Writes what is waiting. What the disk refuses waits on; the trouble is logged once."""
        for day in sorted(self._waiting):
            lines = self._waiting[day]
            try:
                self._file_of(day).append(lines)
            except OSError as error:
                if not self._failing:
                    log.error("interaction_log_unwritable", reason=error.strerror)
                self._failing = True
                return
            self._bytes -= sum(map(len, lines))
            del self._waiting[day]
        if self._failing:
            log.warning("interaction_log_writable_again", dropped_so_far=self.dropped)
            self._failing = False

    def _file_of(self, day: str) -> DayFile:
        """Only one is kept open: days come one after the other."""
        if self._file is not None:
            if self._file[0] == day:
                return self._file[1]
            self._file[1].close()
        self._file = day, DayFile(path_of(self._directory, day))
        return self._file[1]

    def _make_room(self) -> None:
        while self._bytes > self._limit:
            day = min(self._waiting)
            lines = self._waiting[day]
            self._bytes -= len(lines.popleft())
            self.dropped += 1
            if not lines:
                del self._waiting[day]
