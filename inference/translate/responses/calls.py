"""Calls and their outputs among the input items of a Responses request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from inference.translate.base import Inexpressible
from inference.translate.responses.content import content_of
from inference.translate.responses.function_names import CallersTool, FunctionNames
from inference.translate.responses.request_schema import ContentPart, Item
from inference.translate.responses.tools import INPUT
from inference.translate.sealing import opened_id

Message = dict[str, Any]
Placed = tuple[str, Item]
"""An item and its path in the request."""

_OUTPUTS: Final = ("_call_output", "tool_search_output")
_TYPED: Final = ("function_call", "custom_tool_call")


def is_call(item: Item | ContentPart) -> bool:
    """A call that the client carries out. Hosted tools' calls have no `call_id`."""
    if item.type in _TYPED:
        return True
    return item.type.endswith("_call") and item.call_id is not None


def is_output(item: Item | ContentPart) -> bool:
    if item.type in ("function_call_output", "custom_tool_call_output"):
        return True
    return item.type.endswith(_OUTPUTS) and item.call_id is not None


def unfolded(items: list[Item]) -> Iterator[Placed]:
    """The items with the calls and outputs that stand inside messages as items of their own."""
    for position, item in enumerate(items):
        path = f"input[{position}]"
        content = item.content
        if not isinstance(content, list) or not any(is_call(p) or is_output(p) for p in content):
            yield path, item
            continue
        said = [part for part in content if not (is_call(part) or is_output(part))]
        message = msgspec.structs.replace(item, content=said)
        inside = [
            (f"{path}.content[{n}]", _as_item(part))
            for n, part in enumerate(content)
            if is_call(part) or is_output(part)
        ]
        outputs = [placed for placed in inside if is_output(placed[1])]
        yield from outputs
        if said:
            yield path, message
        yield from (placed for placed in inside if not is_output(placed[1]))


def _as_item(part: ContentPart) -> Item:
    names = ("type", "call_id", "name", "namespace", "arguments", "input", "output")
    return Item(**{name: getattr(part, name) for name in names})


def call_of(item: Item, path: str, names: FunctionNames) -> dict[str, Any]:
    """A tool call of a chat message."""
    _require(item, "call_id", path)
    if item.type in _TYPED:
        _require(item, "name", path)
        custom = item.type == "custom_tool_call"
        name = names.function(CallersTool(item.name or "", item.namespace, custom))
    else:
        name = item.name or item.type.removesuffix("_call")
    function = {"name": name, "arguments": _arguments(item, path)}
    call_id, extra = opened_id(item.call_id or "")
    call = {"id": call_id, "type": "function", "function": function}
    return {**call, "extra_content": extra} if extra is not None else call


def _arguments(item: Item, path: str) -> str:
    if item.type == "custom_tool_call":
        _require(item, "input", path)
        return _json({INPUT: item.input})
    if item.type == "function_call":
        _require(item, "arguments", path)
    told = (value for value in (item.arguments, item.action, item.operation) if value is not None)
    arguments: Any = next(told, {})
    return arguments if isinstance(arguments, str) else _json(arguments)


def output_of(item: Item, path: str) -> Message:
    """The message of role `tool`."""
    _require(item, "call_id", path)
    call_id, _ = opened_id(item.call_id or "")
    return {"role": "tool", "tool_call_id": call_id, "content": _output(item, path)}


def _output(item: Item, path: str) -> str | list[dict[str, Any]]:
    output, path = item.output, f"{path}.output"
    if isinstance(output, str):
        return output
    if item.type not in ("function_call_output", "custom_tool_call_output"):
        # Of shells, patches, computers and searches: each of a form of its own.
        told = [tool.name for tool in item.tools] if item.tools and output is None else output
        return _json(told)
    if not isinstance(output, list):
        raise Inexpressible(path, f"`{path}`: expected a string or an array of parts.")
    try:
        parts = msgspec.convert(output, list[ContentPart])
    except msgspec.ValidationError:
        message = f"`{path}`: expected an array of content parts."
        raise Inexpressible(path, message) from None
    return content_of(parts, path)


def _require(item: Item, name: str, path: str) -> None:
    if getattr(item, name) is None:
        raise Inexpressible(f"{path}.{name}", f"`{path}.{name}` is required.")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
