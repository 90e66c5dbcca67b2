"""PURE: finding strings in a text that arrives in pieces."""

from collections.abc import Iterable


def first(text: str, needles: Iterable[str]) -> tuple[int, str] | None:
    """Where the needle that is complete first begins, and which it is: of several, the longest.

    Complete first, not begun first: so the result does not depend on how the text was cut.
    """
    starts = [(text.find(needle), needle) for needle in needles]
    found = [(start + len(needle), start, needle) for start, needle in starts if start >= 0]
    if not found:
        return None
    _, start, needle = min(found)
    return start, needle


def undecided(text: str, needles: Iterable[str]) -> int:
    """How many characters at the end of `text` may yet turn out to begin a needle."""
    longest = 0
    for needle in needles:
        for length in range(min(len(needle) - 1, len(text)), longest, -1):
            if text.endswith(needle[:length]):
                longest = length
                break
    return longest
