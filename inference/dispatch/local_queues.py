"""How long a request would wait in the queue of a local model, by what was seen. PURE.

A local server answers a few requests at a time and lets the others wait, and tells nobody. But a
stream that has begun is being answered, and one that began only after another one had ended was
waiting for it: so many as were being answered then are all that are answered at a time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

KEPT: Final = 8
"""Answers that are looked back on."""
NEWEST: Final = 0.3
"""What the last answer counts beside those before it."""
FADING: Final = 1.02
"""By how much the quickest first token grows with each one that is slower."""
SLACK: Final = 0.05
"""Seconds a first token may be late without having waited for anything."""
MOST: Final = 1024
"""Models that something is kept of: their names may be callers' choice."""


class QueueSeen(NamedTuple):
    """What other processes have under way at a model. Times are monotonic seconds."""

    begun: int = 0
    """Requests that are being answered."""
    waiting: int = 0
    """Streams without a first token."""
    oldest: float = 0.0
    """Since when the first of these waits; 0 for none."""
    places: int = 0
    """Requests that are answered at a time; 0 where nobody has found out."""
    service: float = 0.0
    """Seconds a request takes once it is its turn; 0 where nothing is known."""


NOTHING: Final = QueueSeen()


@dataclass(slots=True, eq=False)
class QueuePlace:
    """One request under way at a local model."""

    since: float
    stream: bool
    ended_before: int
    """Requests that had ended when it came."""
    ahead: int
    """Requests that were under way when it came."""
    begun: float = 0.0
    """When its first token came; 0 until then."""


class LocalQueue:
    """Of one model, as one process sees it."""

    __slots__ = ("_begun", "_ended", "_full", "_waiting", "_wholes", "others", "quick", "service")

    def __init__(self) -> None:
        self._waiting: dict[QueuePlace, None] = {}
        self._begun: dict[QueuePlace, None] = {}
        self._wholes: dict[QueuePlace, None] = {}
        """Answers that are not streamed: nobody sees whether they have begun."""
        self._full: deque[int] = deque(maxlen=KEPT)
        """How many were being answered while others waited."""
        self._ended = 0
        self.service = 0.0
        self.quick = 0.0
        """Seconds to the first token of a request that need not wait; 0 until one was seen."""
        self.others = NOTHING

    def __len__(self) -> int:
        return len(self._waiting) + len(self._begun) + len(self._wholes)

    @property
    def places(self) -> int:
        """Requests that are answered at a time; 0 where that is not known."""
        return max(self._full, default=0)

    def enter(self, now: float, *, stream: bool) -> QueuePlace:
        place = QueuePlace(now, stream, self._ended, len(self))
        (self._waiting if stream else self._wholes)[place] = None
        return place

    def begin(self, place: QueuePlace, now: float) -> None:
        """Its first token is here."""
        if self._waiting.pop(place, self) is self:
            return
        first, place.begun = now - place.since, now
        waited = first > 2 * self.quick + SLACK > SLACK
        self._begun[place] = None
        answered = len(self._begun) + self.others.begun
        if waited and self._ended > place.ended_before:
            self._full.append(answered)
        elif 0 < self.places < answered:
            # More than was thought are answered at a time.
            self._full.append(answered)
        # The quickest counts, and is forgotten slowly: a server may become slower.
        self.quick = min(first, self.quick * FADING) if self.quick else first

    def leave(self, place: QueuePlace, now: float) -> None:
        self._ended += 1
        self._waiting.pop(place, None)
        self._begun.pop(place, None)
        was_whole = self._wholes.pop(place, self) is None
        if place.begun:
            took = now - place.begun + self.quick
        elif was_whole and not (place.ahead or len(self)):
            # Alone from its beginning to its end: it waited for nobody.
            took = now - place.since
        else:
            if was_whole and place.ahead and now - place.since > 1.5 * self.service > 0:
                # So many times as long as it takes alone: the others were answered meanwhile.
                answered = (place.ahead + 1) * self.service / (now - place.since)
                self._full.append(max(1, round(answered)))
            return
        self.service += (took - self.service) * (NEWEST if self.service else 1.0)

    def seen(self) -> QueueSeen:
        """What other processes are told."""
        oldest = next(iter(self._waiting), None)
        return QueueSeen(
            len(self._begun) + len(self._wholes),
            len(self._waiting),
            0.0 if oldest is None else oldest.since,
            self.places,
            self.service,
        )

    def wait(self, now: float) -> float:
        """Seconds a request that comes now would wait before it is its turn."""
        own, others = self.seen(), self.others
        under_way = own.begun + own.waiting + others.begun + others.waiting
        if not under_way:
            return 0.0
        places = max(own.places, others.places)
        service = own.service or others.service
        ahead = under_way + 1 - places
        expected = ahead * service / places if places and ahead > 0 else 0.0
        return max(expected, self._longest(now))

    def _longest(self, now: float) -> float:
        """How long somebody has been waiting already, which the next one does at least."""
        starts = [one for one in (self.seen().oldest, self.others.oldest) if one]
        longest = now - min(starts) - self.quick if starts else 0.0
        whole = next(iter(self._wholes), None)
        if whole is not None:
            longest = max(longest, now - whole.since - 2 * self.service)
        return max(0.0, longest)


class LocalQueues:
    """By casefolded provider and model."""

    __slots__ = ("_queues",)

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], LocalQueue] = {}

    def of(self, key: tuple[str, str]) -> LocalQueue:
        queue = self._queues.get(key)
        if queue is None:
            if len(self._queues) >= MOST:
                for other in [one for one, held in self._queues.items() if not len(held)]:
                    del self._queues[other]
            queue = self._queues[key] = LocalQueue()
        return queue

    def wait(self, key: tuple[str, str], now: float) -> float:
        queue = self._queues.get(key)
        return 0.0 if queue is None else queue.wait(now)

    def seen(self) -> dict[tuple[str, str], QueueSeen]:
        """Those with something under way."""
        return {key: queue.seen() for key, queue in self._queues.items() if len(queue)}

    def seen_at(self, key: tuple[str, str]) -> QueueSeen:
        queue = self._queues.get(key)
        return NOTHING if queue is None else queue.seen()

    def hear(self, others: dict[tuple[str, str], QueueSeen]) -> None:
        """What all other processes have under way, which replaces what was heard before."""
        for key, queue in self._queues.items():
            if key not in others:
                queue.others = NOTHING
        for key, seen in others.items():
            self.of(key).others = seen
