"""How long an answer may become whose caller sets no limit. PURE."""

from __future__ import annotations

from typing import Final

from inference.translate.repairs.changes import LIMITS
from inference.translate.repairs.fields import BodyMembers

DEFAULT_MAX_TOKENS: Final = 4096
"""Where nobody knows how much the model gives at most."""
SPARE: Final = 1.5
"""How much longer a prompt may be than its estimate."""


def room_for(longest: int | None, context: int | None, prompt_tokens: int) -> int:
    """The limit, given what is known of the model; None is unknown.

    What is left of the context counts for less than it seems: prompts are estimated.
    """
    limit = DEFAULT_MAX_TOKENS if longest is None else longest
    if context is None:
        return limit
    left = context - prompt_tokens
    sure = context - int(prompt_tokens * SPARE)
    return max(1, min(limit, max(sure, min(left, DEFAULT_MAX_TOKENS))))


def with_limit(body: bytes, limit: int) -> bytes:
    """The request of a generation with the limit, unless it has one. Others stay as they are."""
    fields = BodyMembers(body)
    if not ("messages" in fields or "prompt" in fields):
        return body
    if any(fields.get(name) is not None for name in LIMITS):
        return body
    fields.set("max_tokens", limit)
    return fields.encoded()
