"""What a request comes to, by every measure at once. PURE."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Final

from governance.limits import MEASURES
from governance.limits.measure import Consumption

SLOTS: Final = {name: place for place, name in enumerate(MEASURES)}
"""Place of each measure among the amounts of a request."""
APART: Final = len(SLOTS)
"""Place of what a request comes to by a limit that counts in a way of its own."""
ARRIVALS: Final = APART + 1
"""Place of requests that count from their arrival on, so that nothing of them is held."""
_REQUESTS: Final = SLOTS["requests"]
_COST: Final = SLOTS["cost"]
_SCALED: Final = tuple(
    (place, one.amount if one.scale == 1 else one.scaled)
    for place, one in enumerate(MEASURES.values())
)
_WITHOUT_UNITS: Final = tuple(
    _SCALED[place] for place, one in enumerate(MEASURES.values()) if not one.unit_counted
)
_NONE: Final = [0.0] * len(SLOTS)
NOTHING: Final = [0.0] * (ARRIVALS + 1)
"""Of every measure."""


Amount = Callable[[Consumption], float]


def alone(slots: Iterable[int]) -> tuple[tuple[int, Amount], ...]:
    """What a request comes to by the measures of these places: infinity where there is no price."""
    by_place: dict[int, Amount] = {**dict(_SCALED), ARRIVALS: _SCALED[_REQUESTS][1], _COST: _priced}
    return tuple([(slot, by_place[slot]) for slot in slots])


def _priced(used: Consumption) -> float:
    return inf if used.cost is None else _SCALED[_COST][1](used)


def amounts_of(used: Consumption) -> list[float]:
    """What a request comes to, by the place of each measure; infinity where that depends on the
    limit, so that each is asked."""
    found = _NONE.copy()
    for place, scaled in _SCALED if used.units else _WITHOUT_UNITS:
        found[place] = scaled(used)
    if used.cost is None:
        found[_COST] = inf
    found.append(inf)
    found.append(found[_REQUESTS])
    return found
