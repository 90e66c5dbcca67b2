"""An error of the gateway's own, before a protocol gives it its form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What the caller is told when the gateway itself has to refuse or to give up."""

    status: int
    message: str
    code: str | None = None
    field: str | None = None
    retry_after: float | None = None
    """Seconds."""
    attempts: tuple[str, ...] = ()
    """One line an attempt: provider, model, what happened."""
