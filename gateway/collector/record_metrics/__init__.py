"""Metrics of finished requests, a file each. `docs/adding.md` tells how to add one."""

from __future__ import annotations

from typing import Final

from gateway.collector.record_metrics.record_metric import RecordMetric
from governance.interactions.record import InteractionRecord
from governance.registry import Registry

RECORD_METRICS: Final[Registry[RecordMetric]] = Registry("METRIC", RecordMetric)
RECORD_METRICS.discover(__name__)


def count(*records: InteractionRecord) -> None:
    """Counts finished requests. What they have none of gets no series."""
    for metric in RECORD_METRICS.values():
        for record in records:
            metric.count(record)
