"""Finished requests and errors."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

from gateway.collector.record_metrics.record_metric import (
    RecordMetric,
    profile_of,
    registry,
    series,
)
from governance.interactions.record import InteractionRecord

REQUESTS: Final = Counter(
    "pointsman_requests",
    "Finished requests by how they ended; `fallback` tells answers of local inference, and of a "
    "later target, from those of the first choice (`none`).",
    ("protocol", "request_type", "profile", "outcome", "fallback"),
    registry=registry,
)
ERRORS: Final = Counter(
    "pointsman_request_errors",
    "Requests that ended in an error, by its code; callers who left are not errors.",
    ("profile", "code"),
    registry=registry,
)


def count(record: InteractionRecord) -> None:
    if record.is_shadow:
        return
    profile = profile_of(record)
    series(
        REQUESTS, record.protocol, record.request_type, profile, record.outcome, record.fallback
    ).inc()
    if record.outcome not in ("ok", "cancelled"):
        series(ERRORS, profile, record.error_code).inc()


METRIC = RecordMetric("requests", "Requests and errors", count, rank=10)
