"""A queue of byte strings on disk, for one process and as long as it lives."""

from __future__ import annotations

import tempfile
from collections import deque


class Spool:
    """First in, first out. What the disk refuses stays in memory. Not for several threads.

    The file has no name, so nothing is left of it when the process ends, however it does.
    """

    def __init__(self) -> None:
        # A length stands for as many bytes of the file.
        self._pieces: deque[int | bytes] = deque()
        self._file = tempfile.TemporaryFile(prefix="pointsman-", buffering=0)  # noqa: SIM115
        self._start = self._end = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def put(self, piece: bytes) -> None:
        try:
            self._file.seek(self._end)
            whole = self._file.write(piece) == len(piece)
        except OSError:
            whole = False
        if whole:
            self._end += len(piece)
            self._pieces.append(len(piece))
        else:
            self._pieces.append(piece)

    def take(self) -> bytes:
        """The oldest piece. Raises `IndexError` when there is none, `OSError` when it is lost."""
        piece = self._pieces.popleft()
        if isinstance(piece, bytes):
            return piece
        self._file.seek(self._start)
        found = self._file.read(piece)
        self._start += piece
        if not self._pieces:
            self.clear()
        return found

    def clear(self) -> None:
        self._pieces.clear()
        self._start = self._end = 0
        self._file.truncate(0)
