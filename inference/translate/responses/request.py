"""OpenAI's Responses request as its chat completion request, which most servers speak.

Refused: tools and items of OpenAI's own servers, log probabilities, what refers to kept state.
Dropped as hints, and listed: `store`, truncation, verbosity, caching wishes, and every field this
gateway does not know. `metadata` is returned with the answer, as the protocol has it.
"""

from __future__ import annotations

from typing import Any, Final

from inference.translate.base import Inexpressible
from inference.translate.hub import HubRequest
from inference.translate.json_errors import Dropped, read
from inference.translate.responses.items import messages_of
from inference.translate.responses.request_schema import (
    RESPONSES_REQUEST,
    Format,
    ResponsesRequest,
    Tool,
    ToolChoice,
)
from inference.translate.unsupported_fields import shape_of
from inference.values.parsed_request import ParsedRequest

_SHAPE: Final = shape_of(
    ResponsesRequest,
    known=frozenset({"model", "previous_response_id", "conversation", "prompt"}),
)
_INERT: Final = frozenset({"id", "status", "annotations", "logprobs"})
"""What items of an answer carry when they come back as history."""
_SAME: Final = ("temperature", "top_p", "user", "safety_identifier", "service_tier")
_LOGPROBS: Final = "message.output_text.logprobs"


def chat_request(parsed: ParsedRequest) -> HubRequest:
    """The chat completion request. Raises `Inexpressible`."""
    asked = read(RESPONSES_REQUEST, parsed.body)
    _refuse(asked)
    dropped = Dropped()
    dropped.add_unsupported(parsed.fields, _SHAPE, _INERT)
    messages = messages_of(asked.input, dropped)
    if asked.instructions:
        messages.insert(0, {"role": "system", "content": asked.instructions})
    chat: dict[str, Any] = {"messages": messages}
    if asked.max_output_tokens is not None:
        chat["max_completion_tokens"] = asked.max_output_tokens
    for name in _SAME:
        value = getattr(asked, name)
        if value is not None:
            chat[name] = value
    chat |= _tools(asked)
    if asked.reasoning is not None and asked.reasoning.effort is not None:
        chat["reasoning_effort"] = asked.reasoning.effort
    if asked.text is not None:
        if asked.text.format is not None and asked.text.format.type != "text":
            chat["response_format"] = _format(asked.text.format)
        if asked.text.verbosity is not None:
            dropped.add("text.verbosity")
    if asked.store:
        dropped.add("store")
    if asked.truncation not in (None, "disabled"):
        dropped.add("truncation")
    if asked.stream:
        chat["stream"] = True
    return HubRequest(parsed, dropped, chat, signed_thinking="input.reasoning")


def _refuse(asked: ResponsesRequest) -> None:
    if asked.top_logprobs or _LOGPROBS in (asked.include or ()):
        field = "top_logprobs" if asked.top_logprobs else "include"
        raise Inexpressible(field, f"`{field}`: log probabilities are not carried over.")
    if asked.moderation is not None:
        raise Inexpressible("moderation", "`moderation`: no chat model does this.")


def _tools(asked: ResponsesRequest) -> dict[str, Any]:
    """`tools`, `tool_choice` and `parallel_tool_calls` of the chat request."""
    tools = [_tool(tool, f"tools[{n}]") for n, tool in enumerate(asked.tools or ())]
    fields: dict[str, Any] = {}
    choice = asked.tool_choice
    if isinstance(choice, ToolChoice):
        choice, tools = _choice(choice, tools)
    if tools:
        fields["tools"] = tools
    if choice is not None:
        fields["tool_choice"] = choice
    if asked.parallel_tool_calls is not None and tools:
        fields["parallel_tool_calls"] = asked.parallel_tool_calls
    return fields


def _choice(choice: ToolChoice, tools: list[dict[str, Any]]) -> tuple[Any, list[dict[str, Any]]]:
    """The choice, and the tools that it leaves."""
    if choice.type == "function" and choice.name is not None:
        return {"type": "function", "function": {"name": choice.name}}, tools
    if choice.type == "allowed_tools" and choice.tools is not None:
        names = {tool.name for tool in choice.tools if tool.type == "function"}
        kept = [tool for tool in tools if tool["function"]["name"] in names]
        return choice.mode or "auto", kept
    message = f"`tool_choice`: no chat model knows a choice of type {choice.type!r}."
    raise Inexpressible("tool_choice", message)


def _tool(tool: Tool, path: str) -> dict[str, Any]:
    if tool.type != "function":
        raise Inexpressible(path, f"`{path}`: no chat model has the tool {tool.type!r}.")
    if tool.name is None:
        raise Inexpressible(f"{path}.name", f"`{path}.name` is required.")
    function: dict[str, Any] = {"name": tool.name}
    for name in ("description", "parameters", "strict"):
        value = getattr(tool, name)
        if value is not None:
            function[name] = value
    return {"type": "function", "function": function}


def _format(form: Format) -> dict[str, Any]:
    if form.type != "json_schema":
        return {"type": form.type}
    schema: dict[str, Any] = {"name": form.name or "answer", "schema": form.schema}
    if form.description is not None:
        schema["description"] = form.description
    if form.strict is not None:
        schema["strict"] = form.strict
    return {"type": "json_schema", "json_schema": schema}
