"""Rows without the gateway, a few or very many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.db import connection

from governance.interactions.record import InteractionRecord
from governance.interactions.rows import COLUMNS, values_of
from governance.models import Interaction
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import NOON, attempt, plan, request_context

START = datetime.fromtimestamp(NOON, UTC)


def insert(records: Iterable[InteractionRecord]) -> None:
    moment = connection.ops.adapt_datetimefield_value
    _insert([values_of(record, moment) for record in records])


def _insert(rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    marks = ", ".join(["%s"] * len(COLUMNS))
    sql = f"INSERT INTO {Interaction._meta.db_table} ({names}) VALUES ({marks})"
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


def insert_at(*minutes: float, **more: Any) -> None:
    """Requests that began so many minutes after `START`, `req_0` and on in this order."""
    insert(
        describe(request_context(**{"id": f"req_{number}", "at": NOON + minute * 60, **more}))
        for number, minute in enumerate(minutes)
    )


def insert_many(count: int) -> None:
    """A day's traffic, one request a second: most of it fine, some of it not."""
    base = describe(request_context())
    failed = describe(
        request_context(
            attempts=[attempt(provider="capable", outcome="retryable", code="http_503")],
            outcome="retryable",
            error_code="http_503",
            status=502,
        )
    )
    rare = describe(
        request_context(
            plan=plan(profile=None, reason="provider_model"),
            outcome="cancelled",
            error_code="cancelled",
            attempts=[attempt(provider="slow", model="huge", outcome="cancelled")],
        )
    )
    moment = connection.ops.adapt_datetimefield_value
    tails = [values_of(record, moment)[2:] for record in (base, failed, rare)]

    def values(number: int) -> tuple[Any, ...]:
        tail = tails[2] if number % 10_000 == 7 else tails[1] if number % 50 == 3 else tails[0]
        return (f"req_{number}", moment(START + timedelta(seconds=number)), *tail)

    _insert([values(number) for number in range(count)])


def ids(rows: Iterable[Interaction]) -> list[str]:
    return [row.request_id for row in rows]


def fill_days() -> None:
    """The usage ledger by day, of a usage ledger that was made row by row."""
    editor = SimpleNamespace(connection=connection)
    import_module("governance.migrations.0024_usage_pages").fill_days(apps, editor)
