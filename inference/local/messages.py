"""PURE: `messages` and `tools` of a chat request, checked and put as chat templates read them."""

import re
from typing import Any, Final

import msgspec

from inference.local.fields import array, mapping, text, wrong
from inference.local.generation import Object

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
TEXT_PARTS = {"text": "text", "refusal": "refusal"}
_PICTURE: Final = re.compile(r"data:image/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]+", re.IGNORECASE)


def read_messages(value: Any, *, images: bool = False) -> tuple[Object, ...]:
    """The conversation with every content a plain string, or a list of parts where it has pictures
    and the model takes `images`. Raises BadRequest."""
    if value is None:
        wrong("messages", "is required", "missing_required_parameter")
    messages = array(value, "messages")
    if not messages:
        wrong("messages", "must have at least one message")
    return tuple(
        _message(message, f"messages[{i}]", images=images) for i, message in enumerate(messages)
    )


def read_tools(body: Object, *, forced: bool = False) -> tuple[tuple[Object, ...], Any]:
    """The tools the model may call, and a `tool_choice` that makes it call one, or None.

    None when `tool_choice` is "none". `forced`: whether it can be made to. Raises BadRequest.
    """
    for legacy, today in (("functions", "tools"), ("function_call", "tool_choice")):
        if body.get(legacy) is not None:
            wrong(legacy, f"is not supported here: use '{today}'", "unsupported_parameter")
    tools = array(body.get("tools") or [], "tools")
    for i, tool in enumerate(tools):
        where = f"tools[{i}]"
        if mapping(tool, where).get("type") != "function":
            wrong(f"{where}.type", 'must be "function"')
        function = mapping(tool.get("function"), f"{where}.function")
        if not text(function.get("name"), f"{where}.function.name"):
            wrong(f"{where}.function.name", "must not be empty")
        if function.get("parameters") is not None:
            mapping(function["parameters"], f"{where}.function.parameters")
    choice = body.get("tool_choice")
    if choice in (None, "auto", "none"):
        return (() if choice == "none" else tuple(tools)), None
    if not forced:
        wrong(
            "tool_choice",
            'must be "auto" or "none": this model cannot be made to call a tool',
            "unsupported_value",
        )
    return _forced(choice, tools)


def _forced(choice: Any, tools: list[Any]) -> tuple[tuple[Object, ...], str]:
    """The tools the model must call one of. Raises BadRequest."""
    if not tools:
        wrong("tool_choice", "needs 'tools'")
    if choice == "required":
        return tuple(tools), "required"
    function = mapping(choice, "tool_choice").get("function")
    name = text(mapping(function, "tool_choice.function").get("name"), "tool_choice.function.name")
    named = tuple(tool for tool in tools if tool["function"]["name"] == name)
    if not named:
        wrong("tool_choice.function.name", "names none of the tools")
    return named, "required"


def _message(value: Any, where: str, *, images: bool) -> Object:
    message = mapping(value, where)
    role = text(message.get("role"), f"{where}.role")
    if role not in ROLES:
        wrong(f"{where}.role", f"must be one of {', '.join(ROLES)}")
    calls = message.get("tool_calls")
    if calls is not None and role != "assistant":
        wrong(f"{where}.tool_calls", "belongs to assistant messages only")
    content = message.get("content")
    if content is None and role != "assistant":
        wrong(f"{where}.content", "is required", "missing_required_parameter")
    result: dict[str, Any] = {
        # Templates know OpenAI's newer name of the system role by its old name.
        "role": "system" if role == "developer" else role,
        "content": _content(content, f"{where}.content", images=images and role == "user"),
    }
    for name in ("name", "tool_call_id"):
        if message.get(name) is not None:
            result[name] = text(message[name], f"{where}.{name}")
    if calls is not None:
        result["tool_calls"] = [
            _call(call, f"{where}.tool_calls[{i}]")
            for i, call in enumerate(array(calls, f"{where}.tool_calls"))
        ]
    return result


def _content(value: Any, where: str, *, images: bool) -> str | list[Object]:
    """The text of a content, its parts joined; templates of text models take nothing else. With
    pictures among them, the parts in their order."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        wrong(where, "must be a string or an array of parts", "invalid_type")
    parts: list[Object] = []
    for i, item in enumerate(value):
        here = f"{where}[{i}]"
        kind = text(mapping(item, here).get("type"), f"{here}.type")
        if kind in TEXT_PARTS:
            said = text(item.get(TEXT_PARTS[kind]), f"{here}.{TEXT_PARTS[kind]}")
            parts.append({"type": "text", "text": said})
        elif kind == "image_url" and images:
            parts.append(_picture(item, f"{here}.image_url.url"))
        else:
            reads = "text, and pictures in messages of the user" if images else "text only"
            rule = f"is a part of type {kind[:40]!r}: this model reads {reads}"
            wrong(here, rule, "unsupported_value")
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def _picture(item: Object, where: str) -> Object:
    """Nothing is fetched from here: whoever asks could reach what this machine reaches."""
    source = mapping(item.get("image_url"), where.removesuffix(".url"))
    url = text(source.get("url"), where)
    if not _PICTURE.fullmatch(url):
        wrong(where, "must be a data URL of an image in base64", "unsupported_value")
    return {"type": "image_url", "image_url": {"url": url}}


def _call(value: Any, where: str) -> Object:
    """A call of an earlier turn. Templates want its arguments as an object, not as JSON text."""
    call = mapping(value, where)
    function = mapping(call.get("function"), f"{where}.function")
    arguments: Any = text(function.get("arguments", "{}"), f"{where}.function.arguments")
    try:
        parsed = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        arguments = parsed
    name = text(function.get("name"), f"{where}.function.name")
    result = {"type": "function", "function": {"name": name, "arguments": arguments}}
    if call.get("id") is not None:
        result["id"] = text(call["id"], f"{where}.id")
    return result
