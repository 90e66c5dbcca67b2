"""The counters of this process, and what is used of a limit, for those who show it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from governance.interactions.limit_use import used_in_ledger
from governance.json_values import moment_of, money
from governance.limits import MEASURES
from governance.limits.counting.binding import LimitIndex
from governance.limits.counting.book import LimitBook
from governance.limits.counting.counter import CONCURRENT
from governance.limits.limit import MICRO, SLIDING, LimitEntry
from governance.limits.windows import Window, window_of
from governance.load_limits import limit_of
from governance.models import Limit

book: Final = LimitBook()
"""Of the requests that this process carries."""


class LimitUse(NamedTuple):
    """What is used of a limit at one moment, in the unit in which it counts."""

    used: float
    held: float
    amount: float
    window: Window
    resets: bool
    """Whether it is counted afresh at the end of the window."""


def use_of(limit: LimitEntry, now: float | None = None, scope: str = "") -> LimitUse:
    """Of one scope, or of all together. What the ledger knows comes from there, exactly."""
    now = time.time() if now is None else now
    counters = [
        one
        for (identity, of), one in list(book.counters.items())
        if identity == limit.id and (not scope or of == scope)
    ]
    for one in counters:
        if now >= one.due:
            one.turn(now)
    # This may be another thread than that of requests, whose allotments stay as they are.
    allotted = [book.allotments.unfolded(one) for one in counters]
    held = sum(one.held + one.away_held for one in counters) - sum(map(sum, allotted))
    window = window_of(
        limit.window, now, zone=limit.time_zone, day=limit.window_day, hour=limit.window_hour
    )
    measure = MEASURES[limit.measure]
    if limit.measure == CONCURRENT:
        return LimitUse(held, held, limit.allowed(now), window, resets=False)
    if limit.window in SLIDING or not measure.in_ledger:
        used = sum(one.used for one in counters) + sum(spent for _, spent in allotted)
    else:
        used = used_in_ledger(limit, window, scope)
    amount = limit.allowed(now) * measure.scale
    resets = limit.window not in SLIDING and limit.window != "total"
    return LimitUse(used, held, amount, window, resets)


def live_use(row: Limit) -> Mapping[str, Any]:
    """`used`, `held` and `resets_at` as the API shows them."""
    use = use_of(limit_of(row))
    return {
        "used": shown(row.measure, use.used),
        "held": shown(row.measure, use.held),
        "resets_at": moment_of(use.window.end) if use.resets else None,
    }


def shown(measure: str, amount: float) -> Any:
    """An amount as JSON has it: money is a decimal text."""
    if measure == "cost":
        return money(amount / MICRO)
    amount /= MEASURES[measure].scale
    return int(amount) if float(amount).is_integer() else round(amount, 6)


PREFILLED: Final = 500
"""Limits whose use is looked up before the first request; of others it is known a moment later."""


def prefill(index: LimitIndex, now: float | None = None) -> None:
    """Tells the counters that everybody shares what the ledger says, while the process starts."""
    now = time.time() if now is None else now
    shared = [one for one in index.by_id.values() if not one.each]
    for limit in shared[:PREFILLED]:
        counter = book.counter(limit, "", now)
        if counter.of_ledger:
            window = Window(counter.begin, counter.end)
            counter.told(counter.begin, used_in_ledger(limit, window), 0.0, 0)
