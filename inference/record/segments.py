"""Segments of the append-only log: files of one process each, which the collector follows.

A process holds a lock (`flock`) on the segment it writes for as long as it lives. So whoever finds
a segment that is not locked knows that nothing more will come, whatever happened to its writer,
and in whichever container it ran.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger("pointsman.recording")

SUFFIX: Final = ".segment"
_NAME: Final = re.compile(r"\d{20}-\d+-[0-9a-f]+\.segment")
"""When it was begun, by which process, and what tells it from one of the same number."""
FULL: Final = 64 * 1024
"""Bytes that are written at once: a burst need not be held in memory."""
SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""A longer segment is left for a new one, so that the collector can remove it."""
HELD_BYTES: Final = 8 * 1024 * 1024
"""What waits in memory at most while the disk refuses it."""
BUDGET_BYTES: Final = 4096 * 1024 * 1024
_BUDGET_SECONDS: Final = 2.0
"""Between two looks at how much of the budget is used."""
_RETRY_SECONDS: Final = 0.5
"""Between two tries while the disk refuses."""


class SegmentWriter:
    """Appends lines to segments of its own. Not for several threads at a time.

    What cannot be written is counted in `lost`, and nobody is held up by it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        budget_bytes: int = BUDGET_BYTES,
        held_bytes: int = HELD_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`budget_bytes`: what all segments of the directory may take up together."""
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._budget_bytes = budget_bytes
        self._held_bytes = held_bytes
        self._clock = clock
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._descriptor = -1
        self._size = 0
        self._next_try = 0.0
        self._next_budget = 0.0
        self._over_budget = False
        self._failing = False
        self.lost = 0
        """Records that the disk, or its budget, had no room for."""

    def add(self, line: bytes) -> None:
        """Takes a line for the next `flush`, which comes by itself when enough is waiting."""
        self._waiting.append(line)
        self._bytes += len(line)
        if self._bytes >= FULL:
            self.flush()

    def flush(self) -> None:
        """Writes what is waiting; what the disk refuses waits on while there is room for it."""
        if not self._waiting:
            return
        now = self._clock()
        if self._failing and now < self._next_try:
            self._make_room()
            return
        try:
            if self._has_budget(now):
                self._write()
            else:
                self.lost += len(self._waiting)
                self._waiting, self._bytes = [], 0
        except OSError as error:
            self._next_try = now + _RETRY_SECONDS
            if not self._failing:
                log.error("records_not_written", reason=error.strerror)
            self._failing = True
            self._make_room()
            return
        if self._failing:
            log.warning("records_written_again", lost_so_far=self.lost)
            self._failing = False

    def close(self) -> None:
        """Writes what is waiting and lets go of the segment."""
        self._next_try = 0.0
        self.flush()
        self.lost += len(self._waiting)
        self._waiting, self._bytes = [], 0
        self._leave()

    def _write(self) -> None:
        if self._descriptor < 0:
            self._open()
        data = b"".join(self._waiting)
        written = os.write(self._descriptor, data)
        if written < len(data):
            # A disk that has just become full takes a part: whole lines of it stay, and half a
            # line is taken back.
            written = data.rfind(b"\n", 0, written) + 1
            try:
                os.ftruncate(self._descriptor, self._size + written)
            except OSError:
                self._leave()
        self._size += written
        self._forget(written)
        if self._size >= self._segment_bytes:
            self._leave()
        if self._waiting:
            raise OSError(28, "No space left on device")

    def _forget(self, written: int) -> None:
        """Drops the lines that make up so many bytes."""
        if written == self._bytes:
            self._waiting, self._bytes = [], 0
            return
        count, size = 0, 0
        while size < written:
            size += len(self._waiting[count])
            count += 1
        del self._waiting[:count]
        self._bytes -= written

    def _make_room(self) -> None:
        """The oldest lines give way, a quarter at a time."""
        if self._bytes <= self._held_bytes:
            return
        size, count, most = 0, 0, self._bytes - self._held_bytes * 3 // 4
        while size < most:
            size += len(self._waiting[count])
            count += 1
        del self._waiting[:count]
        self._bytes -= size
        self.lost += count

    def _open(self) -> None:
        """A new segment, locked before anybody else can see it under its name."""
        name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        draft, path = self._directory / f".{name}", self._directory / name
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            descriptor = os.open(draft, flags, 0o600)
        except FileNotFoundError:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(draft, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.rename(path)
        except OSError:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
            raise
        self._descriptor, self._size = descriptor, 0

    def _leave(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _has_budget(self, now: float) -> bool:
        if now >= self._next_budget:
            self._next_budget = now + _BUDGET_SECONDS
            over = sum(size for _, size in segments_in(self._directory)) >= self._budget_bytes
            if over and not self._over_budget:
                log.error("records_not_written", reason="the budget of the log is used up")
            self._over_budget = over
        return not self._over_budget


def segments_in(directory: Path) -> list[tuple[str, int]]:
    """Name and bytes of each segment, the oldest first; nothing where there is no directory."""
    found: list[tuple[str, int]] = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name):
                    try:
                        found.append((entry.name, entry.stat().st_size))
                    except FileNotFoundError:
                        continue
    except FileNotFoundError:
        return []
    found.sort()
    return found
