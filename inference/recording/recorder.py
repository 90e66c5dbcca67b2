"""The recorder: what the event loop leaves behind becomes records, on a thread of its own."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
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
INTERVAL: Final = 0.25
"""Seconds between two looks at the queue: what a killed process loses at most, and some."""
LONG_TEXT: Final = 1000
"""Characters of a last user message that is not worth holding on to."""
_SLICE: Final = 0.0005
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
        if len(self._queue) >= self._limit:
            self.dropped += 1
            return
        ask = journey.ask
        if ask is not None and ask.features.last_user_characters > LONG_TEXT:
            features = dataclasses.replace(ask.features, last_user_text="")
            journey.ask = dataclasses.replace(ask, features=features)
        self._queue.append(journey)
