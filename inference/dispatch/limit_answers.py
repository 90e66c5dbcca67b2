"""What callers are told of limits: refusals, and the headers of answers. PURE."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from math import ceil, inf, isfinite
from typing import Any, Final

from governance.limits import MEASURES
from governance.limits.counting.admission import Exceeded
from governance.limits.counting.allotment import BoundCounters, tightest
from governance.limits.counting.book import NONE_BOUND
from governance.limits.counting.counter import CONCURRENT, Counter
from governance.limits.limit import MICRO, LimitEntry
from inference.values.error_answer import ErrorAnswer
from inference.values.failures import Failure, Outcome

LONGEST_WAIT: Final = 3600.0
"""Seconds up to which a caller is asked to wait and try again."""
Headers = list[tuple[bytes, bytes]]
_NO_RETRY: Final = (b"x-should-retry", b"false")
_BUDGET: Final = b"x-pointsman-budget-remaining-usd"


def refusal(found: Exceeded, protocol: str, now: float) -> ErrorAnswer:
    """429 with the seconds to wait where waiting helps, else that the quota is used up.

    `now` is Unix time in seconds.
    """
    wait = found.frees_at - now
    if found.unpriced:
        message = (
            f'The limit "{found.limit.name}" of {found.limit.owner} counts cost, and the price of '
            "this model is not known: ask an administrator to set it."
        )
        return ErrorAnswer(402, message, "insufficient_quota", headers=(_NO_RETRY,))
    message = f"{words(found)} {_when(found, wait)}"
    headers = tuple(_headers_of(found.limit, found.amount, 0.0, found.frees_at, protocol, now))
    if wait <= LONGEST_WAIT:
        code = "rate_limit_exceeded"
        return ErrorAnswer(429, message, code, retry_after=max(0.0, wait), headers=headers)
    return ErrorAnswer(402, message, "insufficient_quota", headers=(*headers, _NO_RETRY))


def words(found: Exceeded) -> str:
    """`The limit "team" of the group "Blue" is reached: $99.80 of $100.00 a month.`"""
    limit = found.limit
    used, amount = (_said(limit, value) for value in (found.used, found.amount))
    unit = "" if limit.measure == "cost" else f" {MEASURES[limit.measure].unit}"
    window = "" if limit.measure == CONCURRENT else _PER.get(limit.window, f" a {limit.window}")
    reached = "nearly used up" if found.shared_out else "reached"
    return (
        f'The limit "{limit.name}" of {limit.owner} is {reached}: '
        f"{used} of {amount}{unit}{window} used or held by requests under way."
    )


_PER: Final = {"hour": " an hour", "total": " in all"}


def _said(limit: LimitEntry, value: float) -> str:
    if limit.measure == "cost":
        return f"${value / MICRO:,.2f}"
    return f"{value / MEASURES[limit.measure].scale:,.10g}"


def _when(found: Exceeded, wait: float) -> str:
    if not isfinite(wait):
        return "It is not counted afresh: ask an administrator to raise it."
    if wait <= LONGEST_WAIT:
        seconds = max(1, ceil(wait))
        return f"There may be room again in {seconds} second{'s' if seconds > 1 else ''}."
    return f"It is counted afresh at {_moment(found.frees_at)}."


def limit_headers(bound: BoundCounters, there: BoundCounters, protocol: str, now: float) -> Headers:
    """Of the limit with the smallest part left, for each measure that headers tell: among those
    that bind the request, and those of where it was sent."""
    if now < bound.until and there is NONE_BOUND:
        form: HeaderForm | None = bound.forms.get(protocol)
        if form is None or now >= form.until:
            form = bound.forms[protocol] = HeaderForm(bound, protocol, now)
        return form.filled(bound, now)
    told = bound.told(now)
    if there is not NONE_BOUND:
        told += there.told(now)
    headers: Headers = []
    for counter, taken in tightest(told):
        amount = counter.amount
        left = amount - taken if taken < amount else 0.0
        headers += _headers_of(counter.limit, amount, left, _frees(counter), protocol, now)
    return headers


def _frees(counter: Counter) -> float:
    return counter.due if counter.slides else counter.end


class HeaderForm:
    """The headers of a key while it has an allotment, but for what is left."""

    __slots__ = ("_form", "_lefts", "_soon", "until")

    def __init__(self, bound: BoundCounters, protocol: str, now: float) -> None:
        self.until = inf
        """When it says another time."""
        self._form: Headers = []
        self._lefts: list[tuple[int, bytes, Counter, float, int]] = []
        """Where what is left stands in the form, its header, of what it is left, how much that is,
        and where the allotment has what is left of it."""
        self._soon: list[tuple[int, float]] = []
        """Where a time stands that is told to the millisecond, and the time."""
        for counter, _ in bound.told(now):
            frees, start = _frees(counter), len(self._form)
            told = _headers_of(counter.limit, counter.amount, 0.0, frees, protocol, now)
            if not told:
                continue
            place = 0 if counter.limit.measure == "cost" else 1
            self._form += told
            of_allotment = bound.place_of[counter.slot]
            name = told[place][0]
            self._lefts.append((start + place, name, counter, counter.amount, of_allotment))
            if len(told) > place + 1 and protocol != "anthropic":
                if frees - now < 1:
                    self._soon.append((start + place + 1, frees))
                else:
                    self.until = min(self.until, frees - (ceil(frees - now) - 1))

    def filled(self, bound: BoundCounters, now: float) -> Headers:
        headers, free = self._form.copy(), bound.free
        for place, name, counter, amount, of_allotment in self._lefts:
            left = amount - counter.taken + free[of_allotment]
            if left <= 0:
                headers[place] = name, b"0"
            elif name is _BUDGET:
                headers[place] = name, _money(left).encode()
            else:
                headers[place] = name, b"%d" % left
        for place, frees in self._soon:
            headers[place] = headers[place][0], _span(frees - now)
        return headers


def _headers_of(
    limit: LimitEntry, amount: float, left: float, frees_at: float, protocol: str, now: float
) -> Headers:
    if limit.measure == "cost":
        return [(_BUDGET, _money(left).encode())]
    form = _form(limit.measure, amount, protocol)
    if form is None:
        return []
    of_limit, of_remaining, of_reset = form
    told = [of_limit, (of_remaining, b"%d" % left)]
    if frees_at != inf:
        soon = protocol != "anthropic"
        told.append((of_reset, _span(frees_at - now) if soon else _moment(frees_at).encode()))
    return told


@lru_cache(maxsize=1024)
def _form(
    measure: str, amount: float, protocol: str
) -> tuple[tuple[bytes, bytes], bytes, bytes] | None:
    """The header that tells a limit, and the names of those of what is left of it and when it is
    counted afresh; None of a measure that headers do not tell."""
    word = MEASURES[measure].header
    if not word:
        return None
    form = "x-ratelimit-%(part)s-%(word)s"
    if protocol == "anthropic":
        form = "anthropic-ratelimit-%(word)s-%(part)s"
    limit, remaining, reset = (
        (form % {"part": part, "word": word}).encode() for part in ("limit", "remaining", "reset")
    )
    return (limit, b"%d" % amount), remaining, reset


def _money(micro: float) -> str:
    text = f"{micro / MICRO:.6f}".rstrip("0").rstrip(".")
    return text or "0"


def _moment(at: float) -> str:
    return _second(ceil(at))


@lru_cache(maxsize=1024)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _span(seconds: float) -> bytes:
    """As OpenAI writes it: `6m0s`, `1h0m0s`, `250ms`."""
    return _seconds(ceil(seconds)) if seconds >= 1 else b"%dms" % max(0, ceil(seconds * 1000))


@lru_cache(maxsize=1024)
def _seconds(whole: int) -> bytes:
    """Most limits are counted afresh at the same moments."""
    hours, minutes = whole // 3600, whole // 60 % 60
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{head}{whole % 60}s".encode()


def document_of(counter: Counter) -> dict[str, Any]:
    """A limit as its caller sees it; money is a decimal text."""
    limit = counter.limit
    frees = _frees(counter)
    return {
        "name": limit.name,
        "measure": limit.measure,
        "window": None if limit.measure == CONCURRENT else limit.window,
        "amount": _plain(limit, counter.amount),
        "used": _plain(limit, counter.used if limit.measure != CONCURRENT else counter.taken),
        "remaining": _plain(limit, counter.left),
        "resets_at": None if frees == inf else _moment(frees),
    }


def _plain(limit: LimitEntry, value: float) -> Any:
    if limit.measure == "cost":
        return _money(value)
    value /= MEASURES[limit.measure].scale
    return int(value) if value == int(value) else round(value, 6)


def skipped(found: Exceeded, now: float) -> Failure:
    word = MEASURES[found.limit.measure].threshold or "request"
    wait = found.frees_at - now
    return Failure(
        Outcome.RETRYABLE,
        f"{word}_threshold_exceeded",
        words(found),
        429,
        retry_after=wait if wait <= LONGEST_WAIT else None,
    )
