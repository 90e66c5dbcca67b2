"""A bar chart as shapes for an SVG, and in words. Plain values, no IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.console.monitoring.traffic import Traffic

HEIGHT: Final = 100.0
WIDTH: Final = 10.0
"""Of a bar with the gap after it, in the drawing's own units."""
GAP: Final = 2.0


@dataclass(frozen=True, slots=True)
class Shape:
    """One bar: errors stand at its foot."""

    x: float
    y: float
    height: float
    error_y: float
    error_height: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    shapes: tuple[Shape, ...]
    width: float
    height: float
    bar: float
    most: int
    words: str
    """All of it, for those who do not see it."""


def chart(traffic: Traffic) -> Chart:
    """Requests over the period."""
    period = traffic.period
    most = max((bar.requests for bar in traffic.bars), default=0)
    scale = HEIGHT / most if most else 0.0
    layout = "%a %H:%M" if period.name == "week" else "%H:%M"
    shapes = []
    for place, bar in enumerate(traffic.bars):
        height, errors = bar.requests * scale, bar.errors * scale
        words = f"{bar.begins.strftime(layout)} UTC: {counted(bar.requests, 'request')}"
        if bar.errors:
            words += f", {counted(bar.errors, 'error')}"
        shapes.append(
            Shape(
                x=place * WIDTH,
                y=round(HEIGHT - height, 2),
                height=round(height, 2),
                error_y=round(HEIGHT - errors, 2),
                error_height=round(errors, 2),
                words=words,
            )
        )
    totals = traffic.totals
    words = (
        f"{period.label}: {counted(totals.requests, 'request')}, "
        f"{counted(totals.errors, 'error')}, at most {counted(most, 'request')} "
        f"in one {period.bar_label}."
    )
    return Chart(tuple(shapes), len(shapes) * WIDTH, HEIGHT, WIDTH - GAP, most, words)


def counted(count: int, noun: str) -> str:
    """`1 request`, `2,000 requests`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
