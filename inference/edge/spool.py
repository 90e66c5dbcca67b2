"""What a request has sent so far, to be read again: in memory first, then in a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO, Final

MEMORY: Final = 1024 * 1024
"""Bytes that are kept in memory."""


class Spool:
    """Bytes that only grow. The file has no name, so that it is gone with this process at last.

    It is written and read on the event loop: what goes through the page cache takes some
    microseconds.
    """

    def __init__(self, directory: Path | None = None, memory: int = MEMORY) -> None:
        """`directory` is where the file would be; None: the system's own for such files."""
        self.size = 0
        self._directory = directory
        self._memory = memory
        self._bytes = bytearray()
        self._file: IO[bytes] | None = None

    def add(self, data: bytes) -> None:
        """Raises `OSError` where the disk is full."""
        if self._file is None and self.size + len(data) <= self._memory:
            self._bytes += data
        else:
            if self._file is None:
                if self._directory is not None:
                    self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file = tempfile.TemporaryFile(dir=self._directory, buffering=0)  # noqa: SIM115
                self._write(memoryview(bytes(self._bytes)), 0)
                self._bytes = bytearray()
            self._write(memoryview(data), self.size)
        self.size += len(data)

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` on, up to `end`; less where less is here."""
        if self._file is None:
            return bytes(self._bytes[start:end])
        return os.pread(self._file.fileno(), min(end, self.size) - start, start)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _write(self, data: memoryview, at: int) -> None:
        assert self._file is not None
        while data:
            written = os.pwrite(self._file.fileno(), data, at)
            data, at = data[written:], at + written
