"""The JSONL log: a file per UTC day, to which any number of processes append."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from inference.recording.pages import lay

log = structlog.get_logger("pointsman.recording")

_STEP: Final = 64 * 1024


def path_of(directory: Path, day: str) -> Path:
    """The file of a UTC day, given as `2030-01-31`."""
    return directory / f"interactions-{day}.jsonl"


def append(path: Path, lines: Iterable[bytes]) -> None:
    """Appends whole lines in one piece. Raises `OSError`, and then the file is as it was.

    A lock on the file keeps writers apart. Readers need none: see `pages`. Only a line longer than
    a page can be seen in part; they may take the lock shared to be safe from that.
    """
    with _opened(path) as descriptor:
        size = _mend(descriptor, path)
        data = memoryview(lay(lines, size))
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError:
            # A full disk may have taken some of it.
            os.ftruncate(descriptor, size)
            raise


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file, locked. It is opened anew each time, so it may be moved or deleted meanwhile."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _mend(descriptor: int, path: Path) -> int:
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
    log.warning("torn_line_removed", file=path.name, bytes=len(torn))
    return size - len(torn)
