"""The backlog: first in, first out, small in memory, bounded."""

from __future__ import annotations

import threading
import tracemalloc

from inference.record.backlog import BLOCK, Backlog
from inference.record.batch import line_of
from inference.record.describe import describe
from tests.interactions.journeys import NOON, journey


def line(number: int) -> bytes:
    what = journey(id=f"req_{number}", at=NOON + number / 1000, model="größer\u2028")
    return line_of(describe(what, cost_usd=number / 7))


def taken(backlog: Backlog, size: int) -> list[bytes]:
    all_: list[bytes] = []
    while batch := backlog.first(size):
        all_ += batch
        backlog.done(len(batch))
    return all_


def test_lines_come_out_as_they_went_in() -> None:
    """In order and equal, whether they were packed meanwhile or not."""
    backlog = Backlog(limit=10_000)
    lines = [line(number) for number in range(BLOCK * 5 + 17)]
    assert backlog.add(lines) == len(lines)
    assert len(backlog) == len(lines)
    assert taken(backlog, 50) == lines
    assert len(backlog) == 0
    assert backlog.first(50) == []


def test_what_was_shown_stays_until_it_is_done() -> None:
    backlog = Backlog(limit=10)
    backlog.add([line(1), line(2)])
    assert backlog.first(1) == backlog.first(1) == [line(1)]
    backlog.done(1)
    assert backlog.first(5) == [line(2)]


def test_a_full_backlog_turns_away() -> None:
    backlog = Backlog(limit=3)
    assert backlog.add([line(1), line(2)]) == 2
    assert backlog.add([line(3), line(4), line(5)]) == 1
    assert backlog.add([line(6)]) == 0
    assert backlog.clear() == 3
    assert backlog.add([line(9)]) == 1


def test_what_the_disk_loses_is_counted_and_the_rest_goes_on() -> None:
    backlog = Backlog(limit=10_000)
    lines = [line(number) for number in range(BLOCK * 4)]
    backlog.add(lines)
    backlog._packed._file.seek(0)
    backlog._packed._file.write(b"spoilt")
    assert taken(backlog, 50) == lines[:BLOCK] + lines[2 * BLOCK :]
    assert backlog.forget_lost() == BLOCK
    assert len(backlog) == 0


def test_a_hundred_thousand_take_next_to_no_memory() -> None:
    backlog = Backlog(limit=1_000_000)
    tracemalloc.start()
    try:
        for number in range(20_000):
            backlog.add([line(number)])
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 500_000, "the blocks at both ends"


def test_two_threads() -> None:
    """One adds while the other takes: nothing is lost, doubled or out of order."""
    backlog = Backlog(limit=1_000_000)
    count = BLOCK * 20 + 3
    thread = threading.Thread(target=lambda: [backlog.add([line(n)]) for n in range(count)])
    thread.start()
    seen: list[bytes] = []
    while thread.is_alive() or len(backlog):
        seen += taken(backlog, 7)
    thread.join()
    assert seen == [line(n) for n in range(count)]
