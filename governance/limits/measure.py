"""What a limit counts: one measure, as a pure function of what a request used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Consumption(NamedTuple):
    """What one request used, or holds while it runs."""

    prompt_tokens: float = 0
    """Of the whole prompt, cached parts included."""
    completion_tokens: float = 0
    """Of the whole answer, reasoning included."""
    cost: float | None = None
    """US dollars; None where no price is known."""
    running: bool = False
    """It has been sent and not ended yet: it holds its place."""
    cached_tokens: float = 0
    reasoning_tokens: float = 0
    requests: float = 1
    units: Mapping[str, float] | None = None
    """What was used beside tokens, by the names of `interactions.record.UNITS`."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something a limit can be set on."""

    name: str
    label: str
    unit: str
    amount: Callable[[Consumption], float]
    threshold: str = ""
    """The word that a target's threshold for it begins with, as in `token_percent_threshold`;
    empty: targets have none."""
    rank: int = 100
    """Place where operators choose one, and in which thresholds are checked."""
    scale: int = 1
    """What one unit is counted as, so that sums are exact: a dollar as a million."""
    in_ledger: tuple[str, ...] = ()
    """Columns of the usage ledger whose sum it is; empty: nothing is kept of it."""
    unit_counted: str = ""
    """The one of `Consumption.units` that it counts and nothing else, so that a request without any
    is not asked; empty: it counts something else."""
    header: str = ""
    """The word of rate-limit headers for it; empty: they do not tell it."""

    def scaled(self, used: Consumption) -> float:
        """The amount as limits count it."""
        found = self.amount(used)
        return found if self.scale == 1 else round(found * self.scale)
