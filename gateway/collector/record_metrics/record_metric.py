"""A metric that is counted from the records of finished requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from governance.interactions.record import InteractionRecord

registry: Final = CollectorRegistry()
"""Where every metric of the collector is registered."""
SECONDS: Final = (
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
    *(10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
"""Upper bounds of a histogram's buckets; one without a bound comes last."""


Metric = TypeVar("Metric", bound=MetricWrapperBase)


@cache
def series(metric: Metric, *labels: str) -> Metric:
    """The series of these labels.

    The metric keeps every one of its series; it takes longer to find one than to count.
    """
    return metric.labels(*labels)


@dataclass(frozen=True, slots=True)
class RecordMetric:
    """A few series that belong together."""

    name: str
    label: str
    count: Callable[[InteractionRecord], None]
    """Counts one record; called once for each, in the collector."""
    rank: int = 100


def profile_of(record: InteractionRecord) -> str:
    """The label `profile`: its name, empty where none was chosen."""
    return "" if record.profile is None else record.profile.name
