"""Rows: the same record in the database, by the names of its fields."""

from __future__ import annotations

import msgspec
import pytest

from governance.interactions.record import AppliedPrice, InteractionRecord, NamedRef, Usage
from governance.interactions.rows import COLUMNS, record_of, values_of
from governance.models import Interaction
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import NOON, attempt, plan, request_context
from tests.governance.interactions.rows import insert

pytestmark = pytest.mark.django_db

RECORDS = {
    "plain": describe(request_context(), cost_usd=0.00025),
    "refused": describe(
        request_context(
            routing_request=None,
            virtual_key=None,
            plan=None,
            attempts=[],
            usage=None,
            first_token=None,
        )
    ),
    "fallback": describe(
        request_context(
            attempts=[
                attempt(outcome="retryable", code="http_503", status=503),
                attempt(provider="mlx", model="tiny", local_fallback=True),
            ],
            plan=plan(skipped=(("heuristic_rule:long", "There is no profile."),), warning="gone"),
            dropped=("logit_bias",),
            at=NOON - 0.25,
        )
    ),
    "accounted": msgspec.structs.replace(
        describe(
            request_context(
                session="run-1",
                attempts=[
                    attempt(
                        usage=Usage(prompt=5),
                        price=AppliedPrice(
                            prompt=0.15, completion=0.6, cached=0.1, cache_written=0.2
                        ),
                        cost_usd=0.000001,
                    )
                ],
            ),
            node="node-1",
        ),
        group=NamedRef("g-1", "Team"),
        owner=NamedRef("7", "ada"),
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_row_gives_back_its_record(name: str) -> None:
    insert([RECORDS[name]])
    row = Interaction.objects.get()
    assert record_of(row) == RECORDS[name]
    assert row.errors == RECORDS[name].errors


def test_columns_are_the_records_fields() -> None:
    """A field of the record is a column by its name, so a new one cannot be forgotten."""
    columns = {field.column for field in Interaction._meta.concrete_fields} - {"id"}
    assert set(COLUMNS) == columns
    assert len(COLUMNS) == len(columns)
    expected = {"errors"}
    for name in InteractionRecord.__struct_fields__:
        if name in ("key", "profile", "group", "owner"):
            expected |= {f"{name}_id", f"{name}_name"}
        elif name == "usage":
            expected |= {one.encode_name for one in msgspec.structs.fields(Usage)} - {"units"}
        elif name not in ("request", "answer"):
            expected.add("request_id" if name == "id" else name)
    assert columns == expected


def test_what_is_counted_beside_tokens_comes_back() -> None:
    """It stands with the attempts, so that a new unit needs no column."""
    usage = Usage(3, 4, units={"audio_seconds": 1.5})
    record = describe(request_context(usage=usage))
    insert([record])
    assert record_of(Interaction.objects.get()) == record


def test_times_are_written_as_django_compares_them() -> None:
    """Paging looks for rows of exactly a time; whole seconds are where texts differ."""
    insert(describe(request_context(at=NOON + i / 4)) for i in range(5))
    for row in Interaction.objects.all():
        assert Interaction.objects.filter(time=row.time, id=row.pk).exists()
        assert Interaction.objects.filter(time__gte=row.time, time__lte=row.time).count() == 1


def test_content_stays_out_of_the_database() -> None:
    record = describe(request_context())
    insert([msgspec.structs.replace(record, request="a secret", answer="another")])
    row = Interaction.objects.get()
    assert record_of(row) == record
    assert "secret" not in str(vars(row))


def test_a_text_is_no_longer_than_its_column() -> None:
    record = msgspec.structs.replace(
        describe(request_context()), reason="r" * 500, error_code="e" * 500
    )
    values = dict(zip(COLUMNS, values_of(record, str), strict=True))
    assert (len(values["reason"]), len(values["error_code"])) == (300, 60)


def test_errors_fit_into_an_index_whatever_an_upstream_calls_them() -> None:
    """Databases bound the bytes of an index entry, columns the characters."""
    failed = attempt(outcome="retryable", code="Überlastung 過負荷", status=503)
    errors = describe(request_context(attempts=[failed], outcome="retryable")).errors
    assert errors.isascii()
    assert errors.startswith(f"{failed.provider}:\\xdcberlastung")
