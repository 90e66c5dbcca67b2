"""Answers that are kept for a while, each for the key that asked for it alone.

One a node, in memory: what is kept is gone when the collector ends. The least recently used go
first, and no key takes more than half of the room from the others.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from inference.values.kept_answer import KeptAnswer

MOST_ANSWERS: Final = 20_000
LONGEST_CHAIN: Final = 1_000
"""Answers that one conversation is put together from."""

Place = tuple[str, str]
"""The id of a key, and of a response or an item."""


class KeptAnswers:
    """The store. Not for several threads."""

    def __init__(
        self, most_bytes: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._clock = clock
        self._answers: OrderedDict[Place, tuple[KeptAnswer, float]] = OrderedDict()
        self._items: dict[Place, tuple[str, int]] = {}
        """Where an item stands: the id of its answer, and its number there."""
        self._bytes: defaultdict[str, int] = defaultdict(int)
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._answers)

    def put(self, answer: KeptAnswer) -> None:
        """Keeps it, and forgets what there is no room for any more."""
        place = answer.key, answer.id
        self._drop(place)
        if answer.size > self._most_bytes // 2:
            return
        self._answers[place] = answer, self._clock()
        for number, name in enumerate(answer.item_ids):
            self._items[answer.key, name] = answer.id, number
        self._bytes[answer.key] += answer.size
        self.bytes += answer.size
        self._make_room(answer.key)

    def get(self, key: str, name: str) -> KeptAnswer | None:
        place = key, name
        found = self._answers.get(place)
        if found is None:
            return None
        answer, used = found
        now = self._clock()
        if used + self._seconds <= now:
            self._drop(place)
            return None
        self._answers[place] = answer, now
        self._answers.move_to_end(place)
        return answer

    def item(self, key: str, name: str) -> msgspec.Raw | None:
        """An item of some answer."""
        answer_id, number = self._items.get((key, name), ("", 0))
        answer = self.get(key, answer_id) if answer_id else None
        return answer.output[number] if answer is not None else None

    def conversation(self, key: str, name: str) -> list[msgspec.Raw] | None:
        """Everything up to an answer and with it; None where a part of it is gone."""
        parts: list[KeptAnswer] = []
        while name:
            answer = self.get(key, name) if len(parts) < LONGEST_CHAIN else None
            if answer is None:
                return None
            parts.append(answer)
            name = answer.previous
        return [item for part in reversed(parts) for item in (*part.input, *part.output)]

    def delete(self, key: str, name: str) -> bool:
        known = self.get(key, name) is not None
        self._drop((key, name))
        return known

    def _make_room(self, key: str) -> None:
        while self._bytes[key] > self._most_bytes // 2:
            self._drop(next(place for place in self._answers if place[0] == key))
        while self.bytes > self._most_bytes or len(self._answers) > MOST_ANSWERS:
            self._drop(next(iter(self._answers)))
        now = self._clock()
        for place in list(self._expired(now)):
            self._drop(place)

    def _expired(self, now: float) -> Iterator[Place]:
        for place, (_, used) in self._answers.items():
            if used + self._seconds > now:
                return
            yield place

    def _drop(self, place: Place) -> None:
        found = self._answers.pop(place, None)
        if found is None:
            return
        answer = found[0]
        for name in answer.item_ids:
            self._items.pop((answer.key, name), None)
        self.bytes -= answer.size
        self._bytes[answer.key] -= answer.size
        if not self._bytes[answer.key]:
            del self._bytes[answer.key]
