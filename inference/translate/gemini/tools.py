"""OpenAI's tools and tool choice as Google's."""

from __future__ import annotations

from typing import Any

from inference.translate.base import Inexpressible
from inference.translate.chat.request_schema import ChatRequest, Tool, ToolChoice
from inference.translate.json_errors import Dropped
from inference.translate.tool_names import legal_name


def tool_fields(chat: ChatRequest, dropped: Dropped) -> dict[str, Any]:
    """`tools` and `toolConfig` of Google's request."""
    tools = [_tool(tool, f"tools[{n}]", dropped) for n, tool in enumerate(chat.tools or ())]
    mode, names = _choice(chat.tool_choice)
    if chat.parallel_tool_calls is False:
        dropped.add("parallel_tool_calls")
    if names is not None:
        tools = [tool for tool in tools if tool["name"] in names]
    if not tools:
        if mode == "ANY":
            dropped.add("tool_choice")
        return {}
    fields: dict[str, Any] = {"tools": [{"functionDeclarations": tools}]}
    if mode:
        config: dict[str, Any] = {"mode": mode}
        if names is not None and mode == "ANY":
            config["allowedFunctionNames"] = sorted(names)
        fields["toolConfig"] = {"functionCallingConfig": config}
    return fields


def _tool(tool: Tool, path: str, dropped: Dropped) -> dict[str, Any]:
    function = tool.function
    if function is None:
        message = f"`{path}`: Gemini's protocol has no tools of type {tool.type!r}."
        raise Inexpressible(path, message)
    if tool.cache_control is not None or function.cache_control is not None:
        dropped.add("cache_control")
    if function.strict:
        dropped.add("tools.strict")
    said: dict[str, Any] = {"name": legal_name(function.name)}
    if function.description is not None:
        said["description"] = function.description
    if function.parameters and function.parameters.get("properties"):
        said["parametersJsonSchema"] = {"type": "object", **function.parameters}
    return said


def _choice(given: str | ToolChoice | None) -> tuple[str, set[str] | None]:
    """The mode, and the names of the tools it is limited to."""
    if given is None:
        return "", None
    if isinstance(given, str):
        return {"required": "ANY", "none": "NONE"}.get(given, "AUTO"), None
    if given.type == "function" and given.function is not None:
        return "ANY", {legal_name(given.function.name)}
    allowed = given.allowed_tools
    if allowed is not None and all(tool.function is not None for tool in allowed.tools):
        functions = [tool.function for tool in allowed.tools if tool.function is not None]
        names = {legal_name(function.name) for function in functions}
        return ("ANY" if allowed.mode == "required" else "AUTO"), names
    message = f"`tool_choice`: Gemini's protocol has no choice of type {given.type!r}."
    raise Inexpressible("tool_choice", message)
