"""Prompts of which no cache holds anything."""

from __future__ import annotations

import itertools
import time
from typing import Final

SENTENCE: Final = "The signalman walked along the line and looked at every lamp on the way. "
NUMBERS: Final = itertools.count()


def new_prompt(sentences: int) -> str:
    """Begins like no other one; a sentence is about fifteen tokens."""
    return f"{next(NUMBERS)} {time.time_ns()}. {SENTENCE * sentences}"
