"""How much of its limits a provider has used, by the headers it sends with its answers. PURE.

Sources: OpenAI's `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, Anthropic's
`anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from math import isfinite
from typing import Final, NamedTuple

RENEWAL: Final = 60.0
"""Seconds after which a limit is taken to be renewed when nobody says so: both protocols count by
the minute."""
LONGEST_RENEWAL: Final = 300.0
"""Seconds after which a report is too old to go by. Limits that are renewed once a day come back
bit by bit, and only another answer tells how far they are."""

_REQUESTS: Final = 0
_TOKENS: Final = 1
_LIMIT: Final = 0
_REMAINING: Final = 1
_RESET: Final = 2

_HEADERS: Final = {
    b"x-ratelimit-limit-requests": (_REQUESTS, _LIMIT),
    b"x-ratelimit-remaining-requests": (_REQUESTS, _REMAINING),
    b"x-ratelimit-reset-requests": (_REQUESTS, _RESET),
    b"x-ratelimit-limit-tokens": (_TOKENS, _LIMIT),
    b"x-ratelimit-remaining-tokens": (_TOKENS, _REMAINING),
    b"x-ratelimit-reset-tokens": (_TOKENS, _RESET),
    b"anthropic-ratelimit-requests-limit": (_REQUESTS, _LIMIT),
    b"anthropic-ratelimit-requests-remaining": (_REQUESTS, _REMAINING),
    b"anthropic-ratelimit-requests-reset": (_REQUESTS, _RESET),
    b"anthropic-ratelimit-tokens-limit": (_TOKENS, _LIMIT),
    b"anthropic-ratelimit-tokens-remaining": (_TOKENS, _REMAINING),
    b"anthropic-ratelimit-tokens-reset": (_TOKENS, _RESET),
}
_NAMES: Final = frozenset(_HEADERS)
_DURATION: Final = re.compile(
    r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?"
)
_UNIX_TIMES: Final = 1e9
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
    if _NAMES.isdisjoint(named):
        return None, None
    found = {place: named[name] for name, place in _HEADERS.items() if name in named}
    return _used(found, _REQUESTS, now), _used(found, _TOKENS, now)


def _used(found: dict[tuple[int, int], bytes], what: int, now: float) -> Used | None:
    try:
        limit, remaining = float(found[what, _LIMIT]), float(found[what, _REMAINING])
    except (KeyError, ValueError):
        return None
    if not (isfinite(limit) and isfinite(remaining) and limit > 0):
        return None
    percent = min(100.0, max(0.0, 100.0 * (1 - remaining / limit)))
    renewal = _seconds(found.get((what, _RESET), b"").decode("latin-1").strip(), now)
    return Used(percent, min(max(0.0, renewal), LONGEST_RENEWAL))


def _seconds(reset: str, now: float) -> float:
    """OpenAI writes `6m0s` or `12ms`, Anthropic a date (RFC 3339), others seconds or Unix time."""
    try:
        seconds = float(reset)
    except ValueError:
        return _duration(reset, now)
    if seconds > _UNIX_TIMES:
        seconds -= now
    return seconds if isfinite(seconds) else RENEWAL


def _duration(reset: str, now: float) -> float:
    match = _DURATION.fullmatch(reset)
    try:
        if match is not None and any(match.groups()):
            return sum(
                float(count) * unit
                for count, unit in zip(match.groups(), _UNITS, strict=True)
                if count
            )
        date = datetime.fromisoformat(reset)
    except ValueError:
        return RENEWAL
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
