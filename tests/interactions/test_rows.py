"""Rows: the same record in the database, and patience with a database that is away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from django.db import DataError, OperationalError, connection

from governance.interactions.record import InteractionRecord
from governance.interactions.rows import COLUMNS, record_of
from governance.models import Interaction
from inference.record.batch import line_of
from inference.record.describe import describe
from inference.record.rows import RowWriter
from tests.interactions.batches import batch_of
from tests.interactions.journeys import NOON, attempt, journey, plan

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def writer() -> Iterator[RowWriter]:
    writer = RowWriter(first_pause=0.01)
    yield writer
    writer.stop()


def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not _unlocked(holds):
        assert time.monotonic() < deadline, "It did not come to hold in time."
        time.sleep(0.01)


def _unlocked(holds: Callable[[], bool]) -> bool:
    """False where a writer is just writing: the tests' database lives in memory, where a reader
    is refused at once instead of waiting, as it would in a file."""
    try:
        return holds()
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        return False


def written(writer: RowWriter, *records: InteractionRecord) -> list[Interaction]:
    for record in records:
        writer.add(batch_of(record))
    writer.start()
    writer.stop()
    return list(Interaction.objects.order_by("id"))


class Failing:
    """Makes INSERTs raise for as long as it is told to."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.tries = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "INSERT" in sql and self.error is not None:
            self.tries += 1
            raise self.error
        return execute(sql, params, many, context)


class Interfering(RowWriter):
    """A writer whose statements pass through a wrapper, on its own connection."""

    wrapper: Any

    def _execute(self, batch: Any) -> None:
        with connection.execute_wrapper(self.wrapper):
            super()._execute(batch)


RECORDS = {
    "plain": describe(journey(), cost_usd=0.00025),
    "refused": describe(
        journey(ask=None, grant=None, plan=None, attempts=[], usage=None, first_token=None)
    ),
    "fallback": describe(
        journey(
            attempts=[
                attempt(outcome="retryable", code="http_503", status=503),
                attempt(provider="mlx", model="tiny", local_fallback=True),
            ],
            plan=plan(skipped=(("heuristic_rule:long", "There is no profile."),), warning="gone"),
            dropped=("logit_bias",),
            at=NOON - 0.25,
        )
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_row_gives_back_its_record(writer: RowWriter, name: str) -> None:
    (row,) = written(writer, RECORDS[name])
    assert record_of(row) == RECORDS[name]
    assert row.errors == RECORDS[name].errors


def test_every_column_is_filled() -> None:
    """The list of columns is the model's, so a new field cannot be forgotten."""
    assert set(COLUMNS) == {field.column for field in Interaction._meta.concrete_fields} - {"id"}


def test_times_are_written_as_django_compares_them(writer: RowWriter) -> None:
    """Paging looks for rows of exactly a time; whole seconds are where texts differ."""
    rows = written(writer, *(describe(journey(at=NOON + i / 4)) for i in range(5)))
    for row in rows:
        assert Interaction.objects.filter(time=row.time, id=row.pk).exists()
        assert Interaction.objects.filter(time__gte=row.time, time__lte=row.time).count() == 1


def test_content_stays_out_of_the_database(writer: RowWriter) -> None:
    record = describe(journey())
    whole = msgspec.structs.replace(record, request="a secret", answer="another")
    batch = batch_of(record)
    batch.whole = [line_of(whole)]
    writer.add(batch)
    writer.start()
    writer.stop()
    row = Interaction.objects.get()
    assert record_of(row) == record
    assert "secret" not in str(vars(row))


def test_many_rows_in_batches(writer: RowWriter) -> None:
    rows = written(writer, *(describe(journey(id=f"req_{i}")) for i in range(1234)))
    assert [row.request_id for row in rows] == [f"req_{i}" for i in range(1234)]
    assert writer.dropped == 0


def test_an_outage_is_waited_out() -> None:
    """Rows written while the database is away arrive when it is back, in order and once."""
    writer = Interfering(first_pause=0.01)
    writer.wrapper = failing = Failing(OperationalError("the database is away"))
    writer.start()
    for number in range(250):
        writer.add(batch_of(describe(journey(id=f"req_{number}"))))
    writer.flush()
    eventually(lambda: failing.tries >= 3)
    failing.error = None
    eventually(lambda: Interaction.objects.count() == 250)
    writer.stop()
    ids = list(Interaction.objects.order_by("id").values_list("request_id", flat=True))
    assert ids == [f"req_{number}" for number in range(250)]
    assert writer.dropped == 0


def test_a_long_outage_drops_and_counts() -> None:
    """Memory stays bounded, adding never waits, and stopping does not wait for the database."""
    writer = Interfering(limit=100, first_pause=30)
    writer.wrapper = Failing(OperationalError("the database is away"))
    writer.start()
    began = time.monotonic()
    for _ in range(500):
        writer.add(batch_of(describe(journey())))
        writer.flush()
    assert writer.dropped == 400
    writer.stop()
    assert time.monotonic() - began < 4
    assert writer.dropped == 500
    assert Interaction.objects.count() == 0


def test_a_row_the_database_refuses_takes_no_other_with_it() -> None:
    writer = Interfering()
    refused = "req_13"

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if many and any(refused in row for row in params):
            raise DataError("invalid byte sequence")
        return execute(sql, params, many, context)

    writer.wrapper = refuse
    rows = written(writer, *(describe(journey(id=f"req_{i}")) for i in range(150)))
    assert len(rows) == 149
    assert refused not in {row.request_id for row in rows}
    assert writer.dropped == 1
