"""What a request comes to, by every measure at once. PURE."""

from __future__ import annotations

from math import inf
from typing import Final

from governance.limits import MEASURES
from governance.limits.limit import MICRO
from governance.limits.measure import Consumption

SLOTS: Final = {name: place for place, name in enumerate(MEASURES)}
"""Place of each measure among the amounts of a request."""
APART: Final = len(SLOTS)
"""Place of what a request comes to by a limit that counts in a way of its own."""
ARRIVALS: Final = APART + 1
"""Place of requests that count from their arrival on, so that nothing of them is held."""
_REQUESTS: Final = SLOTS["requests"]
_TOKENS: Final = SLOTS["tokens"]
_COST: Final = SLOTS["cost"]
_CONCURRENT: Final = SLOTS["concurrent"]
_OF_UNITS: Final = tuple(
    (SLOTS[one.name], one.scaled) for one in MEASURES.values() if one.unit_counted
)
NOTHING: Final = [0.0] * (ARRIVALS + 1)
"""Of every measure."""


def amounts_of(used: Consumption) -> list[float]:
    """What a request comes to, by the place of each measure; infinity where that depends on the
    limit, so that each is asked."""
    tokens = used.prompt_tokens + used.completion_tokens
    found = of_tokens(tokens, used.cost, used.requests, running=used.running)
    found[APART] = inf
    if used.units:
        for place, scaled in _OF_UNITS:
            found[place] = scaled(used)
    return found


def of_tokens(
    tokens: float, cost: float | None, requests: float = 1, *, running: bool = False
) -> list[float]:
    """The same of what uses nothing beside tokens, for limits that all count it alike; `cost` is in
    US dollars."""
    found = NOTHING.copy()
    found[_REQUESTS] = found[ARRIVALS] = requests
    found[_TOKENS] = tokens
    found[_COST] = inf if cost is None else round(cost * MICRO)
    if running:
        found[_CONCURRENT] = 1
    return found
