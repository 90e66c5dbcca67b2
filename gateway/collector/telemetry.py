"""Metrics for Prometheus. The one home of their names; the collector counts finished records."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from governance.interactions.record import InteractionRecord

SECONDS: Final = (
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
    *(10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
"""Upper bounds of the buckets; one without a bound comes last."""

registry: Final = CollectorRegistry()

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
TOKENS: Final = Counter(
    "pointsman_tokens",
    "Tokens as providers counted them; cached ones are part of the prompt, reasoning of the "
    "completion.",
    ("profile", "provider", "kind"),
    registry=registry,
)
COST: Final = Counter(
    "pointsman_cost_usd",
    "Estimated cost by public list prices, in US dollars.",
    ("profile", "provider"),
    registry=registry,
)
ATTEMPTS: Final = Counter(
    "pointsman_upstream_attempts",
    "Attempts to have a request answered by a provider, by how they ended.",
    ("provider", "outcome"),
    registry=registry,
)
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


def count(record: InteractionRecord) -> None:
    """Counts a finished request. What it has none of gets no series."""
    profile = "" if record.profile is None else record.profile.name
    REQUESTS.labels(
        record.protocol, record.request_type, profile, record.outcome, record.fallback
    ).inc()
    if record.profile is not None:
        HITS.labels(profile, record.reason).inc()
    if record.fallback != "none":
        FALLBACKS.labels(profile, record.fallback, record.fallback_reason).inc()
    if record.outcome not in ("ok", "cancelled"):
        ERRORS.labels(profile, record.error_code).inc()
    for one in record.decision.rejections:
        REJECTIONS.labels(profile, one.reason).inc()
    for attempt in record.attempts:
        ATTEMPTS.labels(attempt.provider, attempt.outcome).inc()
    _count_cost(record, profile)
    if record.attempts:
        DURATION.labels(record.provider).observe(record.duration_ms / 1000)
        if record.first_token_ms is not None:
            FIRST_TOKEN.labels(record.provider).observe(record.first_token_ms / 1000)


def _count_cost(record: InteractionRecord, profile: str) -> None:
    """Tokens and money."""
    provider = record.provider
    if record.usage is not None:
        for kind in ("prompt", "completion", "cached", "reasoning"):
            if tokens := getattr(record.usage, kind):
                TOKENS.labels(profile, provider, kind).inc(tokens)
    if record.cost_usd:
        COST.labels(profile, provider).inc(record.cost_usd)


def exposition() -> bytes:
    """All of them in Prometheus' text format."""
    return generate_latest(registry)
