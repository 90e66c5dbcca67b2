"""What event loops are filling, and how it leaves them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from governance.interactions.record import InteractionRecord
from inference.record.batch import Batch
from inference.record.counting import Counts

FULL: Final = 32
"""Records of a batch at most."""

T = TypeVar("T")


class _Open(Generic[T]):
    """What one event loop fills until a timer hands it over, or whoever finds it full."""

    __slots__ = ("_armed", "_out", "_seconds", "held")

    def __init__(self, out: deque[T], seconds: float) -> None:
        self._out = out
        self._seconds = seconds
        self._armed: asyncio.AbstractEventLoop | None = None
        """Whose timer will hand it over."""
        self.held: deque[T] = deque()
        """One or none: whoever pops it hands it over."""

    def begin(self, one: T) -> T:
        self.held.append(one)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # A request that ends after its loop: the end of all hands its record over.
            return one
        if self._armed is not loop:
            self._armed = loop
            loop.call_later(self._seconds, self._due)
        return one

    def hand_over(self) -> None:
        try:
            self._out.append(self.held.pop())
        except IndexError:
            return

    def _due(self) -> None:
        self._armed = None
        self.hand_over()


class OpenBatches:
    """A batch and counts for each event loop, which fills them alone: nothing is locked."""

    def __init__(
        self, counts: Callable[[], Counts], *, interval: float, counts_interval: float
    ) -> None:
        """Loops fill a batch for `interval` seconds at most, counts for `counts_interval`."""
        self.handed_over: deque[Batch] = deque()
        """The oldest first, for one other thread to take."""
        self.counted: deque[Counts] = deque()
        """Counts, in the same way."""
        self._counts = counts
        self._interval = interval
        self._counts_interval = counts_interval
        self._local = threading.local()
        self._all: list[_Open[Batch] | _Open[Counts]] = []

    def add(self, day: str, line: bytes, record: InteractionRecord) -> None:
        """A record of that day, of the running loop."""
        opened: tuple[_Open[Batch], _Open[Counts]] | None
        opened = getattr(self._local, "opened", None)
        if opened is None:
            opened = self._local.opened = (
                _Open(self.handed_over, self._interval),
                _Open(self.counted, self._counts_interval),
            )
            self._all += opened
        batches, counted = opened
        batch = batches.held[0] if batches.held else batches.begin(Batch(day))
        if len(batch.plain) >= FULL or batch.day != day:
            batches.hand_over()
            batch = batches.begin(Batch(day))
        batch.plain.append(line)
        counts = counted.held[0] if counted.held else counted.begin(self._counts())
        counts.add(record)

    def hand_over(self) -> None:
        """Hands over what every loop has, when none of them fills anything any more."""
        for open_ in self._all:
            open_.hand_over()
