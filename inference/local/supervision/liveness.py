"""Is a ready worker still alive, or only still running?"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Liveness:
    """When a worker last answered `/health`, and when its generation last moved (seconds)."""

    answered_at: float
    moved_at: float
    steps: int = 0


def observe(
    liveness: Liveness, *, now: float, steps: int, active: int, bytes_at: float = 0.0
) -> Liveness:
    """A health answer came. With nothing to generate, standing still is no fault.

    `bytes_at` is when the worker last sent a part of an answer, which is movement too.
    """
    moved = active == 0 or steps != liveness.steps
    moved_at = now if moved else max(liveness.moved_at, bytes_at)
    return replace(liveness, answered_at=now, moved_at=moved_at, steps=steps)


def lifeless(
    liveness: Liveness, *, now: float, unresponsive_after_s: float, stalled_after_s: float
) -> str | None:
    """Why the worker must be replaced, as a sentence; None while it is well."""
    if now - liveness.answered_at >= unresponsive_after_s:
        return f"The worker gave no sign of life for {unresponsive_after_s:.0f} s and was ended."
    # Judged by what was seen last: a worker slow to answer is not thereby one that stands still.
    if liveness.answered_at - liveness.moved_at >= stalled_after_s:
        return f"The worker generated nothing for {stalled_after_s:.0f} s and was ended."
    return None
