"""What routing decided."""

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

HITS: Final = Counter(
    "pointsman_routing_profile_hits",
    "Requests a routing profile was chosen for, by why it was.",
    ("profile", "reason"),
    registry=registry,
)
FALLBACKS: Final = Counter(
    "pointsman_routing_profile_fallbacks",
    "Requests that a later target or local inference answered, by why the first choice did not.",
    ("profile", "fallback", "reason"),
    registry=registry,
)
REJECTIONS: Final = Counter(
    "pointsman_routing_profile_rejections",
    "Targets passed over for a request, by the reason.",
    ("profile", "reason"),
    registry=registry,
)


def count(record: InteractionRecord) -> None:
    if record.is_shadow:
        return
    profile = profile_of(record)
    if record.profile is not None:
        series(HITS, profile, record.reason).inc()
    if record.fallback != "none":
        series(FALLBACKS, profile, record.fallback, record.fallback_reason).inc()
    for one in record.decision.rejections:
        series(REJECTIONS, profile, one.reason).inc()


METRIC = RecordMetric("routing", "Routing", count, rank=20)
