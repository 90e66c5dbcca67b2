"""The recorder: what the event loop leaves behind becomes records, on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from governance.interactions.record import InteractionRecord
from inference.record import Journey
from inference.recording.content import with_content
from inference.recording.describe import describe
from inference.recording.prices import cost_of

log = structlog.get_logger("pointsman.recording")

LIMIT: Final = 20_000
"""Journeys that may wait: two seconds at full speed."""
LIMIT_BYTES: Final = 64 * 1024 * 1024
"""Content that may wait, where it is kept."""
INTERVAL: Final = 0.1
"""Seconds between two looks at the queue: what a killed process loses at most, and some."""
LONG_TEXT: Final = 1000
"""Characters of a last user message that is not worth holding on to."""
_SLICE: Final = 0.0002
_LONG_SLICE: Final = 0.001
_BEHIND: Final = 1000
"""Journeys; while more are waiting, slices are long: falling behind is worse than a delay."""
_REST: Final = 0.001


class Destination(Protocol):
    """Where records go. Called from the recorder's thread alone; must not block for long."""

    dropped: int

    def add(self, record: InteractionRecord) -> None: ...

    def flush(self) -> None: ...


class Recorder:
    """Takes finished journeys from event loops and carries them to every destination."""

    def __init__(
        self, destinations: Sequence[Destination], *, limit: int = LIMIT, interval: float = INTERVAL
    ) -> None:
        self._destinations = tuple(destinations)
        self._limit = limit
        self._interval = interval
        self._queue: deque[Journey] = deque()
        # Two counters, so that each has one writer: the event loop and the thread.
        self._content_in = self._content_out = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed = False
        self.dropped = 0
        """Journeys turned away because the queue was full, or that could not be described."""

    def accept(self, journey: Journey) -> None:
        """Puts a finished journey in the queue; when that is full, counts it and forgets it.

        This is all that happens on the event loop: no lock, no wake-up.
        """
        queue = self._queue
        if len(queue) >= self._limit:
            self.dropped += 1
            return
        ask = journey.ask
        if ask is not None and ask.features.last_user_characters > LONG_TEXT:
            features = ask.features._replace(last_user_text="")
            journey.ask = ask._replace(features=features)
        content = journey.content
        if content is not None:
            if self._content_in - self._content_out + content.size > LIMIT_BYTES:
                journey.content = None
            else:
                self._content_in += content.size
        queue.append(journey)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Carries what is still in the queue; waits for that at most `timeout` seconds."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            self._carry()
        self._carry()

    def _carry(self) -> None:
        """Empties the queue in slices, with rests between them.

        A thread that computes keeps the event loop waiting for up to the interpreter's switch
        interval each time it wakes, which is ten times as long as a request takes.
        """
        queue, clock = self._queue, time.perf_counter
        flush_at = clock() + self._interval
        rest_at = clock() + _SLICE
        while queue:
            self._carry_one(queue.popleft())
            now = clock()
            if now >= flush_at:
                self._flush()
                flush_at = clock() + self._interval
            if now >= rest_at and not self._stopping.is_set():
                time.sleep(_REST)
                rest_at = clock() + (_LONG_SLICE if len(queue) > _BEHIND else _SLICE)
        self._flush()

    def _carry_one(self, journey: Journey) -> None:
        if journey.content is not None:
            self._content_out += journey.content.size
        try:
            record = with_content(describe(journey, cost_of(journey)), journey)
        except Exception as error:
            self.dropped += 1
            self._complain(error)
            return
        for destination in self._destinations:
            try:
                destination.add(record)
            except Exception as error:
                destination.dropped += 1
                self._complain(error)

    def _flush(self) -> None:
        for destination in self._destinations:
            try:
                destination.flush()
            except Exception as error:
                self._complain(error)

    def _complain(self, error: Exception) -> None:
        """A fault of ours: one of them is worth a line, a flood of them is not."""
        if not self._failed:
            self._failed = True
            log.error("interaction_not_recorded", exc_info=error)
