"""Metrics of the node itself, and what the collector tells of all. See `record_metrics`."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, generate_latest

from gateway.collector.record_metrics.record_metric import registry

DROPPED: Final = Counter(
    "pointsman_interactions_dropped",
    "Interactions that were lost: not written to the log (full disk), torn (a process that was "
    "killed), or refused by the database.",
    ("stage",),
    registry=registry,
)
STAGES: Final = ("log", "torn", "database")
IN_FLIGHT: Final = Gauge(
    "pointsman_requests_in_flight",
    "Requests to the chat API that are being answered.",
    registry=registry,
)
CONNECTIONS: Final = Gauge(
    "pointsman_connections",
    "Open connections of callers.",
    registry=registry,
)
LAG: Final = Gauge(
    "pointsman_collector_lag_seconds",
    "Since the oldest record ended that is not in the database yet; 0 when all are.",
    registry=registry,
)
BACKLOG: Final = Gauge(
    "pointsman_collector_backlog_bytes",
    "Records in the log that are not in the database yet.",
    registry=registry,
)
PUBLISHED: Final = Gauge(
    "pointsman_collector_published_timestamp_seconds",
    "When the collector last told these metrics: one that is old says that it is away.",
    registry=registry,
)

for _stage in STAGES:
    DROPPED.labels(_stage)


def exposition() -> bytes:
    """All of them in Prometheus' text format."""
    return generate_latest(registry)
