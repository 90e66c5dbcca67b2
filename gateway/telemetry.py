"""Metrics for Prometheus. The one home of their names.

They are counted from finished records: added up by the event loop, and told by the recorder's
thread; see `gateway.exposition` for how the world is told.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
)

from gateway.spread import SECONDS, Spread, SpreadHistogram
from governance.interactions.record import InteractionRecord
from inference.recording.batch import Batch

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
FIRST_TOKEN: Final = SpreadHistogram(
    "pointsman_time_to_first_token_seconds",
    "From a request's arrival to the first meaningful event of its answer.",
    ("provider",),
    buckets=SECONDS,
    registry=registry,
)
DURATION: Final = SpreadHistogram(
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


class _Sum:
    """What the requests of a batch that went the same way have in common, added up."""

    __slots__ = ("cached", "completion", "cost", "count", "durations", "first", "prompt", "thought")

    def __init__(self) -> None:
        self.count = self.prompt = self.completion = self.cached = self.thought = 0
        self.cost = 0.0
        self.first: list[float] = []
        self.durations: list[float] = []

    def add(self, record: InteractionRecord) -> None:
        self.count += 1
        self.durations.append(record.duration_ms)
        if record.first_token_ms is not None:
            self.first.append(record.first_token_ms)
        usage = record.usage
        if usage is not None:
            self.prompt += usage.prompt_tokens
            self.completion += usage.completion_tokens
            self.cached += usage.cached_tokens
            self.thought += usage.reasoning_tokens
        if record.cost_usd is not None:
            self.cost += record.cost_usd

    def take(self, other: _Sum) -> None:
        """Adds the numbers of another, all but its times."""
        self.count += other.count
        self.prompt += other.prompt
        self.completion += other.completion
        self.cached += other.cached
        self.thought += other.thought
        self.cost += other.cost


class Sums:
    """Records added up by the way they went; a part of `batch.Counts`."""

    def __init__(self) -> None:
        self.ways: dict[tuple[object, ...], tuple[InteractionRecord, _Sum]] = {}

    def add(self, record: InteractionRecord) -> None:
        way = (
            record.profile,
            record.reason,
            record.outcome,
            record.error_code,
            record.fallback,
            record.protocol,
            record.request_type,
            tuple([(one.provider, one.outcome) for one in record.attempts]),
            tuple([one.reason for one in record.decision.rejections]),
        )
        found = self.ways.get(way)
        if found is None:
            found = self.ways[way] = record, _Sum()
        found[1].add(record)


class Telemetry:
    """Counts records. Most of a batch went the same way, so metrics are touched once a way."""

    def __init__(
        self,
        *,
        in_flight: Callable[[], int] = lambda: 0,
        dropped: Callable[[], dict[str, int]] = dict,
        interval: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`interval`: seconds for which requests are added up before metrics are touched."""
        self._in_flight = in_flight
        self._dropped = dropped
        self._interval = interval
        self._clock = clock
        self._due = clock()
        self._told: Tally[str] = Tally()
        self._sums = Sums()
        self._durations: defaultdict[str, Spread] = defaultdict(Spread)
        self._first_tokens: defaultdict[str, Spread] = defaultdict(Spread)
        self.dropped = 0

    def add(self, batch: Batch) -> None:
        """Takes a batch whose counts are `Sums`."""
        assert isinstance(batch.counts, Sums)
        for way, (record, total) in batch.counts.ways.items():
            self._sums.ways.setdefault(way, (record, _Sum()))[1].take(total)
            if record.attempts:
                # By provider alone: a series a bucket for each of thousands of profiles would cost
                # more than all that they count.
                self._durations[record.provider].add(total.durations)
                self._first_tokens[record.provider].add(total.first)

    def flush(self) -> None:
        now = self._clock()
        if now >= self._due:
            self._due = now + self._interval
            self.tell()

    def tell(self) -> None:
        """Brings the metrics up to date."""
        sums, self._sums = self._sums, Sums()
        for record, total in sums.ways.values():
            _count(record, total)
        for histogram, spreads in (
            (DURATION, self._durations),
            (FIRST_TOKEN, self._first_tokens),
        ):
            for provider, spread in spreads.items():
                histogram.labels(provider).observe_all(spread)
            spreads.clear()
        for stage, dropped in self._dropped().items():
            DROPPED.labels(stage).inc(dropped - self._told[stage])
            self._told[stage] = dropped
        IN_FLIGHT.set(self._in_flight())


def _count(record: InteractionRecord, total: _Sum) -> None:
    """Counts all requests that went the way of `record`."""
    profile = record.profile.name if record.profile is not None else ""
    place = profile, record.provider
    count = total.count
    REQUESTS.labels(record.protocol, record.request_type, profile, record.outcome).inc(count)
    if record.profile is not None:
        HITS.labels(profile, record.reason).inc(count)
    if record.fallback != "none":
        FALLBACKS.labels(profile, record.fallback).inc(count)
    if record.outcome not in ("ok", "cancelled"):
        ERRORS.labels(profile, record.error_code).inc(count)
    for rejection in record.decision.rejections:
        REJECTIONS.labels(profile, rejection.reason).inc(count)
    for attempt in record.attempts:
        ATTEMPTS.labels(attempt.provider, attempt.outcome).inc(count)
    for kind, tokens in (
        ("prompt", total.prompt),
        ("completion", total.completion),
        ("cached", total.cached),
        ("reasoning", total.thought),
    ):
        if tokens:
            TOKENS.labels(*place, kind).inc(tokens)
    if total.cost:
        COST.labels(*place).inc(total.cost)
