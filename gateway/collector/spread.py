"""Histograms that take many observations at once."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from prometheus_client import Histogram

SECONDS: Final = (
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
"""Upper bounds of the buckets; one without a bound comes last."""


class Spread:
    """Observations by bucket, with their sum. Not for several threads."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds


class SpreadHistogram(Histogram):
    """Prometheus' histogram with buckets of `SECONDS`.

    `observe` takes a lock and packs a float twice each time, which for some thousand requests a
    second is a noticeable part of what they cost; the library has no way to add counts.
    """

    def observe_all(self, spread: Spread) -> None:
        self._sum.inc(spread.total)
        for bucket, count in zip(self._buckets, spread.counts, strict=True):
            if count:
                bucket.inc(count)
