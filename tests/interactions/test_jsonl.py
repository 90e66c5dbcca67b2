"""The JSONL log: the right day's file, and patience with a disk that refuses."""

from __future__ import annotations

from pathlib import Path

from governance.interactions.record import InteractionRecord
from inference.record.describe import describe
from inference.record.jsonl import JsonlLog
from tests.interactions.batches import batch_of, records_of
from tests.interactions.journeys import NOON, journey

DAY = 86_400


def read(path: Path) -> list[InteractionRecord]:
    return records_of(path.read_bytes().splitlines())


def test_each_record_goes_to_the_file_of_its_day(log_dir: Path) -> None:
    """One flush around midnight writes two files; lines hold what was recorded."""
    log = JsonlLog(log_dir)
    records = [describe(journey(id=f"req_{i}", at=NOON + i * DAY / 2)) for i in range(3)]
    for record in records:
        log.add(batch_of(record))
    log.flush()
    assert read(log_dir / "interactions-2030-03-17.jsonl") == records[:1]
    assert read(log_dir / "interactions-2030-03-18.jsonl") == records[1:]


def test_nothing_is_written_before_the_flush_and_nothing_twice(log_dir: Path) -> None:
    log = JsonlLog(log_dir)
    log.add(batch_of(describe(journey())))
    assert not log_dir.exists()
    log.flush()
    log.flush()
    assert len(read(log_dir / "interactions-2030-03-17.jsonl")) == 1


def test_a_disk_that_refuses_for_a_while(log_dir: Path) -> None:
    """Records wait until the log can be written again."""
    log_dir.write_text("a file stands where the directory should be")
    log = JsonlLog(log_dir)
    log.add(batch_of(describe(journey(id="req_1"))))
    log.flush()
    log.add(batch_of(describe(journey(id="req_2"))))
    log.flush()
    log_dir.unlink()
    log.flush()
    ids = [record.id for record in read(log_dir / "interactions-2030-03-17.jsonl")]
    assert ids == ["req_1", "req_2"]
    assert log.dropped == 0


def test_a_disk_that_refuses_for_long(log_dir: Path) -> None:
    """What no longer fits is counted, the oldest first; memory stays bounded."""
    log_dir.write_text("a file stands where the directory should be")
    log = JsonlLog(log_dir, limit_bytes=4000)
    for number in range(100):
        log.add(batch_of(describe(journey(id=f"req_{number}"))))
        log.flush()
    log_dir.unlink()
    log.flush()
    ids = [record.id for record in read(log_dir / "interactions-2030-03-17.jsonl")]
    assert ids[-1] == "req_99"
    assert 1 < len(ids) < 10
    assert log.dropped == 100 - len(ids)
