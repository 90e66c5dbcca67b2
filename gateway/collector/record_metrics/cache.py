"""Requests to profiles that have a cache of answers."""

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

CACHE: Final = Counter(
    "pointsman_cache_requests",
    "Requests to profiles that have a cache, by what came of it: `hit`, `miss` or `bypass`.",
    ("profile", "result"),
    registry=registry,
)


def count(record: InteractionRecord) -> None:
    if record.decision.cache:
        series(CACHE, profile_of(record), record.decision.cache).inc()


METRIC = RecordMetric("cache", "Cached answers", count, rank=35)
