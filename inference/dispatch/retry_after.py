"""How long an upstream asks to wait before it is asked again. PURE."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from math import isfinite


def seconds_to_wait(headers: Iterable[tuple[bytes, bytes]], now: float) -> float | None:
    """By `retry-after`, a number of seconds or a date (RFC 9110, section 10.2.3), or by
    `retry-after-ms`, which OpenAI and Azure add for the sake of precision.

    `now` is Unix time in seconds. None when nothing is asked, or nothing that makes sense.
    """
    given = dict(headers)
    for name, unit in ((b"retry-after-ms", 1000.0), (b"retry-after", 1.0)):
        value = given.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            try:
                seconds = parsedate_to_datetime(value.decode("latin-1")).timestamp() - now
            except (ValueError, OverflowError):
                continue
        if isfinite(seconds):
            return max(0.0, seconds)
    return None
