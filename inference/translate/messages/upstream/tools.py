"""OpenAI's tools and tool choice as Anthropic's."""

from __future__ import annotations

from typing import Any

from inference.translate.base import Inexpressible
from inference.translate.chat.request_schema import ChatRequest, FunctionTool, Tool, ToolChoice
from inference.translate.json_errors import Dropped
from inference.translate.messages.upstream.answer_format import closed_schema
from inference.translate.tool_names import legal_name

_OBJECT: dict[str, Any] = {"type": "object", "properties": {}}


def tool_fields(chat: ChatRequest, turns: list[dict[str, Any]], dropped: Dropped) -> dict[str, Any]:
    """`tools` and `tool_choice` of Anthropic's request."""
    tools = [_tool(tool, f"tools[{n}]", dropped) for n, tool in enumerate(chat.tools or ())]
    choice, allowed = _choice(chat.tool_choice)
    if allowed is not None:
        tools = [tool for tool in tools if tool["name"] in allowed]
    if not tools:
        if choice is not None and choice["type"] in ("any", "tool"):
            dropped.add("tool_choice")
        return _tools_of_history(turns)
    if chat.parallel_tool_calls is not None and choice != {"type": "none"}:
        choice = choice or {"type": "auto"}
        choice["disable_parallel_tool_use"] = not chat.parallel_tool_calls
    return {"tools": tools} if choice is None else {"tools": tools, "tool_choice": choice}


def _tool(tool: Tool, path: str, dropped: Dropped) -> dict[str, Any]:
    function = tool.function
    if function is None:
        message = f"`{path}`: Anthropic's protocol has no tools of type {tool.type!r}."
        raise Inexpressible(path, message)
    said: dict[str, Any] = {"name": legal_name(function.name)}
    if function.description is not None:
        said["description"] = function.description
    said["input_schema"] = _schema(function)
    if function.strict:
        # It is false where nothing is said, and some servers do not know the word.
        said["strict"] = True
        schema = closed_schema(said["input_schema"], "tools.parameters", dropped)
        said["input_schema"] = schema
    cache = tool.cache_control or function.cache_control
    if cache is not None:
        said["cache_control"] = cache
    return said


def _schema(function: FunctionTool) -> dict[str, Any]:
    """The schema of the parameters; Anthropic wants it to say that it is an object."""
    if not function.parameters:
        return _OBJECT
    if function.parameters.get("type") is not None:
        return function.parameters
    return {**function.parameters, "type": "object"}


def _choice(given: str | ToolChoice | None) -> tuple[dict[str, Any] | None, set[str] | None]:
    """The choice, and the names of the tools it is limited to."""
    if given is None:
        return None, None
    if isinstance(given, str):
        return {"type": {"required": "any"}.get(given, given)}, None
    if given.type == "function" and given.function is not None:
        return {"type": "tool", "name": legal_name(given.function.name)}, None
    allowed = given.allowed_tools
    if allowed is not None and all(tool.function is not None for tool in allowed.tools):
        functions = [tool.function for tool in allowed.tools if tool.function is not None]
        names = {legal_name(function.name) for function in functions}
        return {"type": "any" if allowed.mode == "required" else "auto"}, names
    message = f"`tool_choice`: Anthropic's protocol has no choice of type {given.type!r}."
    raise Inexpressible("tool_choice", message)


def _tools_of_history(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """Anthropic wants the tools of past calls declared; none of them may be called again."""
    names: dict[str, None] = {}
    for turn in turns:
        if isinstance(turn["content"], list):
            for block in turn["content"]:
                if block["type"] == "tool_use":
                    names[block["name"]] = None
    if not names:
        return {}
    tools = [{"name": name, "input_schema": _OBJECT} for name in names]
    return {"tools": tools, "tool_choice": {"type": "none"}}
