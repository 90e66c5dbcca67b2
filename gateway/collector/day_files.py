"""The documented log: a file of JSON lines for each UTC day, written by the collector alone.

The database says how many bytes of a file belong to records that are rows. What lies beyond was
written by a collector that died before its transaction ended: it is cut off, and written again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import structlog

log = structlog.get_logger("pointsman.collector")

_STEP: Final = 64 * 1024
KEPT_OPEN: Final = 4
"""Files; days come one after the other, so more are not needed for long."""


def path_of(directory: Path, day: str) -> Path:
    """The file of a UTC day, given as `2030-01-31`."""
    return directory / f"interactions-{day}.jsonl"


class Extent(NamedTuple):
    """A file and how much of it is settled."""

    file_id: str
    size: int


class Growth(NamedTuple):
    """What an append has made of a file."""

    before: Extent
    after: Extent


Settled = Callable[[str], Extent | None]
Settle = Callable[[str, Extent], None]


class DayFiles:
    """For one process at a time. Raises `OSError` where the disk refuses."""

    def __init__(self, directory: Path, settled: Settled, settle: Settle) -> None:
        """`settled` asks the database for a day's extent, `settle` writes it down at once."""
        self._directory = directory
        self._settled = settled
        self._settle = settle
        self._open: dict[str, tuple[int, Extent]] = {}
        self._unsettled: set[str] = set()

    def append(self, lines: Mapping[str, Iterable[bytes]]) -> dict[str, Growth]:
        """Appends lines to their days' files; what is to be settled together with the rows.

        Whoever fails to bring the rows in calls `forget`.
        """
        grown = {}
        for day, of_day in lines.items():
            descriptor, extent = self._at_hand(day)
            self._unsettled.add(day)
            data = b"".join(of_day)
            # Readers may lock the file shared, to be safe from a line that is half written.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                _write(descriptor, data)
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            grown[day] = Growth(extent, extent._replace(size=extent.size + len(data)))
        return grown

    def keep(self, grown: Mapping[str, Growth]) -> None:
        """The rows are in."""
        for day, growth in grown.items():
            self._open[day] = self._open[day][0], growth.after
            self._unsettled.discard(day)

    def mend(self) -> None:
        """Cuts off what was written and is not settled, now that the database can be asked."""
        for day in sorted(self._unsettled):
            self._at_hand(day)
            self._unsettled.discard(day)

    def forget(self) -> None:
        """Whether the rows are in is not known: the database will say."""
        for descriptor, _ in self._open.values():
            os.close(descriptor)
        self._open.clear()

    def _at_hand(self, day: str) -> tuple[int, Extent]:
        """The file that is at the path now: it may have been moved or deleted meanwhile."""
        path = path_of(self._directory, day)
        found = self._open.get(day)
        if found is not None:
            if _file_id(path) == found[1].file_id:
                return found
            os.close(self._open.pop(day)[0])
        while len(self._open) >= KEPT_OPEN:
            os.close(self._open.pop(min(self._open))[0])
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        try:
            extent = self._settled_extent(day, descriptor, path)
        except BaseException:
            os.close(descriptor)
            raise
        self._open[day] = descriptor, extent
        return descriptor, extent

    def _settled_extent(self, day: str, descriptor: int, path: Path) -> Extent:
        known, file_id = self._settled(day), _file_id(path)
        size = os.fstat(descriptor).st_size
        if known is not None and known.file_id == file_id and known.size <= size:
            if known.size < size:
                os.ftruncate(descriptor, known.size)
                log.warning("unsettled_lines_removed", file=path.name, bytes=size - known.size)
            return known
        # Another file than the one that was written last, as after somebody has moved that.
        extent = Extent(file_id, _mend(descriptor, path))
        self._settle(day, extent)
        return extent


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _file_id(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def _mend(descriptor: int, path: Path) -> int:
    """Cuts off half a line, which some other writer left; the size of the file in bytes."""
    size = start = os.fstat(descriptor).st_size
    if not size or os.pread(descriptor, 1, size - 1) == b"\n":
        return size
    tail, feed = b"", -1
    while start and feed < 0:
        step = min(_STEP, start)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
        feed = tail.rfind(b"\n")
    torn = len(tail) - feed - 1
    os.ftruncate(descriptor, size - torn)
    log.warning("torn_line_removed", file=path.name, bytes=torn)
    return size - torn
