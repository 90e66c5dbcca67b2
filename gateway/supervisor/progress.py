"""Progress of long steps: one rewritten line on a terminal, a line a step elsewhere."""

from __future__ import annotations

import sys
from typing import TextIO


class Progress:
    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._live = out.isatty()
        self._step = ""

    def step(self, text: str, share: float | None = None) -> None:
        """Says what is being done; `share` from 0 to 1 when it is known."""
        if self._live:
            percent = f" {share:4.0%}" if share is not None else ""
            self._out.write(f"\r\033[K  {text} ...{percent}")
        elif text != self._step:
            self._out.write(f"  {text} ...\n")
        self._step = text
        self._out.flush()

    def done(self) -> None:
        if self._live and self._step:
            self._out.write("\r\033[K")
            self._out.flush()
        self._step = ""
