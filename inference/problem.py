"""An error of the gateway's own, before a protocol gives it its form."""

from __future__ import annotations

from dataclasses import dataclass

from inference.failures import Failure, Outcome


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


def after_failure(failure: Failure, attempts: tuple[str, ...]) -> Problem:
    """What the caller is told when the chain is used up: the last failure, and every attempt.

    A provider that refused this gateway is no news about the caller's own credentials, so its
    status becomes 502.
    """
    count = len(attempts)
    intro = "The only candidate failed" if count == 1 else f"All {count} candidates failed"
    return Problem(
        502 if failure.outcome is Outcome.MISCONFIGURED else failure.status,
        f"{intro}. {failure.message}",
        failure.code,
        failure.field,
        failure.retry_after,
        attempts,
    )
