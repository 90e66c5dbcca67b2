"""Attempts at providers, and how long their answers took."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

from gateway.collector.record_metrics.record_metric import (
    SECONDS,
    RecordMetric,
    registry,
    series,
    times,
)
from governance.interactions.record import InteractionRecord

ATTEMPTS: Final = Counter(
    "pointsman_upstream_attempts",
    "Attempts to have a request answered by a provider, by how they ended.",
    ("provider", "outcome"),
    registry=registry,
)
# By provider alone: a series a bucket for each of thousands of profiles would cost more than all
# that they count.
FIRST_TOKEN: Final = Histogram(
    "pointsman_time_to_first_token_seconds",
    "From a request's arrival to the first meaningful event of its answer.",
    ("provider",),
    buckets=SECONDS,
    registry=registry,
)
DURATION: Final = Histogram(
    "pointsman_request_duration_seconds",
    "From a request's arrival to the end of its answer.",
    ("provider",),
    buckets=SECONDS,
    registry=registry,
)


def count(record: InteractionRecord) -> None:
    asked = [one for one in record.attempts if not one.from_cache]
    for attempt in asked:
        series(ATTEMPTS, attempt.provider, attempt.outcome).inc()
    if asked and not record.is_shadow:
        times(DURATION, record.provider).observe(record.duration_ms / 1000)
        if record.first_token_ms is not None:
            times(FIRST_TOKEN, record.provider).observe(record.first_token_ms / 1000)


METRIC = RecordMetric("attempts", "Attempts and their times", count, rank=30)
