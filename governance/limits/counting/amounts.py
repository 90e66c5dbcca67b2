"""What a request comes to, by every measure at once. PURE."""

from __future__ import annotations

from math import inf
from typing import Final

from governance.limits import MEASURES
from governance.limits.limit import MICRO
from governance.limits.measure import Consumption

_OF_ALL: Final = ("requests", "tokens", "cost", "concurrent")
SLOTS: Final = {
    name: place for place, name in enumerate(dict.fromkeys((*_OF_ALL, *MEASURES)), start=2)
}
"""Place of each measure among the amounts of a request."""
ARRIVALS: Final = 0
"""Place of requests that count from their arrival on, so that nothing of them is held."""
APART: Final = 1
"""Place of what a request comes to by a limit that counts in a way of its own."""
_OF_UNITS: Final = tuple(
    (SLOTS[one.name], one.scaled) for one in MEASURES.values() if one.unit_counted
)
OTHERS: Final = tuple(
    (SLOTS[one.name], one.scaled)
    for one in MEASURES.values()
    if one.name not in _OF_ALL and not one.unit_counted
)
"""Measures that are asked about every request, since nothing says what they count."""
_NO_UNITS: Final = (0.0,) * (len(SLOTS) - len(_OF_ALL))


def amounts_of(used: Consumption) -> list[float]:
    """What a request comes to, by the place of each measure; infinity where that depends on the
    limit, so that each is asked."""
    tokens = used.prompt_tokens + used.completion_tokens
    found = of_tokens(tokens, used.cost, used.requests, 1 if used.running else 0)
    for place, scaled in OTHERS:
        found[place] = scaled(used)
    if used.units:
        for place, scaled in _OF_UNITS:
            found[place] = scaled(used)
    return found


def of_tokens(
    tokens: float, cost: float | None, requests: float = 1, running: float = 0
) -> list[float]:
    """The same of what uses nothing beside tokens, where there are no `OTHERS`; `cost` is in US
    dollars."""
    price = inf if cost is None else round(cost * MICRO)
    return [requests, inf, requests, tokens, price, running, *_NO_UNITS]
