"""What a limit counts: one measure, as a pure function of what a request used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Consumption(NamedTuple):
    """What one request used, or holds while it runs."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    """US dollars; None where no price is known."""
    running: bool = False
    """It has been sent and not ended yet: it holds its place."""


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
