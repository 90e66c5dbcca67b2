"""Chat messages as the input items of a Responses request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from inference.translate.base import Inexpressible
from inference.translate.chat.request_schema import ImageUrl, Part
from inference.translate.json_errors import Dropped
from inference.translate.responses.upstream.chat_schema import HistoryMessage
from inference.translate.responses.upstream.reasoning import encrypted_in
from inference.values.seal import Seal

Item = dict[str, Any]

_THOUGHTS: Final = "messages.reasoning_content"


def items_of(
    messages: list[HistoryMessage], seal: Seal | None, dropped: Dropped, signed_thinking: str
) -> list[Item]:
    """Raises `Inexpressible`. `signed_thinking` is the caller's name for an Anthropic model's."""
    items: list[Item] = []
    for place, message in enumerate(messages):
        path = f"messages[{place}]"
        if message.role == "tool":
            items.append(_output(message, path))
        elif message.role == "assistant":
            if message.thinking_blocks:
                dropped.add(signed_thinking)
            items += _turn(message, path, seal, dropped)
        elif message.role == "function":
            raise Inexpressible(path, f"`{path}`: send a message of role `tool`.")
        else:
            content = message.content
            told = content or "" if not isinstance(content, list) else _parts(content, path)
            items.append({"type": "message", "role": message.role, "content": told})
    return items


def _turn(
    message: HistoryMessage, path: str, seal: Seal | None, dropped: Dropped
) -> Iterator[Item]:
    """Reasoning, then what was said, then calls, as the model made them."""
    encrypted = list(encrypted_in(message.reasoning_details or (), seal))
    if len(encrypted) < len(message.reasoning_details or ()):
        dropped.add("messages.reasoning_details")
    elif message.reasoning_content and not encrypted:
        dropped.add(_THOUGHTS)
    for content in encrypted:
        yield {"type": "reasoning", "summary": [], "encrypted_content": content}
    said = _said(message, path)
    if said:
        yield {"type": "message", "role": "assistant", "content": said}
    for place, call in enumerate(message.tool_calls or ()):
        if call.function is None:
            where = f"{path}.tool_calls[{place}]"
            raise Inexpressible(where, f"`{where}`: only functions are called here.")
        yield {
            "type": "function_call",
            "call_id": call.id,
            "name": call.function.name,
            "arguments": call.function.arguments,
        }


def _said(message: HistoryMessage, path: str) -> list[Item]:
    content = message.content
    parts = [Part("text", text=content)] if isinstance(content, str) else content or []
    said: list[Item] = []
    for place, part in enumerate(parts):
        if part.type == "text" and part.text:
            said.append({"type": "output_text", "text": part.text})
        elif part.type == "refusal" and part.refusal:
            said.append({"type": "refusal", "refusal": part.refusal})
        elif part.type not in ("text", "refusal"):
            raise _unknown(part, f"{path}.content[{place}]")
    if message.refusal:
        said.append({"type": "refusal", "refusal": message.refusal})
    return said


def _output(message: HistoryMessage, path: str) -> Item:
    content = message.content
    told = content or "" if not isinstance(content, list) else _parts(content, path)
    return {"type": "function_call_output", "call_id": message.tool_call_id or "", "output": told}


def _parts(parts: list[Part], path: str) -> list[Item]:
    return [_part(part, f"{path}.content[{place}]") for place, part in enumerate(parts)]


def _part(part: Part, path: str) -> Item:
    if part.type == "text" and part.text is not None:
        return {"type": "input_text", "text": part.text}
    image = part.image_url
    if part.type == "image_url" and image is not None:
        image = image if isinstance(image, ImageUrl) else ImageUrl(image)
        return {"type": "input_image", "image_url": image.url, "detail": image.detail or "auto"}
    file = part.file
    if part.type == "file" and file is not None:
        names = ("file_data", "file_id", "file_url", "filename")
        told = {name: getattr(file, name) for name in names if getattr(file, name) is not None}
        if file.file_url is not None:
            told.pop("filename", None)
        return {"type": "input_file", **told}
    raise _unknown(part, path)


def _unknown(part: Part, path: str) -> Inexpressible:
    message = f"`{path}`: the Responses API knows no such part as {part.type!r} here."
    return Inexpressible(path, message)
