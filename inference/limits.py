"""How much of its limits a provider has used, by the headers it sends with its answers.

Sources: OpenAI's `x-ratelimit-{limit,remaining}-{requests,tokens}`, Anthropic's
`anthropic-ratelimit-{requests,tokens}-{limit,remaining}`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_REQUESTS: Final = 0
_TOKENS: Final = 1
_LIMIT: Final = 0
_REMAINING: Final = 1

_HEADERS: Final = {
    b"x-ratelimit-limit-requests": (_REQUESTS, _LIMIT),
    b"x-ratelimit-remaining-requests": (_REQUESTS, _REMAINING),
    b"x-ratelimit-limit-tokens": (_TOKENS, _LIMIT),
    b"x-ratelimit-remaining-tokens": (_TOKENS, _REMAINING),
    b"anthropic-ratelimit-requests-limit": (_REQUESTS, _LIMIT),
    b"anthropic-ratelimit-requests-remaining": (_REQUESTS, _REMAINING),
    b"anthropic-ratelimit-tokens-limit": (_TOKENS, _LIMIT),
    b"anthropic-ratelimit-tokens-remaining": (_TOKENS, _REMAINING),
}


def used_shares(headers: Iterable[tuple[bytes, bytes]]) -> tuple[float | None, float | None]:
    """Percent of the request limit and of the token limit used; None where none is reported."""
    found: dict[tuple[int, int], float] = {}
    for name, value in headers:
        place = _HEADERS.get(name)
        if place is not None:
            try:
                found[place] = float(value)
            except ValueError:
                continue
    if not found:
        return None, None
    return _share(found, _REQUESTS), _share(found, _TOKENS)


def _share(found: dict[tuple[int, int], float], what: int) -> float | None:
    limit, remaining = found.get((what, _LIMIT)), found.get((what, _REMAINING))
    if limit is None or remaining is None or limit <= 0:
        return None
    return min(100.0, max(0.0, 100.0 * (1 - remaining / limit)))
