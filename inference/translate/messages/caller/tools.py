"""Anthropic's tools and tool choice as OpenAI's."""

from __future__ import annotations

from typing import Any, Final

from inference.translate.base import Inexpressible
from inference.translate.json_errors import Dropped
from inference.translate.messages.request_schema import MessagesRequest, MessagesTool

_HINTS: Final = ("input_examples", "eager_input_streaming", "defer_loading", "allowed_callers")
_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}


def tool_fields(asked: MessagesRequest, dropped: Dropped) -> dict[str, Any]:
    """`tools`, `tool_choice` and `parallel_tool_calls` of OpenAI's request."""
    fields: dict[str, Any] = {}
    if asked.tools:
        fields["tools"] = [_tool(t, f"tools[{n}]", dropped) for n, t in enumerate(asked.tools)]
    choice = asked.tool_choice
    if choice is None:
        return fields
    if choice.type == "tool":
        if choice.name is None:
            raise Inexpressible("tool_choice.name", "`tool_choice.name` is required.")
        fields["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    else:
        fields["tool_choice"] = _CHOICES[choice.type]
    if choice.disable_parallel_tool_use is not None:
        fields["parallel_tool_calls"] = not choice.disable_parallel_tool_use
    return fields


def _tool(tool: MessagesTool, path: str, dropped: Dropped) -> dict[str, Any]:
    if tool.type not in (None, "custom"):
        message = f"`{path}`: the tool {tool.type!r} is known to Anthropic alone."
        raise Inexpressible(path, message)
    if tool.name is None:
        raise Inexpressible(f"{path}.name", f"`{path}.name` is required.")
    if tool.cache_control is not None:
        dropped.add("cache_control")
    dropped.add(*(f"tools.{hint}" for hint in _HINTS if getattr(tool, hint) is not None))
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.input_schema is not None:
        function["parameters"] = tool.input_schema
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}
