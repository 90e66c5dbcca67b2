"""How many callers each web process has: numbers in memory that the processes share."""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import Final

SLOTS: Final = 256
"""Web processes that can take part, old and new ones of a reload together."""
_FREE: Final = 2**32 - 1
_STARTING: Final = _FREE - 1
_SIZE: Final = SLOTS * 4


class ConnectionBoard:
    """A slot for each process, which alone writes it, so that nothing is locked.

    The launcher gives slots out and frees those of processes that ended.
    """

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is that of a file `create` made; it may be closed afterwards."""
        self.descriptor = descriptor
        self._slots = memoryview(mmap.mmap(descriptor, _SIZE)).cast("I")

    @classmethod
    def create(cls) -> ConnectionBoard:
        """On a new file without a name, all of its slots free."""
        with tempfile.TemporaryFile() as file:
            file.write(_FREE.to_bytes(4, "little") * SLOTS)
            file.flush()
            return cls(os.dup(file.fileno()))

    def take(self) -> WorkerSlot | None:
        """A free slot for a process that is about to start; None when all are taken."""
        for slot, count in enumerate(self._slots):
            if count == _FREE:
                self._slots[slot] = _STARTING
                return self.seat(slot)
        return None

    def seat(self, slot: int) -> WorkerSlot:
        return WorkerSlot(self.descriptor, self._slots, slot)


class WorkerSlot:
    """The slot of one process."""

    def __init__(self, descriptor: int, slots: memoryview[int], slot: int) -> None:
        self.descriptor = descriptor
        self.slot = slot
        self._slots = slots

    def free(self) -> None:
        self._slots[self.slot] = _FREE

    def write(self, count: int) -> None:
        """The process takes callers, and has `count` of them."""
        self._slots[self.slot] = count

    def least_beside(self) -> int | None:
        """The fewest callers that any other process has; None where no other takes any."""
        slots, slot = self._slots, self.slot
        least = min([*slots[:slot], *slots[slot + 1 :]])
        return None if least >= _STARTING else least
