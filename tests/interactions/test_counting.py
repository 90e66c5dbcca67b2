"""Requests are added up on the event loop, and told by the recorder's thread now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from governance.interactions.record import InteractionRecord
from inference.record.open_batches import FULL
from inference.record.record import Content
from inference.record.recorder import Recorder
from tests.interactions.batches import accept
from tests.interactions.conftest import Kept
from tests.interactions.journeys import journey


class Counted:
    """Counts records by hand: `taken` are those the thread was told of, a list each time."""

    def __init__(self) -> None:
        self.taken: list[list[str]] = []

    def begin(self) -> Ids:
        return Ids()

    def take(self, counts: Ids) -> Iterator[None]:
        self.taken.append(counts.ids)
        yield

    def flush(self) -> None:
        pass


class Ids:
    def __init__(self) -> None:
        self.ids: list[str] = []

    def add(self, record: InteractionRecord) -> None:
        self.ids.append(record.id)


def test_records_are_counted_over_many_batches(kept: Kept) -> None:
    counting = Counted()
    recorder = Recorder((kept,), counting=counting, interval=60)
    accept(recorder, *(journey(id=f"req_{number}") for number in range(3 * FULL)))
    accept(recorder, journey(id="said", content=Content(b"", size=0)))
    recorder.start()
    recorder.stop()
    assert counting.taken == [[f"req_{number}" for number in range(3 * FULL)], ["said"]]


async def test_counts_are_told_while_nothing_more_happens(kept: Kept) -> None:
    """The last requests before a quiet night are counted too."""
    counting = Counted()
    recorder = Recorder((kept,), counting=counting, interval=0.005, counts_interval=0.02)
    recorder.start()
    for number in range(2):
        recorder.accept(journey(id=f"req_{number}"))
        deadline = time.monotonic() + 2
        while len(counting.taken) <= number:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)
    recorder.stop()
    assert counting.taken == [["req_0"], ["req_1"]]


def test_counting_that_fails_harms_no_line(kept: Kept) -> None:
    class Broken(Counted):
        def take(self, counts: Ids) -> Iterator[None]:
            raise RuntimeError("broken")

    recorder = Recorder((kept,), counting=Broken(), interval=60)
    accept(recorder, journey())
    recorder.start()
    recorder.stop()
    assert len(kept.records) == 1
