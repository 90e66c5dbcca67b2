"""OpenAI's Responses request, as far as it can be said as a chat completion.

Source: OpenAI's API reference and the `openai` SDK's types.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec


class ContentPart(msgspec.Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    detail: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    input_audio: dict[str, Any] | None = None
    call_id: str | None = None
    """This and what follows: a call that stands inside a message, as some agents send it."""
    name: str | None = None
    namespace: str | None = None
    arguments: Any = None
    input: str | None = None
    output: Any = None


class ResponsesTool(msgspec.Struct):
    type: str
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    format: dict[str, Any] | None = None
    """Of a custom tool: `text`, or a grammar."""
    tools: list[ResponsesTool] | None = None
    """Of a namespace."""


class Item(msgspec.Struct):
    type: str = "message"
    role: Literal["user", "assistant", "system", "developer"] | None = None
    content: str | list[ContentPart] | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: Any = None
    """Mostly a text; a client's own tool search has an object."""
    input: str | None = None
    """Of a call of a custom tool."""
    output: Any = None
    """Of a call: mostly a text or parts."""
    action: Any = None
    """What a call of a shell or a computer does."""
    operation: Any = None
    """What a call of `apply_patch` does."""
    tools: list[ResponsesTool] | None = None
    """Of an item that brings tools."""
    summary: list[ContentPart] | None = None
    encrypted_content: str | None = None


class NamedTool(msgspec.Struct):
    type: str
    name: str | None = None
    namespace: str | None = None


class ResponsesToolChoice(msgspec.Struct):
    type: str
    name: str | None = None
    namespace: str | None = None
    mode: Literal["auto", "required"] | None = None
    tools: list[NamedTool] | None = None


class TextFormat(msgspec.Struct):
    type: str
    name: str | None = None
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class Text(msgspec.Struct):
    format: TextFormat | None = None
    verbosity: str | None = None


class ReasoningOptions(msgspec.Struct):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None
    """What `summary` was called before."""


class ResponsesRequest(msgspec.Struct):
    input: str | list[Item] = ""
    instructions: str | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    tools: list[ResponsesTool] | None = None
    tool_choice: Literal["none", "auto", "required"] | ResponsesToolChoice | None = None
    parallel_tool_calls: bool | None = None
    text: Text | None = None
    reasoning: ReasoningOptions | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    include: list[str] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    prompt: Any = None
    truncation: str | None = None
    moderation: Any = None


RESPONSES_REQUEST: Final = msgspec.json.Decoder(ResponsesRequest)
