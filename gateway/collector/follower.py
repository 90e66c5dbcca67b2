"""Follows the segments of the log: whole lines from where it left off, and nothing twice."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from inference.record.segments import segments_in

_CHUNK: Final = 256 * 1024
"""Bytes that are read at once, unless a line is longer."""
_LINE: Final = 2 * 1024
"""Bytes of a line without content, of which as many are read as are asked for."""
BATCH_BYTES: Final = 4 * 1024 * 1024
"""Of one look, where content makes lines long."""


@dataclass(slots=True)
class Chunk:
    """Lines of one segment, the first of which begins at `start`."""

    segment: str
    start: int
    lines: list[bytes] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + sum(map(len, self.lines))


class Follower:
    """For one process at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._offsets: dict[str, int] = {}
        self._open: dict[str, int] = {}
        self._turn = 0
        self._held: set[str] = set()
        """Segments that go no further: a newer release wrote them."""

    def begin(self, offsets: Mapping[str, int]) -> None:
        """Goes on from these offsets; a segment without one is read from its beginning."""
        self._offsets = dict(offsets)

    def look(self, count: int) -> list[Chunk]:
        """The next lines, `count` at most: of every process, from its oldest segment."""
        oldest: dict[str, str] = {}
        for name, size in segments_in(self._directory):
            if size > self._offsets.get(name, 0) and name not in self._held:
                oldest.setdefault(name.split("-")[1], name)
        names = list(oldest.values())
        found: list[Chunk] = []
        if not names:
            return found
        self._turn = (self._turn + 1) % len(names)
        room, each = BATCH_BYTES, max(1, count // len(names))
        for name in names[self._turn :] + names[: self._turn]:
            if count <= 0 or room <= 0:
                break
            chunk = self._read(name, min(count, each), room)
            if chunk.lines:
                found.append(chunk)
                count -= len(chunk.lines)
                room -= chunk.end - chunk.start
        return found

    def settle(self, chunks: list[Chunk]) -> None:
        """These lines are dealt with."""
        for chunk in chunks:
            self._offsets[chunk.segment] = chunk.end

    def hold(self, segment: str) -> None:
        """Leaves the rest of a segment to a newer release."""
        self._held.add(segment)

    def finish(self) -> tuple[list[str], int]:
        """Removes segments whose writer is gone and which are read to their ends.

        Their names, and how many of them ended with half a line.
        """
        gone, torn = [], 0
        for name, _ in segments_in(self._directory):
            if name in self._held:
                continue
            try:
                left = self._left(name)
            except FileNotFoundError:
                left = b""
            if left is None or b"\n" in left:
                continue
            torn += bool(left)
            (self._directory / name).unlink(missing_ok=True)
            self._close(name)
            self._offsets.pop(name, None)
            gone.append(name)
        return gone, torn

    def backlog(self) -> int:
        """Bytes that are there and not dealt with."""
        sizes = segments_in(self._directory)
        return sum(max(0, size - self._offsets.get(name, 0)) for name, size in sizes)

    def close(self) -> None:
        for name in list(self._open):
            self._close(name)

    def _left(self, name: str) -> bytes | None:
        """What a dead writer left to be read next; None while it lives."""
        descriptor = self._descriptor(name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return None
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return _ahead(descriptor, self._offsets.get(name, 0), _CHUNK)

    def _read(self, name: str, count: int, room: int) -> Chunk:
        chunk = Chunk(name, self._offsets.get(name, 0))
        try:
            descriptor = self._descriptor(name)
        except FileNotFoundError:
            return chunk
        data = _ahead(descriptor, chunk.start, max(_CHUNK, count * _LINE))
        whole = data[: data.rfind(b"\n") + 1]
        for line in whole.splitlines(keepends=True):
            if len(chunk.lines) >= count or (room <= 0 and chunk.lines):
                break
            chunk.lines.append(line)
            room -= len(line)
        return chunk

    def _descriptor(self, name: str) -> int:
        descriptor = self._open.get(name)
        if descriptor is None:
            path = self._directory / name
            descriptor = self._open[name] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return descriptor

    def _close(self, name: str) -> None:
        with suppress(KeyError):
            os.close(self._open.pop(name))


def _ahead(descriptor: int, start: int, most: int) -> bytes:
    """The next bytes of a segment: a whole line at least, if there is one.

    No more than that, since a database that was away for long leaves gigabytes to be read.
    """
    size = os.fstat(descriptor).st_size - start
    data = os.pread(descriptor, min(most, size), start)
    if b"\n" not in data and size > most:
        data = os.pread(descriptor, size, start)
    return data
