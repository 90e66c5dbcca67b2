"""Lengths of time as people read them."""

from __future__ import annotations


def readable_time(milliseconds: float | None) -> str:
    """`2.4 ms`, `81 ms`, `1.23 s`; a dash when unknown."""
    if milliseconds is None:
        return "—"
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:,.2f} s"
