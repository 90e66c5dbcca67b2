"""The used share of a limit, joined from whoever knows something of it."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import NamedTuple


class Share(NamedTuple):
    """How much of a limit is used, by one source: a provider's headers, or our own count."""

    percent: float
    until: float = inf
    """When the limit is counted afresh, so that this is no news any more; same clock as `now`."""


def highest(sources: Iterable[Share | None], now: float) -> float | None:
    """The used share in percent, None where nobody knows.

    Several sources count different things (a provider sees other gateways too, we see requests
    under way), so the highest one holds. What has been renewed since says nothing.
    """
    known = [one.percent for one in sources if one is not None and now < one.until]
    return max(known, default=None)
