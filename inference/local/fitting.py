"""How many tokens of a prompt are read within a time, by what some of them took. PURE."""

from __future__ import annotations


def fitting(seconds: float, tokens: int, took: float, least: int, most: int) -> int:
    """So many as take these `seconds` where `tokens` took `took` seconds; within both bounds."""
    return max(least, min(most, int(tokens * seconds / max(took, 1e-9))))
