"""Metrics for Prometheus. The one home of their names.

They are counted from finished records: added up by the event loop (`gateway.collector.sums`), and
told by the recorder's thread; see `gateway.collector.exposition` for how the world is told.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
)

from gateway.collector.spread import SECONDS, SpreadHistogram
from gateway.collector.sums import SPENT, Sums, Total, Way

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


class Telemetry:
    """Tells metrics what was counted: the recorder's `counting`, used by its thread alone."""

    def __init__(
        self,
        *,
        in_flight: Callable[[], int] = lambda: 0,
        dropped: Callable[[], dict[str, int]] = dict,
        interval: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`in_flight` and `dropped` are asked every `interval` seconds."""
        self._in_flight = in_flight
        self._dropped = dropped
        self._interval = interval
        self._clock = clock
        self._due = clock()
        self._told: Tally[str] = Tally()

    def begin(self) -> Sums:
        return Sums()

    def take(self, sums: Sums) -> Iterator[None]:
        """Tells metrics of these requests, a step at a time.

        Each way of a request has series of its own, and a series takes some microseconds.
        """
        for way, total in sums.ways():
            _count(way, total)
            yield
        for provider, times in sums.times.items():
            DURATION.labels(provider).observe_all(times.duration)
            FIRST_TOKEN.labels(provider).observe_all(times.first_token)
            yield

    def flush(self) -> None:
        now = self._clock()
        if now >= self._due:
            self._due = now + self._interval
            self.tell()

    def tell(self) -> None:
        """Brings up to date what is not counted by request."""
        for stage, dropped in self._dropped().items():
            DROPPED.labels(stage).inc(dropped - self._told[stage])
            self._told[stage] = dropped
        IN_FLIGHT.set(self._in_flight())


def _count(way: Way, total: Total) -> None:
    """Counts all requests of one way. What they have none of gets no series."""
    for field, inc in _children(way, tuple([one for one in SPENT if getattr(total, one)])):
        inc(getattr(total, field))


@lru_cache(maxsize=2048)
def _children(way: Way, spent: tuple[str, ...]) -> tuple[tuple[str, Callable[[float], None]], ...]:
    """The field of `Total` that each metric of this way counts: labels are slow to look up."""
    profile = way.profile or ""
    place = profile, way.provider
    counters = [REQUESTS.labels(way.protocol, way.request_type, profile, way.outcome)]
    if way.profile is not None:
        counters.append(HITS.labels(profile, way.reason))
    if way.fallback != "none":
        counters.append(FALLBACKS.labels(profile, way.fallback))
    if way.outcome not in ("ok", "cancelled"):
        counters.append(ERRORS.labels(profile, way.error_code))
    counters += [REJECTIONS.labels(profile, reason) for reason in way.rejections]
    counters += [ATTEMPTS.labels(provider, outcome) for provider, outcome in way.attempts]
    children = [("requests", counter.inc) for counter in counters]
    for field in spent:
        counter = COST.labels(*place) if field == "cost_usd" else TOKENS.labels(*place, field)
        children.append((field, counter.inc))
    return tuple(children)
