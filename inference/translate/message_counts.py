"""Anthropic's `usage`, as messages, streams and batches tell it.

Source: Anthropic's API reference and the `anthropic` SDK's types.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Final

import msgspec

from inference.values.usage import Usage, clamped


class OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class Counts(msgspec.Struct):
    """Anthropic's `usage`. In a stream each value is the total until then."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None
    service_tier: str | None = None

    def update(self, later: Counts) -> None:
        """Takes over what a later event says; what it leaves out stays.

        A prompt of no tokens says nothing: some servers end with zeros. An input of 0 does where
        the rest of the prompt came from a cache.
        """
        silent = not any(_PROMPT_OF(later))
        for name, value in zip(_FIELDS, _VALUES_OF(later), strict=True):
            if value is None:
                continue
            if value or (name in _PROMPT and not silent) or getattr(self, name) is None:
                setattr(self, name, value)

    def usage(self) -> Usage:
        """In the gateway's terms, where the prompt counts its cached parts."""
        cached = clamped(self.cache_read_input_tokens)
        written = clamped(self.cache_creation_input_tokens)
        details = self.output_tokens_details
        return Usage(
            prompt=clamped(clamped(self.input_tokens) + cached + written),
            completion=clamped(self.output_tokens),
            cached=cached,
            cache_written=written,
            reasoning=clamped(details.thinking_tokens) if details is not None else 0,
        )


_PROMPT: Final = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_PROMPT_OF: Final = attrgetter(*_PROMPT)
_FIELDS: Final = Counts.__struct_fields__
_VALUES_OF: Final = attrgetter(*_FIELDS)
