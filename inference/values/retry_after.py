"""How long an upstream asks to wait before it is asked again. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Final

LONGEST_WAIT: Final = 300.0
"""Seconds. A provider that asks for more is tried again by then all the same, and that is what
callers are told."""

_DURATION: Final = (
    r"((?:\d+(?:\.\d+)? ?"
    r"(?:days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|ms|[dhms])(?![a-z])[, ]*)+)"
)
_TOLD: Final = (
    # Google's RetryInfo (google.rpc.RetryInfo), in a member of its own.
    re.compile(r'"retry_?delay" ?: ?"(\d+(?:\.\d+)?s)"', re.IGNORECASE),
    # "Please try again in 2m3.5s", "retry after 43 seconds", "Please wait 7 seconds".
    re.compile(
        r"(?:(?:try(?: again)?|retry(?:ing)?)[a-z ]{0,24} (?:in|after)|please wait) "
        r"(?:about |at least )?" + _DURATION,
        re.IGNORECASE,
    ),
    re.compile(r'"retry_after(?:_seconds)?" ?: ?"?(\d+(?:\.\d+)?)', re.IGNORECASE),
)
_PART: Final = re.compile(r"(\d+(?:\.\d+)?) ?(ms|[dhms]?)", re.IGNORECASE)
_UNITS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "": 1.0}
_SEARCHED: Final = 8192
"""Bytes of a body that are searched."""


def seconds_to_wait(
    headers: Iterable[tuple[bytes, bytes]], now: float, body: bytes = b""
) -> float | None:
    """By `retry-after`, a number of seconds or a date (RFC 9110, section 10.2.3), by
    `retry-after-ms`, which OpenAI and Azure add for the sake of precision, or by what the body
    says in words.

    `now` is Unix time in seconds. None when nothing is asked, or nothing that makes sense; never
    more than `LONGEST_WAIT`.
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
            return _bounded(seconds)
    return told_wait(body)


def told_wait(body: bytes) -> float | None:
    """Seconds that an error's words ask to wait; None when they do not."""
    searched = body[:_SEARCHED]
    plain = searched.lower()
    if b"try" not in plain and b"please wait" not in plain:
        # Few errors say so, and each of these holds one of the words.
        return None
    text = searched.decode(errors="replace")
    for told in _TOLD:
        found = told.search(text)
        if found is not None:
            parts = _PART.findall(found[1])
            return _bounded(sum(float(count) * _UNITS[unit.lower()] for count, unit in parts))
    return None


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST_WAIT)
