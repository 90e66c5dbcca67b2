"""The backlog: first in, first out, small in memory, bounded."""

from __future__ import annotations

import threading
import tracemalloc

from governance.interactions.record import InteractionRecord
from inference.recording.backlog import BLOCK, Backlog
from inference.recording.describe import describe
from tests.interactions.journeys import NOON, journey


def record(number: int) -> InteractionRecord:
    return describe(journey(id=f"req_{number}", at=NOON + number / 1000), cost_usd=number / 7)


def taken(backlog: Backlog, size: int) -> list[InteractionRecord]:
    all_: list[InteractionRecord] = []
    while batch := backlog.first(size):
        all_ += batch
        backlog.done(len(batch))
    return all_


def test_records_come_out_as_they_went_in() -> None:
    """In order and equal, whether they were packed meanwhile or not."""
    backlog = Backlog(limit=10_000)
    records = [record(number) for number in range(BLOCK * 5 + 17)]
    assert all(map(backlog.add, records))
    assert len(backlog) == len(records)
    assert taken(backlog, 50) == records
    assert len(backlog) == 0
    assert backlog.first(50) == []


def test_what_was_shown_stays_until_it_is_done() -> None:
    backlog = Backlog(limit=10)
    backlog.add(record(1))
    backlog.add(record(2))
    assert backlog.first(1) == backlog.first(1) == [record(1)]
    backlog.done(1)
    assert backlog.first(5) == [record(2)]


def test_a_full_backlog_turns_away() -> None:
    backlog = Backlog(limit=3)
    assert [backlog.add(record(number)) for number in range(5)] == [True, True, True, False, False]
    assert backlog.clear() == 3
    assert backlog.add(record(9))


def test_what_the_disk_loses_is_counted_and_the_rest_goes_on() -> None:
    backlog = Backlog(limit=10_000)
    records = [record(number) for number in range(BLOCK * 4)]
    for one in records:
        backlog.add(one)
    backlog._packed._file.seek(0)
    backlog._packed._file.write(b"spoilt")
    assert taken(backlog, 50) == records[:BLOCK] + records[2 * BLOCK :]
    assert backlog.forget_lost() == BLOCK
    assert len(backlog) == 0


def test_a_hundred_thousand_take_next_to_no_memory() -> None:
    backlog = Backlog(limit=1_000_000)
    tracemalloc.start()
    try:
        for number in range(20_000):
            backlog.add(record(number))
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 500_000, "the blocks at both ends"


def test_two_threads() -> None:
    """One adds while the other takes: nothing is lost, doubled or out of order."""
    backlog = Backlog(limit=1_000_000)
    count = BLOCK * 20 + 3
    thread = threading.Thread(target=lambda: [backlog.add(record(n)) for n in range(count)])
    thread.start()
    seen: list[InteractionRecord] = []
    while thread.is_alive() or len(backlog):
        seen += taken(backlog, 7)
    thread.join()
    assert [one.id for one in seen] == [f"req_{n}" for n in range(count)]
