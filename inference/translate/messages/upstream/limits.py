"""The longest answers of Anthropic's models, which it wants to be told with every request."""

from __future__ import annotations

import re
from typing import Final

DEFAULT_MAX_TOKENS: Final = 4096
"""Where the model is not known here: OpenAI's protocol requires no limit, Anthropic's does."""
_CONTEXT: Final = 200_000
"""Tokens that every model of the table takes, prompt and answer together."""
_SPARE: Final = 1.5
"""How much longer a prompt may be than its estimate."""
_LONGEST: Final = (
    (r"opus-4-(?:[6-9]|\d\d)(?!\d)", 128_000),
    (r"opus-4-5|(?:sonnet|haiku)-4|3-7-sonnet", 64_000),
    (r"(?:opus|sonnet|haiku|fable|mythos)-(?:[5-9]|\d\d)(?:\D|$)", 64_000),
    (r"opus-4", 32_000),
    (r"3-5-(?:sonnet|haiku)", 8_192),
)
"""Source: Anthropic's overview of its models. Names come with a date behind, and from clouds with
a vendor before; of what is newer than this table, what its forerunners give."""
_CLAUDE: Final = re.compile(r"claude-(.*)", re.IGNORECASE)


def longest_answer(model: str, prompt_tokens: int = 0) -> int:
    """The limit for an answer of a model whose caller sets none, given the prompt's estimate.

    Older models refuse a limit that does not fit beside the prompt.
    """
    named = _CLAUDE.search(model.replace(".", "-"))
    if named is None:
        return DEFAULT_MAX_TOKENS
    for pattern, longest in _LONGEST:
        if re.match(pattern, named[1]):
            room = _CONTEXT - int(prompt_tokens * _SPARE)
            return max(DEFAULT_MAX_TOKENS, min(longest, room))
    return DEFAULT_MAX_TOKENS
