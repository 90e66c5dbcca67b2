"""The recorder: what finished requests leave behind becomes lines, and a thread carries them off.

A line takes some microseconds, so the event loop makes it itself, when the answer has left. A
thread that makes lines would need the interpreter for as long, and takes it from a request each
time it does: that is what callers would notice. What takes longer is left to the thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Protocol

import structlog

from inference.record.batch import Batch, day_of, line_of
from inference.record.content import with_content
from inference.record.counting import Counting, Counts, Uncounted
from inference.record.describe import describe
from inference.record.open_batches import OpenBatches
from inference.record.prices import NotAtHand, cost_at_hand, cost_of
from inference.record.record import RequestContext

log = structlog.get_logger("pointsman.recording")

LIMIT: Final = 20_000
"""Records that may wait for the thread: two seconds at full speed."""
LIMIT_BYTES: Final = 64 * 1024 * 1024
"""Content that may wait, where it is kept."""
INTERVAL: Final = 0.1
"""Seconds until a batch is handed over, and between two looks of the thread: what a killed process
loses is what waits for both, and some."""
COUNTS_INTERVAL: Final = 2.0
"""Seconds for which requests are added up before metrics are told: a label costs more than the
request it counts, and many requests have the same."""
LONG_TEXT: Final = 1000
"""Characters of a last user message that is not worth holding on to."""
_SLICE: Final = 0.0001
_LONG_SLICE: Final = 0.0005
_REST: Final = 0.001
_MANY: Final = 500
"""Records; when a look finds more, requests wait for each other anyway: slices are long, which
costs less in all."""
_BEHIND: Final = 5000
"""Records; while more are waiting there is no rest: falling behind is worse than a delay."""


class Destination(Protocol):
    """Where records go. Called from the recorder's thread alone; must not block for long."""

    dropped: int

    def add(self, batch: Batch) -> None: ...

    def flush(self) -> None: ...


class Recorder:
    """Takes finished journeys from event loops and carries them to every destination."""

    def __init__(
        self,
        destinations: Sequence[Destination],
        *,
        counting: Counting[Any] | None = None,
        limit: int = LIMIT,
        interval: float = INTERVAL,
        counts_interval: float = COUNTS_INTERVAL,
    ) -> None:
        self._destinations = tuple(destinations)
        self._counting: Counting[Any] = counting or Uncounted()
        self._limit = limit
        self._interval = interval
        self._open = OpenBatches(
            self._counting.begin, interval=interval, counts_interval=counts_interval
        )
        self._handed = self._open.handed_over
        self._slow: deque[RequestContext] = deque()
        # Two counters each, so that each has one writer: the event loop and the thread.
        self._lines_in = self._lines_out = 0
        self._content_in = self._content_out = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._own: Counts | None = None
        """Of the records that the thread describes itself, during one look."""
        self._failed = False
        self._rest_at = 0.0
        self._slice = _SLICE
        self.dropped = 0
        """Journeys turned away because too many were waiting, or that could not be described."""

    def accept(self, journey: RequestContext) -> None:
        """Records a finished journey; when too many are waiting, counts it and forgets it.

        Called on an event loop, where it takes no lock and wakes nobody.
        """
        if self._waiting() >= self._limit:
            self.dropped += 1
            return
        if journey.content is not None:
            self._put_off(journey)
            return
        try:
            record = describe(journey, cost_at_hand(journey))
            line = line_of(record)
        except NotAtHand:
            self._put_off(journey)
            return
        except Exception as error:
            self.dropped += 1
            self._complain(error)
            return
        self._lines_in += 1
        self._open.add(day_of(record), line, record)

    def _waiting(self) -> int:
        """Records that are not with their destinations yet."""
        return self._lines_in - self._lines_out + len(self._slow)

    def _put_off(self, journey: RequestContext) -> None:
        """Leaves a journey to the thread, without what would fill the memory."""
        ask, content = journey.ask, journey.content
        if ask is not None and ask.features.last_user_characters > LONG_TEXT:
            features = ask.features._replace(last_user_text="")
            journey.ask = ask._replace(features=features)
        if content is not None:
            if self._content_in - self._content_out + content.size > LIMIT_BYTES:
                journey.content = None
            else:
                self._content_in += content.size
        self._slow.append(journey)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Carries what is still waiting; waits for that at most `timeout` seconds.

        Nothing may be accepted any more.
        """
        self._open.hand_over()
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            self._carry()
        self._carry()

    def _carry(self) -> None:
        """Empties both queues."""
        many = self._waiting() > _MANY
        self._slice = _LONG_SLICE if many else _SLICE
        self._rest_at = time.perf_counter() + self._slice
        while self._slow or self._handed:
            if self._handed:
                batch = self._handed.popleft()
                self._lines_out += len(batch.plain)
                self._add(batch)
            else:
                self._describe(self._slow.popleft())
            if not many:
                self._flush()
        self._flush()
        self._tell()

    def _tell(self) -> None:
        counted = self._open.counted
        if self._own is not None:
            counted.append(self._own)
            self._own = None
        while counted:
            try:
                for _ in self._counting.take(counted.popleft()):
                    self._rest()
            except Exception as error:
                self._complain(error)
        try:
            self._counting.flush()
        except Exception as error:
            self._complain(error)

    def _flush(self) -> None:
        for destination in self._destinations:
            try:
                destination.flush()
            except Exception as error:
                self._complain(error)
            self._rest()

    def _rest(self) -> None:
        """Lets the event loop go on, after a slice of work.

        A thread that works keeps it waiting: for the interpreter, for up to its switch interval,
        and for the core they share, for up to the system's time slice. Both are ten times as long
        as a request takes.
        """
        if time.perf_counter() < self._rest_at:
            return
        if self._waiting() < _BEHIND and not self._stopping.is_set():
            time.sleep(_REST)
        self._rest_at = time.perf_counter() + self._slice

    def _describe(self, journey: RequestContext) -> None:
        """Makes of a journey what `accept` left to the thread."""
        if journey.content is not None:
            self._content_out += journey.content.size
        try:
            record = describe(journey, cost_of(journey))
            batch = Batch(day_of(record), [line_of(record)])
            if journey.content is not None:
                batch.whole = [line_of(with_content(record, journey))]
        except Exception as error:
            self.dropped += 1
            self._complain(error)
            return
        if self._own is None:
            self._own = self._counting.begin()
        self._own.add(record)
        self._add(batch)

    def _add(self, batch: Batch) -> None:
        for destination in self._destinations:
            try:
                destination.add(batch)
            except Exception as error:
                destination.dropped += len(batch.plain)
                self._complain(error)
            self._rest()

    def _complain(self, error: Exception) -> None:
        """A fault of ours: one of them is worth a line, a flood of them is not."""
        if not self._failed:
            self._failed = True
            log.error("interaction_not_recorded", exc_info=error)
