"""PURE: finding strings in a text that arrives in pieces."""

from collections.abc import Iterable


def first(text: str, needles: Iterable[str]) -> tuple[int, str] | None:
    """Where the earliest needle begins, and which it is: of several there, the longest."""
    found = [(text.find(needle), -len(needle), needle) for needle in needles]
    found = [each for each in found if each[0] >= 0]
    if not found:
        return None
    index, _, needle = min(found)
    return index, needle


def undecided(text: str, needles: Iterable[str]) -> int:
    """How many characters at the end of `text` may yet turn out to begin a needle."""
    longest = 0
    for needle in needles:
        for length in range(min(len(needle) - 1, len(text)), longest, -1):
            if text.endswith(needle[:length]):
                longest = length
                break
    return longest
