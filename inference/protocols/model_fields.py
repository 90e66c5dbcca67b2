"""What lists of models say of each beside its name, where that is known.

Sources: OpenRouter's API reference ("Models"), whose extra fields clients of OpenAI's protocol look
for; Anthropic's API reference ("Models") and the `anthropic` SDK.
"""

from __future__ import annotations

from typing import Any, Final

from governance.routing.model_facts import ModelFacts

_INPUTS: Final = (("text", "text"), ("vision", "image"), ("audio", "audio"), ("file", "file"))
"""Our modalities and OpenRouter's words for them."""
_PARAMETERS: Final = (
    ("tools", ("tools", "tool_choice")),
    ("structured_output", ("response_format", "structured_outputs")),
    ("reasoning", ("reasoning", "reasoning_effort")),
)


def openrouter_fields(name: str, facts: ModelFacts) -> dict[str, Any]:
    """Beside OpenAI's four fields; nothing where nothing is known."""
    found: dict[str, Any] = {}
    context, longest, capabilities = facts
    if context:
        found["context_length"] = context
    if context or longest:
        found["top_provider"] = {
            "context_length": context,
            "max_completion_tokens": longest,
            "is_moderated": False,
        }
    if capabilities:
        inputs = [word for ours, word in _INPUTS if ours == "text" or ours in capabilities]
        found["architecture"] = {
            "modality": f"{'+'.join(inputs)}->text",
            "input_modalities": inputs,
            "output_modalities": ["text"],
        }
        found["supported_parameters"] = [
            word for feature, words in _PARAMETERS if feature in capabilities for word in words
        ]
    return {"name": name, **found} if found else {}


def anthropic_fields(facts: ModelFacts) -> dict[str, Any]:
    """Anthropic's own fields; what is not known is null, which its SDK takes for so."""
    found: dict[str, Any] = {}
    if facts.context_length:
        found["max_input_tokens"] = facts.context_length
    if facts.max_output_tokens:
        found["max_tokens"] = facts.max_output_tokens
    return found
