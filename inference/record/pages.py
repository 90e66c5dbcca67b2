"""Laying lines onto pages, so that whoever reads along never meets half a line. PURE.

A file grows page by page: while one `write` goes on, readers see the pages it has finished, and a
process that is killed leaves those. Where no line crosses the border of a page, both end with a
whole line. Spaces before a line's end, or before a line, mean nothing in JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

PAGE: Final = 4096
"""Bytes. Systems with larger pages use multiples of it."""


def lay(lines: Iterable[bytes], size: int) -> bytes:
    """The lines as one piece to append to a file of `size` bytes.

    Each line ends with its line feed. A line that does not fit into what is left of its page moves
    to the next one, and the one before is padded up to there. Longer lines than a page cross.
    """
    laid: list[bytes] = []
    for line in lines:
        room = PAGE - size % PAGE
        if room < len(line) and room < PAGE:
            if laid:
                laid[-1] = laid[-1][:-1] + b" " * room + b"\n"
            else:
                # The file ends with the line feed of another batch, which stays as it is.
                laid.append(b" " * room)
            size += room
        laid.append(line)
        size += len(line)
    return b"".join(laid)
