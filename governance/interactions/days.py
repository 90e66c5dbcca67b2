"""Which part of a range of time the usage ledger by day tells, and what is left at its ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from governance.interactions.ledger import DIMENSIONS

DAY: Final = timedelta(days=1)
BY_COLUMN: Final = {identity: name for name, (identity, _called) in DIMENSIONS.items()}
"""Dimensions by the column that the usage ledger has for them."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class SplitRange:
    """Whole days, and the parts of days before and behind them."""

    days: Span
    ends: tuple[Span, ...]

    def latest_first(self) -> list[tuple[Span, bool]]:
        """All of it, and of each part whether it is that of whole days."""
        parts = [(self.days, True), *((one, False) for one in self.ends)]
        return sorted(parts, reverse=True)

    def dates(self) -> list[datetime]:
        """The midnights at which the whole days begin."""
        begin, end = self.days
        return [begin + DAY * place for place in range((end - begin) // DAY)]


def split(begin: datetime, end: datetime, now: datetime) -> SplitRange | None:
    """None where there is no whole day. Of the running one nothing lies behind now, so that it is
    whole where the range reaches so far."""
    first = _midnight(begin + DAY - timedelta(microseconds=1))
    last = _midnight(now) + DAY if end >= now else _midnight(end)
    if first >= last:
        return None
    ends = ((begin, first), (last, end))
    return SplitRange((first, last), tuple(one for one in ends if one[0] < one[1]))


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
