"""The parts of OpenAI's chat and text completions a pass-through reads.

Leaves are untyped on purpose: what passes through need not be understood, so an odd value in a
field nobody asks for must not break an answer.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.lenient import LenientDecoder

_SAYING: Final = (
    "content",
    "tool_calls",
    "reasoning_content",
    "reasoning",
    "refusal",
    "function_call",
    "audio",
    "thinking_blocks",
    "reasoning_details",
)
"""What a delta may say. `reasoning_content` is what DeepSeek, vLLM and most servers call it,
`reasoning` what mlx_lm.server, OpenRouter and newer vLLM do."""


def _says(value: Any) -> bool:
    """Whether there is anything in it: an empty stub of a `function_call` says nothing."""
    return any(value.values()) if isinstance(value, dict) else bool(value)


class PassThroughChoice(msgspec.Struct):
    index: Any = None
    delta: Any = None
    text: Any = None
    finish_reason: Any = None

    @property
    def meaningful(self) -> bool:
        """Whether it says something: a delta of the role alone does not."""
        if self.finish_reason or self.text:
            return True
        delta = self.delta
        return isinstance(delta, dict) and any(_says(delta.get(name)) for name in _SAYING)


class PassThroughCompletion(msgspec.Struct):
    """A chunk of a stream, or a whole completion."""

    model: Any = None
    choices: list[PassThroughChoice] | None = None
    usage: Any = None
    error: Any = None


class Embeddings(msgspec.Struct):
    model: Any = None
    data: list[Any] | None = None
    usage: Any = None
    error: Any = None


COMPLETION: Final = LenientDecoder(PassThroughCompletion, "choices")
EMBEDDINGS: Final = LenientDecoder(Embeddings, "data")
