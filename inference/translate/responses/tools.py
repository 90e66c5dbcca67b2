"""Tools and tool choice of a Responses request as those of a chat completion.

A custom tool becomes a function that takes one text; its grammar, which no function has, is told in
the description. What OpenAI's own servers do (web search, code, images) and what only its models
know (`local_shell`, `apply_patch`) is left out and named, unless the request demands it.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from inference.translate.base import Inexpressible
from inference.translate.json_errors import Dropped
from inference.translate.responses.function_names import CallersTool, FunctionNames, PlacedTool
from inference.translate.responses.request_schema import (
    NamedTool,
    ResponsesRequest,
    ResponsesToolChoice,
)

INPUT: Final = "input"
"""The one parameter of the function that stands for a custom tool."""
_COPIED: Final = ("description", "parameters", "strict")


def tool_fields(
    asked: ResponsesRequest, tools: list[PlacedTool], names: FunctionNames, dropped: Dropped
) -> dict[str, Any]:
    """`tools`, `tool_choice` and `parallel_tool_calls` of the chat request."""
    offered: dict[str, dict[str, Any]] = {}
    for placed in tools:
        called = _called(placed, dropped)
        if called is not None:
            offered[names.function(called)] = _function(placed, called, names.function(called))
    choice: Any = asked.tool_choice
    if isinstance(choice, ResponsesToolChoice):
        choice, offered = _choice(choice, offered, names)
    if not offered:
        if choice == "required":
            raise _refused_choice("asks for a call, and there is no tool a chat model has")
        return {"tool_choice": choice} if choice is not None and not tools else {}
    fields: dict[str, Any] = {"tools": list(offered.values())}
    if choice is not None:
        fields["tool_choice"] = choice
    if asked.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = asked.parallel_tool_calls
    return fields


def _called(placed: PlacedTool, dropped: Dropped) -> CallersTool | None:
    called = placed.callers()
    if called is not None:
        return called
    if placed.tool.type in ("function", "custom"):
        raise Inexpressible(f"{placed.path}.name", f"`{placed.path}.name` is required.")
    dropped.add(f"tools.{placed.tool.type}")
    return None


def _function(placed: PlacedTool, called: CallersTool, name: str) -> dict[str, Any]:
    tool = placed.tool
    function: dict[str, Any] = {"name": name}
    if called.custom:
        function["description"] = _custom_description(tool.description, tool.format)
        function["parameters"] = {
            "type": "object",
            "properties": {INPUT: {"type": "string", "description": "The whole input as text."}},
            "required": [INPUT],
            "additionalProperties": False,
        }
    else:
        function |= {n: getattr(tool, n) for n in _COPIED if getattr(tool, n) is not None}
    return {"type": "function", "function": function}


def _custom_description(description: str | None, form: dict[str, Any] | None) -> str:
    told = [description] if description else []
    if form is not None and form.get("type") == "grammar":
        syntax, definition = form.get("syntax") or "", form.get("definition") or ""
        told.append(f"`{INPUT}` must follow this {syntax} grammar:\n{definition}")
    return "\n\n".join(told) or f"Takes free text as `{INPUT}`."


def _choice(
    choice: ResponsesToolChoice, offered: dict[str, dict[str, Any]], names: FunctionNames
) -> tuple[Any, dict[str, dict[str, Any]]]:
    """The choice, and the tools that it leaves."""
    if choice.type in ("function", "custom") and choice.name is not None:
        return {"type": "function", "function": {"name": _chosen(choice, names)}}, offered
    if choice.type == "allowed_tools" and choice.tools is not None:
        mode: Literal["auto", "required"] = choice.mode or "auto"
        kept = {_chosen(tool, names) for tool in choice.tools if tool.name is not None}
        return mode, {name: tool for name, tool in offered.items() if name in kept}
    raise _refused_choice(f"no chat model knows a choice of type {choice.type!r}")


def _chosen(choice: ResponsesToolChoice | NamedTool, names: FunctionNames) -> str:
    called = CallersTool(choice.name or "", choice.namespace, choice.type == "custom")
    return names.function(called)


def _refused_choice(why: str) -> Inexpressible:
    return Inexpressible("tool_choice", f"`tool_choice`: {why}.")
