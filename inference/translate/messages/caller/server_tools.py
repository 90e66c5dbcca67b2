"""What Anthropic's own tools did in the past of a conversation, in words for other models.

Without them a conversation that has searched the web could not go on with another provider.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from inference.translate.json_errors import Dropped
from inference.translate.messages.request_schema import Block, MediaSource
from inference.translate.tool_input import text_of

_CALLS: Final = ("server_tool_use", "mcp_tool_use")


def is_of_server_tool(block: Block) -> bool:
    """Whether an assistant's block is a call of such a tool, or its result."""
    return block.type in _CALLS or block.type.endswith("_tool_result")


def told(block: Block, dropped: Dropped) -> str:
    """The block in words."""
    if block.cache_control is not None:
        dropped.add("cache_control")
    if block.type in _CALLS:
        return f"[Called {block.name or block.type} with {text_of(block.input)}]"
    lines = [line for line in _lines(block.content) if line]
    return "\n".join([f"[Result of {block.type.removesuffix('_tool_result')}]", *lines])


def _lines(content: str | list[Block] | Block | None) -> Iterator[str]:
    """The texts in a result, whatever tool it is of."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            yield from _lines(block)
    elif content is not None:
        if content.title or content.url:
            yield " ".join(filter(None, (content.title, content.url)))
        for text in (content.text, content.stdout, content.stderr, content.error_code):
            yield text or ""
        if isinstance(content.source, MediaSource):
            yield content.source.data or ""
        yield from _lines(content.content)
