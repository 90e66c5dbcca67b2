"""The input items of a Responses request as chat messages."""

from __future__ import annotations

from typing import Any, Final

from inference.translate.base import Inexpressible
from inference.translate.json_errors import Dropped
from inference.translate.responses.calls import (
    Message,
    call_of,
    is_call,
    is_output,
    output_of,
    unfolded,
)
from inference.translate.responses.content import content_of
from inference.translate.responses.function_names import FunctionNames
from inference.translate.responses.reasoning import opened
from inference.translate.responses.request_schema import Item

_HOSTED: Final = frozenset(
    {
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "mcp_call",
        "mcp_list_tools",
        "mcp_approval_request",
        "mcp_approval_response",
    }
)
"""What OpenAI's own servers did on the way; the model's text that follows tells what came of it."""
_ITEM_REFERENCE: Final = (
    "this gateway keeps no items to refer to. Send `store: false` and the items themselves; "
    "with the Vercel AI SDK that is `providerOptions: {openai: {store: false}}`."
)


def messages_of(items: str | list[Item], names: FunctionNames, dropped: Dropped) -> list[Message]:
    """Chat messages. What the model produced in one turn (reasoning, text, calls) is one message.

    Content of a tool's output stays where it is, images too: whoever writes for an upstream that
    takes only text there moves them.
    """
    if isinstance(items, str):
        return [{"role": "user", "content": items}]
    messages: list[Message] = []
    turn: Message = {}
    for path, item in unfolded(items):
        if item.type == "reasoning":
            turn = _with_reasoning(messages, turn, item, dropped)
        elif is_call(item):
            turn = turn or _begun(messages)
            turn.setdefault("tool_calls", []).append(call_of(item, path, names))
        elif item.type == "message" and item.role == "assistant":
            if "content" in turn or "tool_calls" in turn:
                turn = {}
            turn = turn or _begun(messages)
            turn["content"] = _content(item, path)
        elif item.type in _HOSTED:
            dropped.add(f"input.{item.type}")
        elif item.type != "additional_tools":
            turn = {}
            messages.append(_input(item, path))
    return _complete(messages)


def _complete(messages: list[Message]) -> list[Message]:
    """With a content in each of the model's turns, and without turns that say nothing."""
    for message in messages:
        if message["role"] == "assistant":
            message.setdefault("content", None)
    return [m for m in messages if not _is_reasoning_alone(m)]


def _begun(messages: list[Message]) -> Message:
    messages.append({"role": "assistant"})
    return messages[-1]


def _is_reasoning_alone(message: Message) -> bool:
    """A turn that broke off while the model was thinking says nothing."""
    if message["role"] != "assistant":
        return False
    return message["content"] is None and "tool_calls" not in message


def _with_reasoning(
    messages: list[Message], turn: Message, item: Item, dropped: Dropped
) -> Message:
    """The turn this reasoning begins, or goes on with."""
    kept = opened(item.encrypted_content)
    if kept is None:
        # Sealed by another server for itself.
        dropped.add("input.reasoning")
        return turn
    if "content" in turn or "tool_calls" in turn:
        turn = {}
    turn = turn or _begun(messages)
    if kept.reasoning:
        turn["reasoning_content"] = turn.get("reasoning_content", "") + kept.reasoning
    if kept.details:
        turn["reasoning_details"] = [*turn.get("reasoning_details", ()), *kept.details]
    if kept.blocks:
        turn["thinking_blocks"] = [*turn.get("thinking_blocks", ()), *kept.blocks]
    return turn


def _input(item: Item, path: str) -> Message:
    """A message somebody else wrote, or the output of a tool."""
    if item.type == "message" and item.role is not None:
        role = "system" if item.role == "developer" else item.role
        return {"role": role, "content": _content(item, path)}
    if is_output(item):
        return output_of(item, path)
    if item.type == "item_reference":
        raise Inexpressible(path, f"`{path}`: {_ITEM_REFERENCE}")
    raise Inexpressible(path, f"`{path}`: no chat model knows an item of type {item.type!r}.")


def _content(item: Item, path: str) -> str | list[dict[str, Any]]:
    if item.content is None or isinstance(item.content, str):
        return item.content or ""
    parts = content_of(item.content, f"{path}.content")
    if len(parts) == 1 and parts[0]["type"] == "text":
        return str(parts[0]["text"])
    return parts
