"""Who may generate now: a bounded queue by priority in front of a runtime that batches by itself.

All of it happens on one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from inference.local.backlog import Backlog, retry_after
from inference.local.jobs import BacklogFull


@dataclass(eq=False, slots=True)
class Reservation:
    """What a request takes up: `slots` sequences with `tokens` of the cache in all."""

    slots: int
    tokens: int
    granted: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    since: float = 0.0


class Admission:
    """`slots` sequences at a time and `tokens` places in the cache that they share.

    What is next in line waits until it fits whole, so that no answer breaks off because others
    filled the cache; and nothing passes it by, so that it gets its turn.
    """

    def __init__(
        self,
        slots: int,
        tokens: int,
        queue_limit: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slots = slots
        self._free_slots = slots
        self.tokens = self._free_tokens = tokens
        self._queue_limit = queue_limit
        self._clock = clock
        self._backlog: Backlog[Reservation] = Backlog()
        self._next: Reservation | None = None
        self._seconds_each = 5.0
        self.active = 0

    @property
    def queued(self) -> int:
        return len(self._backlog) + (self._next is not None)

    def enter(self, place: Reservation, rank: int) -> None:
        """Stand in line; `place.granted` tells when it is the turn. Raises BacklogFull."""
        if self.queued >= self._queue_limit and not self._fits(place):
            wait = retry_after(self.queued + 1, self._slots, self._seconds_each)
            raise BacklogFull(wait, self.queued)
        self._backlog.push(place, rank, self._clock())
        self._admit()

    def leave(self, place: Reservation) -> None:
        """The request is over, or nobody waits for it any more."""
        if place is self._next:
            self._next = None
        elif not self._backlog.remove(place) and place.since:
            self.active -= 1
            self._free_slots += place.slots
            self._free_tokens += place.tokens
            self._seconds_each += 0.2 * (self._clock() - place.since - self._seconds_each)
            place.since = 0.0
        self._admit()

    def has_room(self, place: Reservation) -> bool:
        """Whether it would have its turn at once."""
        return not self.queued and self._fits(place)

    def shrink(self, place: Reservation, tokens: int) -> None:
        """It takes up no more than `tokens`, as is known by now."""
        if place.since and tokens < place.tokens:
            self._free_tokens += place.tokens - tokens
            place.tokens = tokens
            self._admit()

    def _fits(self, place: Reservation) -> bool:
        return place.slots <= self._free_slots and place.tokens <= self._free_tokens

    def _admit(self) -> None:
        while self._next or self._backlog:
            place = self._next = self._next or self._backlog.pop()
            if not self._fits(place):
                return
            self._next = None
            self._free_slots -= place.slots
            self._free_tokens -= place.tokens
            self.active += 1
            place.since = self._clock()
            if not place.granted.done():
                place.granted.set_result(None)
