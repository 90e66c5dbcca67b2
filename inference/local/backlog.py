"""PURE: who goes next. Time is passed in."""

import heapq
import math
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

AGEING_SECONDS = 10.0
"""How long a request waits to draw level with a new one of the next higher priority."""


@dataclass(order=True)
class _Entry(Generic[T]):
    key: tuple[float, int]
    item: T = field(compare=False)


class Backlog(Generic[T]):
    """A queue by priority with ageing.

    Each rank (0 goes first) is worth `ageing` seconds of waiting: an item can be overtaken only by
    items of a better rank that came less than `ageing` times the difference in ranks after it, so
    nothing starves. Equal ranks keep their order. `ageing` 0 is first come, first served.
    """

    def __init__(self, ageing: float = AGEING_SECONDS) -> None:
        self._ageing = ageing
        self._heap: list[_Entry[T]] = []
        self._pushed = 0

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, item: T, rank: int, now: float) -> None:
        """Add an item that came at `now` (seconds of a clock that never goes back)."""
        key = (now + rank * self._ageing, self._pushed)
        self._pushed += 1
        heapq.heappush(self._heap, _Entry(key, item))

    def pop(self) -> T:
        """Take the next item. IndexError when there is none."""
        return heapq.heappop(self._heap).item

    def remove(self, item: T) -> bool:
        """Take this very item out, wherever it stands; False when it is not there."""
        for i, entry in enumerate(self._heap):
            if entry.item is item:
                self._heap[i] = self._heap[-1]
                self._heap.pop()
                heapq.heapify(self._heap)
                return True
        return False


def retry_after(ahead: int, slots: int, seconds_each: float) -> int:
    """Whole seconds until a place should be free: 1 to 60.

    `ahead` requests, `slots` at a time, each taking `seconds_each`.
    """
    return max(1, min(60, math.ceil(ahead / max(slots, 1) * seconds_each)))
