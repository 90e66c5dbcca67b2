"""A metric that is counted from the records of finished requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.registry import Collector

from governance.interactions.record import InteractionRecord

registry: Final = CollectorRegistry()
"""Where every metric of the collector is registered."""
SECONDS: Final = (
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
    *(10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)
"""Upper bounds of a histogram's buckets; one without a bound comes last."""


class Series:
    """A counter's series of certain labels. It is told when metrics are looked at: a sum costs a
    tenth of what the counter's own, which is safe for many threads, does."""

    __slots__ = ("_counter", "_untold")

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._untold = 0.0

    def inc(self, amount: float = 1) -> None:
        self._untold += amount

    def tell(self) -> None:
        self._counter.inc(self._untold)
        self._untold = 0.0


_series: Final[list[Series]] = []


class _Teller(Collector):
    """Comes first among what is collected, and has none of its own."""

    def collect(self) -> Iterator[Metric]:
        for one in _series:
            one.tell()
        return iter(())


registry.register(_Teller())


@cache
def series(counter: Counter, *labels: str) -> Series:
    """The series of these labels. The counter keeps every one of its series."""
    found = Series(counter.labels(*labels))
    _series.append(found)
    return found


@cache
def times(histogram: Histogram, *labels: str) -> Histogram:
    """The same of a histogram: it takes longer to find one than to observe."""
    return histogram.labels(*labels)


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
