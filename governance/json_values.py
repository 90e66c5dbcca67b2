"""Values as JSON has them: decimals as people write them, points in time in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from django.utils.dateparse import parse_datetime

_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def decimal(value: object) -> Decimal | None:
    """The exact value of a number or of a text that is one; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        return None
    found = Decimal(str(value))
    return found if found.is_finite() else None


def plain(value: Decimal) -> str:
    """A decimal as people write it: no exponent, no zeros behind the last digit."""
    return f"{value.normalize():f}"


def moment_or_date(value: object) -> datetime | None:
    """The same of a date alone too, which begins at midnight in UTC."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        value = f"{value}T00:00:00Z"
    return point_in_time(value)


def number(value: float | None) -> float | None:
    """Whole numbers without a fraction, so that 1 stays 1 on its way through the database."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def moment(value: datetime | None) -> str | None:
    """A point in time as ISO 8601 in UTC, to the second or finer if it is."""
    return None if value is None else in_utc(value)


def in_utc(value: datetime) -> str:
    """The same of one that is there."""
    return value.isoformat().replace("+00:00", "Z")


def point_in_time(value: object) -> datetime | None:
    """The point in time an ISO 8601 text names, in UTC; None when it names none."""
    if not isinstance(value, str):
        return None
    try:
        found = parse_datetime(value)
        if found is None or found.tzinfo is None:
            return None
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment_of(at: float) -> str:
    """Unix time in seconds as ISO 8601 in UTC."""
    return in_utc(datetime.fromtimestamp(at, UTC))


def money(dollars: float) -> str:
    """US dollars to the millionth as a decimal text."""
    return plain(Decimal(str(round(dollars, 6))))
