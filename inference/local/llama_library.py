"""xllamacpp, imported from here alone: OpenMP reads its settings when llama.cpp is loaded."""

from __future__ import annotations

import os

# Its threads wait for one another after every layer. By default they spin for milliseconds, which
# on a machine with other work stops everything: two threads on two busy cores were ten times slower
# so than asleep. Where they sleep at once, waking them takes as long as a token's arithmetic. So
# they spin for some ten microseconds first, in which most waits are over.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ.setdefault("GOMP_SPINCOUNT", "300")
import xllamacpp

__all__ = ["xllamacpp"]
