"""Records that wait for the database: a few in memory, the rest packed small on disk."""

from __future__ import annotations

import threading
import zlib
from collections import deque
from itertools import islice
from typing import Final

import msgspec

from governance.interactions.record import InteractionRecord
from inference.recording.spool import Spool

BLOCK: Final = 64
"""Records that are packed together."""
_LEVEL: Final = 1
"""Neighbours are so alike that zlib's quickest makes 50 bytes of a thousand."""


class Backlog:
    """First in, first out, between two threads: one adds, the other takes from the front.

    A record is 1.4 KB of objects: those that a burst leaves behind would be most of a process.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._front: deque[InteractionRecord] = deque()
        self._packed = Spool()
        self._back: list[InteractionRecord] = []
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(list[InteractionRecord]).decode
        self._length = 0
        self._lost = 0

    def __len__(self) -> int:
        return self._length

    def add(self, record: InteractionRecord) -> bool:
        """Puts a record at the back; False when there is no room."""
        with self._lock:
            if self._length >= self._limit:
                return False
            self._length += 1
            self._back.append(record)
            if len(self._back) < BLOCK:
                return True
            full, self._back = self._back, []
            if not self._packed and len(self._front) < BLOCK:
                self._front.extend(full)
            else:
                self._packed.put(zlib.compress(self._encode(full), _LEVEL))
            return True

    def first(self, count: int) -> list[InteractionRecord]:
        """Up to `count` records from the front, which stay; none only when there are none."""
        with self._lock:
            while not self._front and self._packed:
                try:
                    self._front.extend(self._decode(zlib.decompress(self._packed.take())))
                except (OSError, zlib.error, msgspec.MsgspecError):
                    self._lost += BLOCK
                    self._length -= BLOCK
            if not self._front:
                self._front.extend(self._back)
                self._back = []
            return list(islice(self._front, count))

    def forget_lost(self) -> int:
        """How many records the disk took and did not give back, since this was last asked."""
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
