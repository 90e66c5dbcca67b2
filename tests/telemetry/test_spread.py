"""Many observations at once give what one after the other would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from gateway.collector.spread import SECONDS, Spread, SpreadHistogram

TIMES = st.lists(st.one_of(st.floats(0, 1000, allow_nan=False), st.sampled_from(SECONDS)))


@given(TIMES, TIMES)
def test_it_works(first: list[float], second: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    at_once = SpreadHistogram("x", "X.", ("who",), buckets=SECONDS, registry=ours)
    one_by_one = Histogram("x", "X.", ("who",), buckets=SECONDS, registry=theirs)
    one_by_one.labels("a")
    for times in (first, second):
        spread = Spread()
        for seconds in times:
            spread.add(seconds)
            one_by_one.labels("a").observe(seconds)
        at_once.labels("a").observe_all(spread)
    assert told(ours) == told(theirs)


def told(registry: CollectorRegistry) -> list[str]:
    """Without the sums, which differ in their last digits, and the time they were made."""
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith(("x_sum", "x_created"))]
