"""Lines that wait for the database: a few in memory, the rest packed small on disk."""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from inference.record.spool import Spool

BLOCK: Final = 64
"""Lines that are packed together."""
_LEVEL: Final = 1
"""Neighbours are so alike that zlib's quickest makes 50 bytes of a thousand."""


class Backlog:
    """First in, first out, between two threads: one adds, the other takes from the front.

    A line is 1 KB: those that a burst leaves behind would be most of a process.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._front: deque[bytes] = deque()
        self._packed = Spool()
        self._back: list[bytes] = []
        self._length = 0
        self._lost = 0

    def __len__(self) -> int:
        return self._length

    def add(self, lines: Sequence[bytes]) -> int:
        """Puts lines at the back, each with its line feed; how many of them found room."""
        with self._lock:
            taken = min(len(lines), self._limit - self._length)
            self._length += taken
            self._back.extend(lines[:taken])
            while len(self._back) >= BLOCK:
                full = self._back[:BLOCK]
                del self._back[:BLOCK]
                if not self._packed and len(self._front) < BLOCK:
                    self._front.extend(full)
                else:
                    self._packed.put(zlib.compress(b"".join(full), _LEVEL))
            return taken

    def first(self, count: int) -> list[bytes]:
        """Up to `count` lines from the front, which stay; none only when there are none."""
        with self._lock:
            while not self._front and self._packed:
                try:
                    block = zlib.decompress(self._packed.take())
                    self._front.extend(block.splitlines(keepends=True))
                except (OSError, zlib.error):
                    self._lost += BLOCK
                    self._length -= BLOCK
            if not self._front:
                self._front.extend(self._back)
                self._back = []
            return list(islice(self._front, count))

    def forget_lost(self) -> int:
        """How many lines the disk took and did not give back, since this was last asked."""
        with self._lock:
            lost, self._lost = self._lost, 0
            return lost

    def done(self, count: int) -> None:
        """Takes away as many from the front as `first` has shown and somebody has dealt with."""
        with self._lock:
            for _ in range(count):
                self._front.popleft()
            self._length -= count

    def clear(self) -> int:
        """Forgets everything; how much that was."""
        with self._lock:
            length, self._length = self._length, 0
            self._front.clear()
            self._packed.clear()
            self._back = []
            return length
