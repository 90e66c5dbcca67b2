"""Members that a request can do without, where they stand, and how they are taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from inference.translate.repairs.fields import BodyMembers, objects

TOP: Final = "top"
MESSAGE: Final = "message"
TOOL: Final = "tool"
PART: Final = "part"

_HINTS: Final = (
    # Sampling. A model that does not know one samples as it does.
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "logit_bias",
    # How much to think and to say.
    "reasoning_effort",
    "reasoning",
    "thinking",
    "enable_thinking",
    "chat_template_kwargs",
    "verbosity",
    "speed",
    # For the provider's books, caches and queues.
    "stream_options",
    "store",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prompt_cache_options",
    "service_tier",
    "prediction",
    "parallel_tool_calls",
    "inference_geo",
    "context_management",
    "betas",
    "anthropic_beta",
    "client_metadata",
    "include",
    "truncation",
)
DROPPABLE: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_HINTS, (TOP,)),
    "cache_control": (TOP, MESSAGE, TOOL, PART),
    "strict": (TOOL,),
    "eager_input_streaming": (TOOL,),
    "defer_loading": (TOOL,),
    "input_examples": (TOOL,),
    "allowed_callers": (TOOL,),
    # What an answer carried and a history brings back.
    "reasoning_content": (MESSAGE,),
    "reasoning_details": (MESSAGE,),
    "thinking_blocks": (MESSAGE,),
    "annotations": (MESSAGE,),
    "refusal": (MESSAGE,),
    "audio": (MESSAGE,),
    "provider_specific_fields": (MESSAGE, PART),
    "extra_content": (MESSAGE, PART),
    "citations": (PART,),
    "caller": (PART,),
}
"""What may be left out, by its name, and where it stands."""
REASONING_TWINS: Final = {"reasoning_content": "reasoning"}

EMPTY_ONLY: Final = frozenset({"mcp_servers", "container", "tools", "functions"})
"""May be left out where they say nothing."""
KNOWN: Final = frozenset(
    {
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "response_format",
        "output_config",
        "output_format",
        "stop",
        "stop_sequences",
        "n",
        "logprobs",
        "top_logprobs",
        "modalities",
        "mcp_servers",
        "container",
        "max_tokens",
        "max_completion_tokens",
        "web_search_options",
        "dimensions",
        "encoding_format",
        "stream",
    }
)
"""Members that some provider knows: another target may take what this one refuses."""


def drop(fields: BodyMembers, name: str) -> bool:
    """Whether there was anything of that name to take out."""
    if name in EMPTY_ONLY or name == "output_config":
        return _drop_what_says_little(fields, name)
    dropped = False
    for place in DROPPABLE.get(name, ()):
        if place == TOP:
            dropped |= name in fields
            fields.drop(name)
        elif place == TOOL:
            dropped |= _drop_within(fields, "tools", name, _tools)
        else:
            within = _messages if place == MESSAGE else _parts
            dropped |= _drop_within(fields, "messages", name, within)
            if place == PART:
                dropped |= _drop_within(fields, "system", name, objects)
    twin = REASONING_TWINS.get(name)
    if twin is not None:
        dropped |= _drop_within(fields, "messages", twin, _messages)
    return dropped


def _drop_what_says_little(fields: BodyMembers, name: str) -> bool:
    value = fields.get(name)
    if name == "output_config" and isinstance(value, dict) and "format" in value:
        # The form of the answer stays; how much to think about it is a hint.
        left = {"format": value["format"]}
        if left == value:
            return False
        fields.set(name, left)
        return True
    if name not in fields or (name in EMPTY_ONLY and value):
        return False
    fields.drop(name)
    return True


def _drop_within(fields: BodyMembers, member: str, name: str, within: Any) -> bool:
    dropped = False
    value = fields.get(member)
    for one in within(value):
        if name in one:
            del one[name]
            dropped = True
    if dropped:
        fields.set(member, value)
    return dropped


def _tools(value: Any) -> Iterator[dict[str, Any]]:
    for tool in objects(value):
        yield tool
        for inner in ("function", "custom"):
            if isinstance(tool.get(inner), dict):
                yield tool[inner]


def _messages(value: Any) -> Iterator[dict[str, Any]]:
    return objects(value)


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Parts of messages' contents, of results within them, and tool calls."""
    for message in objects(value):
        yield from objects(message.get("tool_calls"))
        for part in objects(message.get("content")):
            yield part
            yield from objects(part.get("content"))
