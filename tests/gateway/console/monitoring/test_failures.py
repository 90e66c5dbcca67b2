"""The last hour of a provider's attempts, from the log of all processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.console.monitoring import failures
from gateway.console.monitoring.failures import last_hour
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import NOON, attempt, request_context
from tests.governance.interactions.rows import insert

pytestmark = pytest.mark.django_db
NOW = datetime.fromtimestamp(NOON, UTC) + timedelta(minutes=60)


def failed(code: str = "http_503", outcome: str = "retryable", **more: Any) -> Any:
    return attempt(outcome=outcome, code=code, **more)


def requests(*attempts: list[Any], minute: float = 59) -> None:
    """One request for each list; the last attempt is how it ended."""
    insert(
        describe(
            request_context(
                id=f"req_{minute}_{number}",
                at=NOON + minute * 60 + number,
                attempts=tried,
                outcome=tried[-1].outcome,
                error_code="" if tried[-1].code == "ok" else tried[-1].code,
            )
        )
        for number, tried in enumerate(attempts)
    )


def test_it_works() -> None:
    """Failures that another target made good count as much as those that reached the caller."""
    requests(
        [attempt()],
        [failed(), attempt(provider="capable")],
        [attempt(provider="capable", outcome="retryable", code="stalled"), attempt()],
        [failed("connect_failed")],
        [failed()],
    )
    found = last_hour("FAST", NOW)
    assert (found.failed, found.tried, found.share, found.complete) == (3, 5, 0.6, True)
    assert [(one.code, one.count) for one in found.kinds] == [
        ("http_503", 2),
        ("connect_failed", 1),
    ]
    assert [one.code for one in found.latest] == ["http_503", "connect_failed", "http_503"]
    assert found.latest[0].when > found.latest[-1].when


def test_what_is_not_its_fault_is_told_and_not_counted() -> None:
    requests([failed("http_422", "callers_fault")], [failed("cancelled", "cancelled")], [attempt()])
    found = last_hour("fast", NOW)
    assert (found.failed, found.tried) == (0, 1)
    assert [(one.code, one.counts) for one in found.kinds] == [("http_422", False)]


def test_only_the_last_hour_and_only_this_provider() -> None:
    requests([failed()], minute=-1)
    requests([attempt(provider="capable")], minute=30)
    requests([failed(provider="superfast")], minute=31)
    found = last_hour("fast", NOW)
    assert (found.failed, found.tried, found.kinds) == (0, 0, ())


def test_more_than_is_looked_at_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """In two queries, however long the log."""
    monkeypatch.setattr(failures, "ROWS", 3)
    requests(*[[failed()]] * 5)
    with CaptureQueriesContext(connection) as queries:
        found = last_hour("fast", NOW)
    assert (found.failed, found.complete) == (3, False)
    assert found.since == found.latest[-1].when
    assert len(queries) == 2
