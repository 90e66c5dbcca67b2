"""The input items of a Responses request as chat messages."""

from __future__ import annotations

from typing import Any

import msgspec

from inference.translate.base import Inexpressible
from inference.translate.json_errors import Dropped
from inference.translate.responses.reasoning import opened
from inference.translate.responses.request_schema import Item, Part
from inference.translate.sealing import opened_id

Message = dict[str, Any]


def messages_of(items: str | list[Item], dropped: Dropped) -> list[Message]:
    """Chat messages. What the model produced in one turn (reasoning, text, calls) is one message.

    Content of a tool's output stays where it is, images too: whoever writes for an upstream that
    takes only text there moves them.
    """
    if isinstance(items, str):
        return [{"role": "user", "content": items}]
    messages: list[Message] = []
    turn: Message = {}
    for position, item in enumerate(items):
        path = f"input[{position}]"
        if item.type == "reasoning":
            turn = _with_reasoning(messages, turn, item, dropped)
        elif item.type == "function_call":
            turn = turn or _begun(messages)
            turn.setdefault("tool_calls", []).append(_call(item, path))
        elif item.type == "message" and item.role == "assistant":
            if "content" in turn or "tool_calls" in turn:
                turn = {}
            turn = turn or _begun(messages)
            item, calls = _without_calls(item)
            turn["content"] = _content(item, path)
            if calls:
                turn["tool_calls"] = [_call(call, f"{path}.content") for call in calls]
        else:
            turn = {}
            messages.append(_input(item, path))
    for message in messages:
        if message["role"] == "assistant":
            message.setdefault("content", None)
    return [m for m in messages if not _is_reasoning_alone(m)]


def _without_calls(item: Item) -> tuple[Item, list[Item]]:
    """A message of the assistant, and the calls that agents write into it."""
    if item.content is None or isinstance(item.content, str):
        return item, []
    calls = [
        Item("function_call", call_id=part.call_id, name=part.name, arguments=part.arguments)
        for part in item.content
        if part.type == "function_call"
    ]
    if not calls:
        return item, []
    parts = [part for part in item.content if part.type != "function_call"]
    return msgspec.structs.replace(item, content=parts or None), calls


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


def _call(item: Item, path: str) -> dict[str, Any]:
    for name in ("call_id", "name", "arguments"):
        if getattr(item, name) is None:
            raise Inexpressible(f"{path}.{name}", f"`{path}.{name}` is required.")
    function = {"name": item.name, "arguments": item.arguments}
    call_id, extra = opened_id(item.call_id or "")
    call = {"id": call_id, "type": "function", "function": function}
    return {**call, "extra_content": extra} if extra is not None else call


def _input(item: Item, path: str) -> Message:
    """A message somebody else wrote, or the output of a tool."""
    if item.type == "message" and item.role is not None:
        role = "system" if item.role == "developer" else item.role
        return {"role": role, "content": _content(item, path)}
    if item.type == "function_call_output":
        if item.call_id is None:
            raise Inexpressible(f"{path}.call_id", f"`{path}.call_id` is required.")
        output = _output(item, f"{path}.output")
        return {"role": "tool", "tool_call_id": opened_id(item.call_id)[0], "content": output}
    if item.type == "item_reference":
        message = f"`{path}`: this gateway keeps no items to refer to; send the item itself."
        raise Inexpressible(path, message)
    raise Inexpressible(path, f"`{path}`: no chat model knows an item of type {item.type!r}.")


def _output(item: Item, path: str) -> str | list[dict[str, Any]]:
    if isinstance(item.output, str):
        return item.output
    if not isinstance(item.output, list):
        raise Inexpressible(path, f"`{path}`: expected a string or an array of parts.")
    return [_part(part, f"{path}[{n}]") for n, part in enumerate(item.output)]


def _content(item: Item, path: str) -> str | list[dict[str, Any]]:
    if item.content is None or isinstance(item.content, str):
        return item.content or ""
    parts = [_part(part, f"{path}.content[{n}]") for n, part in enumerate(item.content)]
    if len(parts) == 1 and parts[0]["type"] == "text":
        return str(parts[0]["text"])
    return parts


def _part(part: Part, path: str) -> dict[str, Any]:
    if part.type in ("input_text", "output_text", "text") and part.text is not None:
        return {"type": "text", "text": part.text}
    if part.type == "refusal" and part.refusal is not None:
        return {"type": "refusal", "refusal": part.refusal}
    if part.type == "input_image" and part.image_url is not None:
        image = {"url": part.image_url}
        if part.detail is not None:
            image["detail"] = part.detail
        return {"type": "image_url", "image_url": image}
    if part.type == "input_file" and part.file_data is not None:
        file = {"file_data": part.file_data}
        if part.filename is not None:
            file["filename"] = part.filename
        return {"type": "file", "file": file}
    if part.type == "input_audio" and part.input_audio is not None:
        return {"type": "input_audio", "input_audio": part.input_audio}
    if part.type == "input_file" and part.file_url is not None:
        return {"type": "file", "file": {"file_url": part.file_url}}
    if part.file_id is not None:
        message = f"`{path}.file_id`: no chat model can fetch it; send the data."
        raise Inexpressible(f"{path}.file_id", message)
    raise Inexpressible(path, f"`{path}`: no chat model knows a part of this form.")
