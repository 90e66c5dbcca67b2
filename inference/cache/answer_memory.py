"""The cached answers of one process, bounded in number and bytes. For one thread."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from inference.cache.cached_answer import CachedAnswer

MOST: Final = 10_000
"""Answers."""
MOST_BYTES: Final = 64 * 1024 * 1024


class AnswerMemory:
    """Those that nobody asked for longest go first."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._held: OrderedDict[bytes, tuple[CachedAnswer, float, int]] = OrderedDict()
        """With the time at which it goes, and its size."""
        self.size = 0
        """Bytes of all."""

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: bytes, now: float) -> CachedAnswer | None:
        """`now` is Unix time in seconds."""
        found = self._held.get(key)
        if found is None:
            return None
        if now >= found[1]:
            self._drop(key)
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: bytes, answer: CachedAnswer, until: float) -> None:
        """In the place of what was there before; `until` is when it goes."""
        self._drop(key)
        size = answer.size
        if size > self._most_bytes:
            return
        self._held[key] = answer, until, size
        self.size += size
        while self.size > self._most_bytes or len(self._held) > self._most:
            self._drop(next(iter(self._held)))

    def _drop(self, key: bytes) -> None:
        found = self._held.pop(key, None)
        if found is not None:
            self.size -= found[2]
