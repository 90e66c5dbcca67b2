"""The collector in this process: each record once, whatever is in the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import DataError, OperationalError, connection
from django.db.models import Sum

from gateway.collector import status
from gateway.collector.collector import Collector
from gateway.collector.places import Places
from governance.interactions.ledger import COUNTS, add_up
from governance.interactions.rows import record_of
from governance.models import DayFileOffset, Interaction, SegmentOffset, UsageBucket
from inference.record.record import Content
from inference.record.segments import SegmentWriter, segments_in
from inference.values.usage import Usage
from tests.governance.interactions.request_contexts import NOON, attempt, request_context
from tests.support.collecting import collect, line, places_in, records_of, write

pytestmark = pytest.mark.django_db(transaction=True)
DAY = "interactions-2030-03-17.jsonl"


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return places_in(tmp_path)


def ids(where: Places, day: str = DAY) -> list[str]:
    """Of the rows, in their order, once it is shown that the day file and the ledger agree."""
    rows = list(Interaction.objects.order_by("id").values_list("request_id", flat=True))
    assert [record.id for record in records_of(where.day_files / day)] == rows
    assert UsageBucket.objects.aggregate(n=Sum("requests"))["n"] == len(rows)
    return rows


def some(count: int, first: int = 0) -> list[Any]:
    return [request_context(id=f"req_{number}") for number in range(first, first + count)]


class Meddling:
    """Has statements that touch a table fail as often as it is told."""

    def __init__(self, table: str, error: Exception, when: Callable[[Any], bool] = bool) -> None:
        self.table, self.error, self.when = table, error, when
        self.left = 10**9
        self.tries = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.left and "INSERT" in sql and self.table in sql and self.when(params):
            self.left -= 1
            self.tries += 1
            raise self.error
        return execute(sql, params, many, context)


def test_it_works(where: Places) -> None:
    """Rows, ledger, day file; the segment of a writer that is gone goes, and so does its offset."""
    write(where.segments, some(3))
    collect(where)
    assert ids(where) == ["req_0", "req_1", "req_2"]
    assert segments_in(where.segments) == []
    assert SegmentOffset.objects.count() == 0
    assert (where.day_files / DAY).stat().st_mode & 0o077 == 0
    said = status.read(where.published)
    assert said is not None
    assert (said.lag, said.backlog, said.lost, said.trouble) == (0, 0, 0, "")
    collect(where)
    assert len(ids(where)) == 3


def test_a_writer_that_lives_is_followed(where: Places) -> None:
    """Line by line; half a line waits for its end."""
    writer = SegmentWriter(where.segments)
    collector = Collector(where, receive_gauges=False)
    for number in range(3):
        writer.add(line(request_context(id=f"req_{number}")))
        writer.flush()
        collector.run_once()
        assert len(ids(where)) == number + 1
    ((name, _),) = segments_in(where.segments)
    last = line(request_context(id="req_3"))
    for part in (last[:100], last[100:]):
        assert len(ids(where)) == 3
        with (where.segments / name).open("ab") as file:
            file.write(part)
        collector.run_once()
    assert len(ids(where)) == 4
    assert SegmentOffset.objects.get().offset == (where.segments / name).stat().st_size
    writer.close()
    collector.run_once()
    assert segments_in(where.segments) == []


def test_more_than_a_batch_of_several_writers(where: Places) -> None:
    for web in range(3):
        write(where.segments, some(700, web * 700), segment_bytes=100_000)
        for name, _ in segments_in(where.segments):
            # As if another process had written it.
            path, mine = where.segments / name, f"-{os.getpid()}-"
            path.rename(path.with_name(name.replace(mine, f"-{web + 1}-")))
    collect(where)
    assert sorted(ids(where)) == sorted(f"req_{number}" for number in range(2100))
    own = [int(one[4:]) for one in ids(where) if int(one[4:]) < 700]
    assert own == sorted(own), "the records of one process stay in their order"


def test_a_torn_last_line_is_dropped_and_counted(where: Places) -> None:
    write(where.segments, some(2))
    ((name, _),) = segments_in(where.segments)
    with (where.segments / name).open("ab") as file:
        file.write(line(request_context())[:77])
    collect(where)
    assert len(ids(where)) == 2
    assert segments_in(where.segments) == []
    assert status.read(where.published).lost == 1


def test_what_is_no_record_is_left_out_and_counted(where: Places) -> None:
    writer = SegmentWriter(where.segments)
    for text in (
        line(request_context(id="req_0")),
        b"rubbish\n",
        line(request_context(id="req_1")),
    ):
        writer.add(text)
    writer.close()
    collect(where)
    assert ids(where) == ["req_0", "req_1"]
    assert status.read(where.published).lost == 1


def test_the_log_of_a_newer_release_waits_for_it(where: Places) -> None:
    """What stands before is taken in; the rest stays on disk."""
    writer = SegmentWriter(where.segments)
    for text in (
        line(request_context(id="req_0")),
        b'{"v":99}\n',
        line(request_context(id="req_1")),
    ):
        writer.add(text)
    writer.close()
    collect(where)
    assert ids(where) == ["req_0"]
    assert len(segments_in(where.segments)) == 1
    assert status.read(where.published).backlog > 0


def test_lines_of_the_version_before_are_taken_in(where: Places) -> None:
    from inference.record.describe import describe

    old = msgspec.to_builtins(describe(request_context(id="old"), 0.5))
    for name in ("node", "group", "owner", "session"):
        del old[name]
    for name in ("usage", "price", "cost_usd"):
        del old["attempts"][0][name]
    writer = SegmentWriter(where.segments)
    writer.add(msgspec.json.encode(old) + b"\n")
    writer.close()
    collect(where)
    assert ids(where) == ["old"]
    assert UsageBucket.objects.get().cost_micro_usd == 500_000
    assert UsageBucket.objects.get().prompt_tokens == 1000


@pytest.mark.parametrize("table", ["governance_interaction", "governance_usagebucket", "offset"])
def test_a_database_that_is_away_is_waited_for(where: Places, table: str) -> None:
    """Wherever in the transaction it fails: afterwards every record is there once."""
    write(where.segments, some(250))
    collector = Collector(where, receive_gauges=False)
    meddling = Meddling(table, OperationalError("the database is away"))
    with connection.execute_wrapper(meddling):
        for _ in range(3):
            collector._retry_at = 0.0
            assert not collector.step()
        collector.publish()
    assert meddling.tries == 3
    assert "the database is away" in status.read(where.published).trouble
    assert status.read(where.published).lag > 0 or NOON > 0
    assert Interaction.objects.count() == 0
    collector.run_once()
    assert ids(where) == [f"req_{number}" for number in range(250)]
    assert status.read(where.published).trouble == ""


def test_a_collector_that_died_before_its_commit(where: Places) -> None:
    """The day file has lines already whose rows never came: they are not there twice."""
    write(where.segments, some(30))
    collect(where)
    write(where.segments, some(30, 30))
    dying = Collector(where, receive_gauges=False)
    with connection.execute_wrapper(Meddling("usagebucket", OperationalError("died"))):
        dying._follower.begin(dying._store.offsets())
        dying._settled = True
        with pytest.raises(OperationalError):
            dying._take_in()
    assert len(records_of(where.day_files / DAY)) == 60
    collect(where)
    assert ids(where) == [f"req_{number}" for number in range(60)]


def test_a_row_the_database_refuses_takes_no_other_with_it(where: Places) -> None:
    """It stays in the day file; it is counted; what comes after it is taken in at full pace."""
    write(where.segments, some(150))

    def refused(params: Any) -> bool:
        return any("req_13" in row for row in params)

    error = DataError("invalid byte sequence")
    with connection.execute_wrapper(Meddling("governance_interaction", error, refused)):
        collect(where)
    rows = set(Interaction.objects.values_list("request_id", flat=True))
    assert rows == {f"req_{number}" for number in range(150)} - {"req_13"}
    assert len(records_of(where.day_files / DAY)) == 150
    assert status.read(where.published).lost == 1
    assert UsageBucket.objects.aggregate(n=Sum("requests"))["n"] == 149


def test_the_ledger_is_the_sum_of_the_rows(where: Places) -> None:
    """Buckets of several batches are added to, never replaced; failed attempts cost too."""
    failed = attempt(
        provider="capable",
        model="gpt-4o-mini",
        outcome="retryable",
        usage=Usage(prompt=10_000, completion=3),
    )
    for turn in range(4):
        write(
            where.segments,
            [
                request_context(
                    at=NOON + number * 600,
                    attempts=[msgspec.structs.replace(failed), attempt()] if number % 3 else [],
                    usage=Usage(prompt=turn, completion=number, cached=1, reasoning=2),
                )
                for number in range(20)
            ],
        )
        collect(where)
    expected = add_up(map(record_of, Interaction.objects.all()))
    found = {
        (row.start.isoformat(), row.provider, row.model): [getattr(row, one) for one in COUNTS]
        for row in UsageBucket.objects.all()
    }
    assert len(found) > 10
    assert found == {
        (place.start, place.provider, place.model): [getattr(used, one) for one in COUNTS]
        for place, used in expected.items()
    }
    assert sum(counts[-1] for counts in found.values()) > 0


def test_what_was_said_is_in_the_day_file_alone(where: Places) -> None:
    answer = b'{"choices":[{"message":{"content":"another"}}]}'
    write(where.segments, [request_context(content=Content(b"a secret", [answer], size=55))])
    collect(where)
    (record,) = records_of(where.day_files / DAY)
    assert (record.request, record.answer) == ("a secret", "another")
    row = Interaction.objects.get()
    assert "secret" not in str(vars(row))
    assert record_of(row).id == record.id


def test_each_record_goes_to_the_file_of_its_day(where: Places) -> None:
    days = [request_context(id=f"req_{number}", at=NOON + number * 43_200) for number in range(3)]
    write(where.segments, days)
    collect(where)
    assert [one.id for one in records_of(where.day_files / DAY)] == ["req_0"]
    later = where.day_files / "interactions-2030-03-18.jsonl"
    assert [one.id for one in records_of(later)] == ["req_1", "req_2"]
    assert DayFileOffset.objects.count() == 2


def test_a_second_collector_is_noticed(where: Places) -> None:
    """Offsets that somebody else has moved are read again, and nothing is taken in twice."""
    writer = SegmentWriter(where.segments)
    for one in some(3):
        writer.add(line(one))
    writer.flush()
    first, second = (Collector(where, receive_gauges=False) for _ in range(2))
    first.run_once()
    second.run_once()
    writer.add(line(request_context(id="req_3")))
    writer.flush()
    first.run_once()
    assert not second.step()
    assert second._trouble.startswith("Overtaken")
    second.run_once()
    assert ids(where) == ["req_0", "req_1", "req_2", "req_3"]
    writer.close()


def test_lag_and_losses_are_told(where: Places) -> None:
    import time

    write(where.segments, [request_context(at=time.time() - 100, duration=10.0)])
    collector = Collector(where, receive_gauges=False)
    with connection.execute_wrapper(Meddling("interaction", OperationalError("away"))):
        collector.step()
        collector.publish()
    said = status.read(where.published)
    assert 89 < said.lag < 100
    text = (where.published / "metrics.prom").read_text()
    assert f"pointsman_collector_backlog_bytes {float(said.backlog)}" in text
    collector.run_once()
    assert status.read(where.published).lag == 0
