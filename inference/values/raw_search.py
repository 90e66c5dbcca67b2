"""Words are looked for in JSON as it came, without a copy of all of it."""

from __future__ import annotations

from typing import Final

import msgspec

WINDOW: Final = 256 * 1024
"""Bytes that are copied at a time. A copy of tens of megabytes takes longer than the search in it,
and nothing else runs in the interpreter before either ends."""


def holds_any(raw: msgspec.Raw, words: tuple[bytes, ...]) -> bool:
    """Whether one of the words stands somewhere in it."""
    view = memoryview(raw)
    beyond = max(map(len, words)) - 1
    for start in range(0, len(view), WINDOW):
        window = bytes(view[start : start + WINDOW + beyond])
        for word in words:
            if word in window:
                return True
    return False
