"""Token accounting, in one shape for every protocol."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer. `prompt` counts the whole prompt, cached parts included.

    OpenAI reports it so (`prompt_tokens`); Anthropic reports the uncached part alone, to which the
    cache reads and writes have to be added.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    """Prompt tokens read from a cache."""
    cache_written: int = 0
    """Prompt tokens written to a cache."""
    reasoning: int = 0
    """Completion tokens spent on reasoning."""

    @property
    def total(self) -> int:
        return self.prompt + self.completion
