"""What an operator is told of the collector."""

from __future__ import annotations

import pytest

from gateway.collector.status import Status
from gateway.console.monitoring.collector import collector_attention

NOW = 1_900_000_000.0


def codes(status: Status | None) -> list[str]:
    return [one.code for one in collector_attention(status, NOW)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status(NOW, 1), []),
        (None, ["collector_away"]),
        (Status(NOW - 60, 1, lost=3, lost_at=NOW), ["collector_away", "records_lost"]),
        (Status(NOW, 1, lag=60, trouble="OperationalError: away"), ["collector_stuck"]),
        (Status(NOW, 1, lag=60), ["collector_late"]),
        (Status(NOW, 1, lag=1), []),
        (Status(NOW, 1, lost=1, lost_at=NOW - 60), ["records_lost"]),
        (Status(NOW, 1, lost=1, lost_at=NOW - 86_400), []),
    ],
)
def test_it_works(status: Status | None, expected: list[str]) -> None:
    assert codes(status) == expected


def test_the_command_is_named() -> None:
    (one,) = collector_attention(None, NOW)
    assert "manage.py collect" in one.detail


def test_what_is_wrong_is_said() -> None:
    (one,) = collector_attention(Status(NOW, 1, backlog=2_500_000, trouble="The disk is full"), NOW)
    assert one.detail.startswith("The disk is full")
    assert "2.5 MB" in one.detail
