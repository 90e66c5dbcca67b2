"""How much of its limits a provider has used, by the headers it sends with its answers. PURE.

Sources: OpenAI's `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, Anthropic's
`anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from math import inf, isfinite
from typing import Final, NamedTuple

RENEWAL: Final = 60.0
"""Seconds after which a limit is taken to be renewed when nobody says so: both protocols count by
the minute."""
LONGEST_RENEWAL: Final = 300.0
"""Seconds after which a report is too old to go by. Limits that are renewed once a day come back
bit by bit, and only another answer tells how far they are."""

_REQUESTS: Final = (
    (
        b"anthropic-ratelimit-requests-limit",
        b"anthropic-ratelimit-requests-remaining",
        b"anthropic-ratelimit-requests-reset",
    ),
    (
        b"x-ratelimit-limit-requests",
        b"x-ratelimit-remaining-requests",
        b"x-ratelimit-reset-requests",
    ),
)
_TOKENS: Final = (
    (
        b"anthropic-ratelimit-tokens-limit",
        b"anthropic-ratelimit-tokens-remaining",
        b"anthropic-ratelimit-tokens-reset",
    ),
    (b"x-ratelimit-limit-tokens", b"x-ratelimit-remaining-tokens", b"x-ratelimit-reset-tokens"),
)
_LIMITS: Final = frozenset(limit for limit, _, _ in (*_REQUESTS, *_TOKENS))
_DURATION: Final = re.compile(
    r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?"
)
_UNIX_TIMES: Final = 1e9
_LONGEST_RESET: Final = 64
"""Bytes that are read."""
_UNITS: Final = (86400.0, 3600.0, 60.0, 1.0, 0.001)


class Used(NamedTuple):
    """A share of a limit, and how long to believe it."""

    percent: float
    renewal: float
    """Seconds until the provider counts afresh."""


def used_shares(
    headers: Iterable[tuple[bytes, bytes]], now: float
) -> tuple[Used | None, Used | None]:
    """What is used of the request limit and of the token limit; None where none is reported.

    `now` is Unix time in seconds.
    """
    named = dict(headers)
    if _LIMITS.isdisjoint(named):
        return None, None
    return _used(named, _REQUESTS, now), _used(named, _TOKENS, now)


def _used(
    named: dict[bytes, bytes], names: tuple[tuple[bytes, bytes, bytes], ...], now: float
) -> Used | None:
    for of_limit, of_remaining, of_reset in names:
        if of_limit not in named:
            continue
        try:
            limit, remaining = float(named[of_limit]), float(named[of_remaining])
        except (KeyError, ValueError):
            return None
        if not 0.0 < limit < inf:
            return None
        percent = 100.0 * (1 - remaining / limit)
        if not 0.0 <= percent <= 100.0:
            if not isfinite(remaining):
                return None
            percent = min(100.0, max(0.0, percent))
        renewal, is_moment = _read(named.get(of_reset, b"")[:_LONGEST_RESET])
        return Used(percent, _bounded(renewal - now) if is_moment else renewal)
    return None


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST_RENEWAL)


@lru_cache(maxsize=1024)
def _read(reset: bytes) -> tuple[float, bool]:
    """Seconds until then, or the Unix time and that it is one.

    OpenAI writes `6m0s` or `12ms`, Anthropic a date (RFC 3339), others seconds or Unix time. The
    answers of some seconds tell few times, so that most have been read before.
    """
    text = reset.decode("latin-1").strip()
    try:
        seconds = float(text)
    except ValueError:
        return _duration(text)
    if not isfinite(seconds):
        return RENEWAL, False
    return (seconds, True) if seconds > _UNIX_TIMES else (_bounded(seconds), False)


def _duration(text: str) -> tuple[float, bool]:
    match = _DURATION.fullmatch(text)
    try:
        if match is not None and any(match.groups()):
            parts = zip(match.groups(), _UNITS, strict=True)
            return _bounded(sum(float(count) * unit for count, unit in parts if count)), False
        date = datetime.fromisoformat(text)
    except ValueError:
        return RENEWAL, False
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp(), True
