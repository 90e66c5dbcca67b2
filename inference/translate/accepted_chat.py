"""What every OpenAI-compatible server accepts: the rules for messages and tools sent to one.

They hold for what is translated, and for what passes through where `oddities` finds something.
All of them take any JSON: what is not of a request's form is left for the server to refuse.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from governance.kinds.responses_api import NO_REASONING_WITH_TOOLS
from inference.translate.json_errors import Dropped
from inference.translate.tool_names import legal_name

_OPENAI: Final = re.compile(r"(?:^|[/:])(?:o[1-9]|gpt-(?!oss)|chatgpt-|codex-|computer-use)")
"""OpenAI's own models: they know the developer, and instructions in the middle."""
_RESPONSES_ONLY: Final = re.compile(NO_REASONING_WITH_TOOLS)
_NO_EFFORT: Final = (None, "none")
_LONGEST_ID: Final = 40
_SYSTEM: Final = ("system", "developer")


def is_openai_model(model: str) -> bool:
    return _OPENAI.search(model) is not None


def short_id(call_id: str) -> str:
    """The id of a call as OpenAI takes it: of at most 40 characters."""
    if len(call_id) <= _LONGEST_ID:
        return call_id
    return "call_" + hashlib.sha256(call_id.encode(errors="replace")).hexdigest()[:32]


def accepted_tools(fields: dict[str, Any], dropped: Dropped) -> dict[str, Any]:
    """The request's fields with tools as servers take them, and no choice where there are none."""
    fields = dict(fields)
    tools = fields.get("tools")
    if not tools:
        for name in ("tools", "tool_choice", "parallel_tool_calls"):
            given = fields.pop(name, None)
            if name == "tool_choice" and given not in (None, "auto", "none"):
                dropped.add(name)
        return fields
    if isinstance(tools, list):
        fields["tools"] = [_tool(tool) for tool in tools]
    if "tool_choice" in fields:
        fields["tool_choice"] = _choice(fields["tool_choice"])
    return fields


def _tool(tool: Any) -> Any:
    """A tool with a legal name, whose parameters are an object with properties."""
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict):
        return tool
    function = _named(function)
    parameters = function.get("parameters")
    if isinstance(parameters, dict):
        if parameters.get("type") is None:
            parameters = {"type": "object", **_without_none(parameters, "type")}
        if parameters.get("type") == "object" and not isinstance(
            parameters.get("properties"), dict
        ):
            parameters = {**parameters, "properties": {}}
        function = {**function, "parameters": parameters}
    else:
        function = _without_none(function, "parameters")
    return {**tool, "function": function}


def _without_none(value: dict[str, Any], name: str) -> dict[str, Any]:
    if name in value and value[name] is None:
        return {key: inner for key, inner in value.items() if key != name}
    return value


def _choice(choice: Any) -> Any:
    if not isinstance(choice, dict):
        return choice
    if isinstance(choice.get("function"), dict):
        choice = {**choice, "function": _named(choice["function"])}
    allowed = choice.get("allowed_tools")
    if isinstance(allowed, dict) and isinstance(allowed.get("tools"), list):
        tools = [_choice(tool) for tool in allowed["tools"]]
        choice = {**choice, "allowed_tools": {**allowed, "tools": tools}}
    return choice


def _named(function: dict[str, Any]) -> dict[str, Any]:
    name = function.get("name")
    return {**function, "name": legal_name(name)} if isinstance(name, str) else function


def accepted_effort(fields: dict[str, Any], model: str, dropped: Dropped) -> dict[str, Any]:
    """The fields with no effort of reasoning where the model would refuse its tools beside it."""
    if not fields.get("tools") or "reasoning_effort" not in fields:
        return fields
    effort = fields["reasoning_effort"]
    if isinstance(effort, msgspec.Raw):
        effort = msgspec.json.decode(effort)
    if effort in _NO_EFFORT or _RESPONSES_ONLY.match(model) is None:
        return fields
    dropped.add("reasoning_effort")
    return {**fields, "reasoning_effort": "none"}


def accepted_history(messages: Any) -> Any:
    """Messages whose calls have ids, names and arguments that servers take."""
    if not isinstance(messages, list):
        return messages
    return [_message(one) if isinstance(one, dict) else one for one in messages]


def _message(message: dict[str, Any]) -> dict[str, Any]:
    call_id = message.get("tool_call_id")
    if isinstance(call_id, str):
        message = {**message, "tool_call_id": short_id(call_id)}
    if message.get("role") == "tool" and isinstance(message.get("name"), str):
        message = _named(message)
    calls = message.get("tool_calls")
    if isinstance(calls, list) and calls:
        message = {**message, "tool_calls": [_call(call) for call in calls]}
    return message


def _call(call: Any) -> Any:
    if not isinstance(call, dict):
        return call
    if isinstance(call.get("id"), str):
        call = {**call, "id": short_id(call["id"])}
    function = call.get("function")
    if isinstance(function, dict):
        function = _named(function)
        if isinstance(function.get("arguments"), dict):
            arguments = msgspec.json.encode(function["arguments"]).decode()
            function = {**function, "arguments": arguments}
        call = {**call, "function": function}
    return call


def one_string(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Content that is text alone as one string: many servers take nothing else."""
    for message in messages:
        content = message.get("content")
        if isinstance(content, list) and content and all(map(_is_text, content)):
            # The texts of an answer are pieces of one; those of others are texts of their own.
            between = "" if message.get("role") == "assistant" else "\n\n"
            message = {**message, "content": between.join(part["text"] for part in content)}
        yield message


def _is_text(part: Any) -> bool:
    """Whether a part is text and says nothing more."""
    return (
        isinstance(part, dict)
        and part.get("type") == "text"
        and isinstance(part.get("text"), str)
        and len(part) == 2
    )


def system_first(messages: Any, dropped: Dropped) -> Any:
    """One system message and it first: the templates of many models raise for anything else.

    The leading ones become one. A later one is given as the user's where it stands, which keeps
    its place and the beginning that a server may have cached.
    """
    if not isinstance(messages, list):
        return messages
    leading = 0
    while leading < len(messages) and _role(messages[leading]) in _SYSTEM:
        leading += 1
    out = [_merged(messages[:leading])] if leading else []
    for message in messages[leading:]:
        if _role(message) in _SYSTEM:
            dropped.add("messages.role")
            message = {**message, "role": "user"}
        out.append(message)
    return out


def _role(message: Any) -> Any:
    return message.get("role") if isinstance(message, dict) else None


def _merged(messages: list[dict[str, Any]]) -> dict[str, Any]:
    first = {**messages[0], "role": "system"}
    if len(messages) == 1:
        return first
    contents = [message.get("content") for message in messages]
    if all(isinstance(content, str) for content in contents):
        first["content"] = "\n\n".join(filter(None, contents))
        return first
    parts: list[Any] = []
    for content in contents:
        if isinstance(content, str):
            parts.append({"type": "text", "text": content})
        elif isinstance(content, list):
            parts += content
    return next(one_string([{**first, "content": parts}]))
