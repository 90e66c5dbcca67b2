"""OpenAI's chat completion request, as far as it can be said in another protocol.

Source: OpenAI's API reference and the `openai` SDK's types. `cache_control`, `reasoning_content`,
`thinking_blocks`, `is_error`, `thinking` and `top_k` are extensions in wide use.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec


class ImageUrl(msgspec.Struct):
    url: str
    detail: str | None = None


class File(msgspec.Struct):
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    """An extension of this gateway's, for documents that a server is to fetch."""
    filename: str | None = None


class Part(msgspec.Struct):
    type: str
    text: str | None = None
    image_url: ImageUrl | str | None = None
    file: File | None = None
    refusal: str | None = None
    cache_control: dict[str, Any] | None = None
    prompt_cache_breakpoint: dict[str, Any] | None = None


Content = str | list[Part] | None


class Function(msgspec.Struct):
    name: str
    arguments: str | dict[str, Any] = ""
    """A text, as OpenAI has it; some servers write objects, and histories bring them back."""


class ToolCall(msgspec.Struct):
    id: str
    type: str = "function"
    function: Function | None = None


class ChatMessage(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Content = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    is_error: bool | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[dict[str, Any]] | None = None
    function_call: Any = None
    audio: Any = None
    cache_control: dict[str, Any] | None = None


class FunctionTool(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    cache_control: dict[str, Any] | None = None


class Tool(msgspec.Struct):
    type: str = "function"
    function: FunctionTool | None = None
    cache_control: dict[str, Any] | None = None


class NamedChatTool(msgspec.Struct):
    name: str


class AllowedTool(msgspec.Struct):
    type: str = "function"
    function: NamedChatTool | None = None


class AllowedTools(msgspec.Struct):
    mode: Literal["auto", "required"]
    tools: list[AllowedTool]


class ToolChoice(msgspec.Struct):
    type: str
    function: NamedChatTool | None = None
    allowed_tools: AllowedTools | None = None


class JsonSchema(msgspec.Struct):
    name: str | None = None
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(msgspec.Struct):
    type: str
    json_schema: JsonSchema | None = None


class ChatRequest(msgspec.Struct):
    messages: list[ChatMessage]
    stream: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    thinking: dict[str, Any] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    modalities: list[str] | None = None
    functions: Any = None
    function_call: Any = None
    web_search_options: Any = None
    moderation: Any = None
    store: bool | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None


CHAT_REQUEST: Final = msgspec.json.Decoder(ChatRequest)
