"""PURE: `messages` and `tools` of a chat request, checked and put as chat templates read them."""

from typing import Any

import msgspec

from inference.local.fields import array, mapping, text, wrong
from inference.local.generation import Object

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
TEXT_PARTS = {"text": "text", "refusal": "refusal"}


def read_messages(value: Any) -> tuple[Object, ...]:
    """The conversation with every content a plain string. Raises BadRequest."""
    if value is None:
        wrong("messages", "is required", "missing_required_parameter")
    messages = array(value, "messages")
    if not messages:
        wrong("messages", "must have at least one message")
    return tuple(_message(message, f"messages[{i}]") for i, message in enumerate(messages))


def read_tools(body: Object) -> tuple[Object, ...]:
    """The tools the model may call: none when `tool_choice` is "none". Raises BadRequest."""
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
    if choice not in (None, "auto", "none"):
        wrong(
            "tool_choice",
            'must be "auto" or "none": this model cannot be made to call a tool',
            "unsupported_value",
        )
    return () if choice == "none" else tuple(tools)


def _message(value: Any, where: str) -> Object:
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
        "content": _content(content, f"{where}.content"),
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


def _content(value: Any, where: str) -> str:
    """The text of a content, its parts joined; templates of text models take nothing else."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        wrong(where, "must be a string or an array of parts", "invalid_type")
    texts = []
    for i, item in enumerate(value):
        here = f"{where}[{i}]"
        kind = text(mapping(item, here).get("type"), f"{here}.type")
        if kind not in TEXT_PARTS:
            rule = f"is a part of type {kind[:40]!r}: this model reads text only"
            wrong(here, rule, "unsupported_value")
        texts.append(text(item.get(TEXT_PARTS[kind]), f"{here}.{TEXT_PARTS[kind]}"))
    return "\n".join(texts)


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
