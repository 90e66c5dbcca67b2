"""The writes of one turn of the event loop, all but the first of them made together at its end.

A write wakes whoever reads at the other end, which costs more than the copying. Readers that are
awake are not woken again, so writes in a row cost half of what they do with work between them.
"""

from __future__ import annotations

import asyncio
from itertools import groupby
from operator import itemgetter
from typing import Final

from inference.upstream.per_loop import PerLoop

UNWATCHED: Final = 15
"""Writes after a turn with a single one that are not taken for the first of several."""
_TRANSPORT: Final = itemgetter(0)


class Outbox:
    """Holds writes back until what is ready to run has run. Every transport keeps its order.

    The first write of a turn goes out at once: where there is only one, nobody waits for it. After
    such a turn the next few writes are not even watched.
    """

    __slots__ = ("_loop", "_open", "_unwatched", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open = False
        self._unwatched = 0
        self._waiting: list[tuple[asyncio.WriteTransport, bytes]] = []

    def write(self, transport: asyncio.WriteTransport, data: bytes) -> None:
        if self._open:
            self._waiting.append((transport, data))
            return
        if self._unwatched:
            self._unwatched -= 1
        else:
            self._open = True
            self._loop.call_soon(self._turn_over)
        transport.write(data)

    def flush(self) -> None:
        """Writes what is held back now, as before a transport is closed or written to directly."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for transport, group in groupby(waiting, key=_TRANSPORT):
                if not transport.is_closing():
                    transport.write(b"".join([data for _, data in group]))

    def _turn_over(self) -> None:
        self._open = False
        if self._waiting:
            self.flush()
        else:
            self._unwatched = UNWATCHED


outbox_of: Final = PerLoop(Outbox)
