"""What traffic adds up to at one place. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from governance.interactions.ledger import NO_ERROR, TRAFFIC_COUNTS

TOKENS: Final = ("prompt_tokens", "completion_tokens", "cached_tokens")
SUMMED: Final = TRAFFIC_COUNTS
"""Rows have no units beside tokens: the edges of a range have none."""
_NAMES: Final = {f"sum_{name}": name for name in SUMMED}


@dataclass(slots=True)
class TrafficSums:
    """Sums over some requests, and over the attempts that count at the same place."""

    requests: int = 0
    errors: int = 0
    fallbacks: int = 0
    """Requests that a later target answered."""
    local_fallbacks: int = 0
    """Requests that local inference answered in place of what was asked for."""
    attempts: int = 0
    failed: int = 0
    """Attempts that failed, whatever became of their requests."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    audio_milliseconds: int = 0
    images: int = 0
    characters: int = 0
    unpriced: int = 0
    cost_micro_usd: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    """Requests by how they ended; empty where the ledger does not tell."""

    def add(self, row: Mapping[str, Any]) -> None:
        for key, value in row.items():
            name = _NAMES.get(key)
            if name is not None and value:
                setattr(self, name, getattr(self, name) + int(value))
        requests = row.get("sum_requests") or 0
        outcome = row.get("outcome")
        if outcome is None:
            self.errors += int(row.get("sum_errors") or 0)
            return
        if requests:
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + requests
        self.errors += requests if outcome not in NO_ERROR else 0
        self.fallbacks += requests if row["fallback"] == "target" else 0
        self.local_fallbacks += requests if row["fallback"] == "local" else 0

    def take(self, other: TrafficSums) -> None:
        """Adds what another sum holds."""
        for name in (*SUMMED, "errors", "fallbacks", "local_fallbacks"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count

    @property
    def cost_usd(self) -> float | None:
        """None where only models without a known price were used: that is not for free."""
        unknown = not self.cost_micro_usd and self.unpriced
        return None if unknown else self.cost_micro_usd / 1_000_000

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def error_share(self) -> float | None:
        """0 to 1; None without requests."""
        return self.errors / self.requests if self.requests else None

    @property
    def cached_share(self) -> float | None:
        """Of the tokens in."""
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else None
