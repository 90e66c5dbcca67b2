"""Batches that event loops are filling, and how they leave them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from inference.recording.batch import Batch, Counts

FULL: Final = 32
"""Records of a batch at most."""


class _Open(msgspec.Struct):
    """What the event loop of one thread is filling."""

    batch: deque[Batch] = msgspec.field(default_factory=deque)
    """One or none: whoever pops it hands it over."""
    armed: asyncio.AbstractEventLoop | None = None
    """Whose timer will hand it over."""


class OpenBatches:
    """A batch for each event loop, which fills it alone: nothing is locked.

    Full ones and those that a loop has been filling for `interval` seconds are in `handed_over`,
    the oldest first, for one other thread to take.
    """

    def __init__(self, counts: Callable[[], Counts], interval: float) -> None:
        self.handed_over: deque[Batch] = deque()
        self._counts = counts
        self._interval = interval
        self._local = threading.local()
        self._all: list[_Open] = []

    def of(self, day: str) -> Batch:
        """The batch of the running loop for a record of that day."""
        open_: _Open | None = getattr(self._local, "open", None)
        if open_ is None:
            open_ = self._local.open = _Open()
            self._all.append(open_)
        if open_.batch:
            batch = open_.batch[0]
            if len(batch.plain) < FULL and batch.day == day:
                return batch
            self._hand_over(open_)
        batch = Batch(day, self._counts())
        open_.batch.append(batch)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # A request that ends after its loop: the end of all hands its record over.
            return batch
        if open_.armed is not loop:
            open_.armed = loop
            loop.call_later(self._interval, self._due, open_)
        return batch

    def hand_over(self) -> None:
        """Hands over what every loop has, when none of them fills anything any more."""
        for open_ in self._all:
            self._hand_over(open_)

    def _due(self, open_: _Open) -> None:
        open_.armed = None
        self._hand_over(open_)

    def _hand_over(self, open_: _Open) -> None:
        try:
            self.handed_over.append(open_.batch.pop())
        except IndexError:
            return
