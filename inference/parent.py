"""The launcher's end, which is the end of the processes that it started."""

from __future__ import annotations

import os


def wait_for_its_end() -> None:
    """The launcher holds the other end of our standard input, and writes nothing there.

    Read past `sys.stdin`, whose lock a thread would hold while the interpreter ends, which aborts
    the process.
    """
    while os.read(0, 4096):
        pass
