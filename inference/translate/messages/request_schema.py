"""Anthropic's message request, as far as it can be said in another protocol.

Source: Anthropic's API reference and the `anthropic` SDK's types.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from inference.translate.tool_input import NOTHING


class MediaSource(msgspec.Struct):
    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    content: str | list[Block] | None = None


class Block(msgspec.Struct):
    type: str
    text: str | None = None
    source: MediaSource | str | None = None
    """A string in search results, which name where they come from."""
    title: str | None = None
    context: str | None = None
    citations: Any = None
    id: str | None = None
    name: str | None = None
    tool_name: str | None = None
    input: msgspec.Raw = NOTHING
    tool_use_id: str | None = None
    content: str | list[Block] | Block | None = None
    """One block where a tool of Anthropic's own tells an error, or has run code."""
    is_error: bool | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    """Of thinking that nobody may read."""
    url: str | None = None
    error_code: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    cache_control: Any = None


class Turn(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class MessagesTool(msgspec.Struct):
    name: str | None = None
    type: str | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None
    cache_control: Any = None
    input_examples: Any = None
    eager_input_streaming: Any = None
    defer_loading: Any = None
    allowed_callers: Any = None


class MessagesToolChoice(msgspec.Struct):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class OutputFormat(msgspec.Struct):
    type: str
    schema: dict[str, Any] | None = None


class OutputConfig(msgspec.Struct):
    effort: str | None = None
    format: OutputFormat | None = None


class MessagesRequest(msgspec.Struct):
    messages: list[Turn]
    max_tokens: int
    system: str | list[Block] | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: list[str] | None = None
    tools: list[MessagesTool] | None = None
    tool_choice: MessagesToolChoice | None = None
    thinking: dict[str, Any] | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    metadata: dict[str, Any] | None = None
    service_tier: str | None = None
    container: Any = None
    mcp_servers: Any = None
    inference_geo: Any = None
    compaction: Any = None


MESSAGES_REQUEST: Final = msgspec.json.Decoder(MessagesRequest)
