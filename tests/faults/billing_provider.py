"""A provider whose bill is known: what it streams costs the same each time."""

from __future__ import annotations

import random
from typing import Final

from tests.support import openai_shapes as shapes
from tests.support.upstream import Asked, Json, Reply, Sse

PROMPT, ANSWER = 100, 20
COST: Final = (PROMPT + ANSWER) * 1_000
"""Micro-dollars of one stream, at $1,000 for a million tokens."""
FAILED, SLOW, SLOW_BY = 0.05, 0.05, 3.0
"""Parts of the requests, and the seconds after which a slow one begins."""


class BillingProvider:
    """Says some words, with its usage at the end; one in twenty requests fails, and one in twenty
    begins late where it is asked by its first name."""

    def __init__(self) -> None:
        self.rng = random.Random(7)
        usage = {"prompt_tokens": PROMPT, "completion_tokens": ANSWER}
        told = shapes.chunk(None, usage={**usage, "total_tokens": PROMPT + ANSWER})
        words = [shapes.chunk({"content": "word "}) for _ in range(ANSWER)]
        self.streamed: list[Asked] = []
        self.events = [*words, shapes.chunk({}, "stop"), told, shapes.DONE]

    def __call__(self, asked: Asked) -> Reply:
        if self.rng.random() < FAILED:
            return Json(shapes.error("busy"), status=503)
        self.streamed.append(asked)
        late = asked.path.startswith("/acme") and self.rng.random() < SLOW
        return Sse(self.events, pause=0.02, delay=SLOW_BY if late else 0.0)
