"""Metrics for Prometheus. The one home of their names.

They are counted from finished records, on the recorder's thread. With several web processes each
keeps its counts in files of `PROMETHEUS_MULTIPROC_DIR`, which the launcher sets, and whichever
process is asked for `/metrics` adds them up; without it a process tells of itself alone.
"""

from __future__ import annotations

import os
import struct
import time
from collections import Counter as Tally
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from governance.interactions.record import InteractionRecord

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
)

registry: Final = CollectorRegistry()

REQUESTS: Final = Counter(
    "pointsman_requests",
    "Finished requests by how they ended.",
    ("protocol", "request_type", "profile", "outcome"),
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
    "Requests that a later target or local inference answered.",
    ("profile", "fallback"),
    registry=registry,
)
REJECTIONS: Final = Counter(
    "pointsman_routing_profile_rejections",
    "Targets passed over for a request, by the reason.",
    ("profile", "reason"),
    registry=registry,
)
FIRST_TOKEN: Final = Histogram(
    "pointsman_time_to_first_token_seconds",
    "From a request's arrival to the first meaningful event of its answer.",
    ("profile", "provider"),
    buckets=_SECONDS,
    registry=registry,
)
DURATION: Final = Histogram(
    "pointsman_request_duration_seconds",
    "From a request's arrival to the end of its answer.",
    ("profile", "provider"),
    buckets=_SECONDS,
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
    "Interactions that did not reach the stage: queue, log or database.",
    ("stage",),
    registry=registry,
)
IN_FLIGHT: Final = Gauge(
    "pointsman_requests_in_flight",
    "Requests to the chat API that are being answered.",
    registry=registry,
    multiprocess_mode="livesum",
)


class Telemetry:
    """Counts records. Sums them up first: a metric is touched once a batch, not once a request."""

    def __init__(
        self,
        *,
        in_flight: Callable[[], int] = lambda: 0,
        dropped: Callable[[], dict[str, int]] = dict,
    ) -> None:
        self._in_flight = in_flight
        self._dropped = dropped
        self._told: Tally[str] = Tally()
        self._counts: Tally[tuple[Counter, tuple[str, ...]]] = Tally()
        self._amounts: dict[tuple[Counter, tuple[str, ...]], float] = {}
        self.dropped = 0

    def add(self, record: InteractionRecord) -> None:
        profile = record.profile.name if record.profile is not None else ""
        provider = record.provider
        counts = self._counts
        counts[REQUESTS, (record.protocol, record.request_type, profile, record.outcome)] += 1
        if record.profile is not None:
            counts[HITS, (profile, record.reason)] += 1
        if record.fallback != "none":
            counts[FALLBACKS, (profile, record.fallback)] += 1
        for rejection in record.decision.rejections:
            counts[REJECTIONS, (profile, rejection.reason)] += 1
        for attempt in record.attempts:
            counts[ATTEMPTS, (attempt.provider, attempt.outcome)] += 1
        if record.outcome not in ("ok", "cancelled"):
            counts[ERRORS, (profile, record.error_code)] += 1
        if record.first_token_ms is not None:
            FIRST_TOKEN.labels(profile, provider).observe(record.first_token_ms / 1000)
        if record.attempts:
            DURATION.labels(profile, provider).observe(record.duration_ms / 1000)
        usage = record.usage
        if usage is not None:
            counts[TOKENS, (profile, provider, "prompt")] += usage.prompt_tokens
            counts[TOKENS, (profile, provider, "completion")] += usage.completion_tokens
            counts[TOKENS, (profile, provider, "cached")] += usage.cached_tokens
            counts[TOKENS, (profile, provider, "reasoning")] += usage.reasoning_tokens
        if record.cost_usd:
            place = COST, (profile, provider)
            self._amounts[place] = self._amounts.get(place, 0.0) + record.cost_usd

    def flush(self) -> None:
        for (metric, labels), count in (*self._counts.items(), *self._amounts.items()):
            metric.labels(*labels).inc(count)
        self._counts.clear()
        self._amounts.clear()
        for stage, total in self._dropped().items():
            DROPPED.labels(stage).inc(total - self._told[stage])
            self._told[stage] = total
        IN_FLIGHT.set(self._in_flight())


def exposition() -> bytes:
    """All metrics in Prometheus' text format, of every web process where there are several."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not directory:
        return generate_latest(registry)
    _forget_the_dead(Path(directory))
    merged = CollectorRegistry()
    MultiProcessCollector(merged, directory)  # type: ignore[no-untyped-call]
    try:
        return generate_latest(merged)
    except struct.error:
        # A process that starts at this moment has made its file and not filled it yet.
        time.sleep(0.05)
        return generate_latest(merged)


def _forget_the_dead(directory: Path) -> None:
    """What a process that was killed had in flight is no longer. What it counted stays."""
    for path in directory.glob("gauge_live*.db"):
        pid = path.stem.rpartition("_")[2]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except (ValueError, PermissionError):
            continue
