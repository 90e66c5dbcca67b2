"""The JSONL log: a file per UTC day, to which any number of processes append."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from inference.record.pages import lay

log = structlog.get_logger("pointsman.recording")

_STEP: Final = 64 * 1024


def path_of(directory: Path, day: str) -> Path:
    """The file of a UTC day, given as `2030-01-31`."""
    return directory / f"interactions-{day}.jsonl"


class DayFile:
    """One of the files. It stays open between two appends, which costs less; for one thread."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._descriptor = -1
        self._identity = (0, 0)

    def append(self, lines: Iterable[bytes]) -> None:
        """Appends whole lines in one piece. Raises `OSError`, and then the file is as it was.

        A lock on the file keeps writers apart. Readers need none: see `pages`. Only a line longer
        than a page can be seen in part; they may take the lock shared to be safe from that.
        """
        with self._locked() as descriptor:
            size = _mend(descriptor, self._path)
            data = memoryview(lay(lines, size))
            try:
                while data:
                    data = data[os.write(descriptor, data) :]
            except OSError:
                # A full disk may have taken some of it.
                os.ftruncate(descriptor, size)
                raise

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file that is at the path now: it may have been moved or deleted meanwhile."""
        while True:
            if self._descriptor < 0:
                self._open()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            if self._is_at_its_path():
                break
            self.close()
        try:
            yield self._descriptor
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            self._descriptor = os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self._path), exist_ok=True, mode=0o700)
            self._descriptor = os.open(self._path, flags, 0o600)
        found = os.fstat(self._descriptor)
        self._identity = found.st_dev, found.st_ino

    def _is_at_its_path(self) -> bool:
        try:
            found = os.stat(self._path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity


def _mend(descriptor: int, path: str) -> int:
    """Cuts off a line whose writer died while writing it; the size of the file in bytes."""
    size = start = os.fstat(descriptor).st_size
    if not size or os.pread(descriptor, 1, size - 1) == b"\n":
        return size
    tail = b""
    feed = -1
    while start and feed < 0:
        step = min(_STEP, start)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
        feed = tail.rfind(b"\n")
    torn = tail[feed + 1 :]
    if not torn.strip():
        return size
    os.ftruncate(descriptor, size - len(torn))
    log.warning("torn_line_removed", file=os.path.basename(path), bytes=len(torn))
    return size - len(torn)
