"""The limit of an answer's length, which has two names with OpenAI."""

from __future__ import annotations

import re
from typing import Final

_REASONING: Final = re.compile(r"(?:^|/)(?:o[1-9]|gpt-[5-9]|gpt-\d\d)")
"""OpenAI's reasoning models, which refuse `max_tokens`; other servers may know nothing else."""


def limit_field(model: str) -> str:
    """The field that limits the tokens of this model's answer."""
    return "max_completion_tokens" if _REASONING.search(model) else "max_tokens"
