"""xllamacpp, imported from here alone: OpenMP reads its settings when llama.cpp is loaded."""

from __future__ import annotations

import os

# Its threads wait for one another after every layer. By default they spin, which on a machine with
# other work stops everything: two threads on two busy cores were ten times slower so than asleep.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
import xllamacpp

__all__ = ["xllamacpp"]
