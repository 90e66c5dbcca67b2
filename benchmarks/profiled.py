"""A web process that cProfile watches from SIGUSR1 on: `python -m benchmarks.profiled FILE --fd N`.

The figures are written when it ends.
"""

from __future__ import annotations

import cProfile
import os
import signal
import sys

from gateway import web


def main() -> None:
    file = sys.argv.pop(1)
    profiler = cProfile.Profile()
    signal.signal(signal.SIGUSR1, lambda *_: profiler.enable())
    # Uvicorn raises the signal that ended it once more, which would end us before we have written.
    signal.signal(signal.SIGTERM, lambda *_: None)
    web.main()
    profiler.disable()
    profiler.dump_stats(file)
    # The thread that waits for the end of standard input would hold up a regular exit.
    os._exit(0)


if __name__ == "__main__":
    main()
