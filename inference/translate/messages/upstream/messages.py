"""OpenAI's messages as Anthropic's: system texts apart, tool results inside the user's turn."""

from __future__ import annotations

from typing import Any

import msgspec

from inference.translate.base import Inexpressible
from inference.translate.call_order import in_order, is_ordered
from inference.translate.chat.request_schema import ChatMessage, ToolCall
from inference.translate.chat.thinking_order import interleaved, is_interleaved, own
from inference.translate.json_errors import Dropped
from inference.translate.messages.upstream.parts import Block, blocks_of
from inference.translate.tool_input import legal_id, object_of
from inference.translate.tool_names import legal_name

_NO_FUNCTIONS = "`functions` are deprecated and have no counterpart: use `tools`."


def turns_of(
    messages: list[ChatMessage], dropped: Dropped
) -> tuple[list[Block], list[dict[str, Any]]]:
    """The system blocks and the turns. System messages are gathered wherever they stand.

    Anthropic knows system texts in between only from its latest models, and only in some places.
    """
    system: list[Block] = []
    turns: list[dict[str, Any]] = []
    for position, message in enumerate(_in_order(messages)):
        path = f"messages[{position}]"
        if message.name is not None:
            dropped.add("messages.name")
        blocks = blocks_of(message.content, f"{path}.content", dropped)
        if blocks and message.cache_control is not None:
            blocks[-1].setdefault("cache_control", message.cache_control)
        if message.role in ("system", "developer"):
            system += _texts_only(blocks, path)
        elif message.role == "user":
            _add_user(turns, blocks, message)
        elif message.role == "tool":
            _add_result(turns, blocks, message, path)
        elif message.role == "assistant":
            said = _assistant(message, blocks, path, dropped)
            if said:
                turns.append({"role": "assistant", "content": said})
        else:
            raise Inexpressible(f"{path}.role", _NO_FUNCTIONS)
    if not turns:
        raise Inexpressible(
            "messages", "`messages`: Anthropic wants a message that says something."
        )
    return system, turns


def _in_order(messages: list[ChatMessage]) -> list[ChatMessage]:
    """The messages, with tool results directly behind their calls."""
    headings = [
        {
            "role": message.role,
            "tool_calls": [{"id": call.id} for call in message.tool_calls or ()],
            "tool_call_id": message.tool_call_id,
        }
        for message in messages
    ]
    if is_ordered(headings):
        return messages
    return msgspec.convert(in_order(msgspec.to_builtins(messages)), list[ChatMessage])


def _texts_only(blocks: list[Block], path: str) -> list[Block]:
    for block in blocks:
        if block["type"] != "text":
            where = f"{path}.content"
            raise Inexpressible(where, f"`{where}`: a system message holds text alone.")
    return blocks


def _add_user(turns: list[dict[str, Any]], blocks: list[Block], message: ChatMessage) -> None:
    if not blocks:
        return
    if _open_results(turns):
        turns[-1]["content"] += blocks
    elif isinstance(message.content, str) and message.cache_control is None:
        turns.append({"role": "user", "content": message.content})
    else:
        turns.append({"role": "user", "content": blocks})


def _add_result(
    turns: list[dict[str, Any]], blocks: list[Block], message: ChatMessage, path: str
) -> None:
    if message.tool_call_id is None:
        where = f"{path}.tool_call_id"
        raise Inexpressible(where, f"`{where}` is required.")
    result: Block = {"type": "tool_result", "tool_use_id": legal_id(message.tool_call_id)}
    only_text = len(blocks) == 1 and set(blocks[0]) == {"type", "text"}
    result["content"] = blocks[0]["text"] if only_text else blocks
    if message.is_error:
        result["is_error"] = True
    if _open_results(turns):
        turns[-1]["content"].append(result)
    else:
        turns.append({"role": "user", "content": [result]})


def _open_results(turns: list[dict[str, Any]]) -> bool:
    """Whether the last turn brings tool results: all of them, and what follows, are one turn."""
    if not turns or turns[-1]["role"] != "user":
        return False
    content = turns[-1]["content"]
    return isinstance(content, list) and any(b["type"] == "tool_result" for b in content)


def _assistant(
    message: ChatMessage, texts: list[Block], path: str, dropped: Dropped
) -> list[Block]:
    """Thinking, what was said, and the calls, in the order the model produced them."""
    if message.function_call is not None:
        raise Inexpressible(f"{path}.function_call", _NO_FUNCTIONS)
    if message.audio is not None:
        raise Inexpressible(f"{path}.audio", f"`{path}.audio`: there is no audio to refer to.")
    thoughts: list[Block] = []
    for block in message.thinking_blocks or ():
        kind = block.get("type")
        if kind == "redacted_thinking" or (kind == "thinking" and block.get("signature")):
            thoughts.append(block)
        else:
            dropped.add("messages.thinking_blocks")
    if message.reasoning_content and not message.thinking_blocks:
        # Anthropic takes back only what it has signed.
        dropped.add("messages.reasoning_content")
    if message.refusal and message.refusal.strip():
        texts = [*texts, {"type": "text", "text": message.refusal}]
    calls = [
        _call(call, f"{path}.tool_calls[{n}]") for n, call in enumerate(message.tool_calls or ())
    ]
    if is_interleaved(thoughts) and all(set(text) == {"type", "text"} for text in texts):
        said = "".join(text["text"] for text in texts)
        return [
            {"type": "text", "text": piece} if kind == "text" else piece
            for kind, piece in interleaved(thoughts, said, calls)
        ]
    return [*map(own, thoughts), *texts, *calls]


def _call(call: ToolCall, path: str) -> Block:
    if call.function is None:
        message = f"`{path}`: Anthropic's protocol has no tool calls of type {call.type!r}."
        raise Inexpressible(path, message)
    return {
        "type": "tool_use",
        "id": legal_id(call.id),
        "name": legal_name(call.function.name),
        "input": object_of(call.function.arguments),
    }
