"""OpenAI's chat completion request as its Responses request.

Nothing is kept there: reasoning comes back encrypted, and goes with the caller's history.
Refused, since the API has no word for it: stop strings, log probabilities, biased tokens, more
than one choice, audio, custom tools, web search. Dropped as hints, and listed: penalties, `seed`,
and every field this gateway does not know.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.accepted_chat import accepted_history, accepted_tools
from inference.translate.base import Inexpressible, Outbound
from inference.translate.call_order import in_order
from inference.translate.chat.inexpressible import refuse_inexpressible
from inference.translate.chat.request_schema import ResponseFormat, Tool, ToolChoice
from inference.translate.hub import HubRequest
from inference.translate.json_errors import Dropped, read
from inference.translate.responses.upstream.chat_schema import FullChatRequest
from inference.translate.responses.upstream.items import items_of
from inference.translate.unsupported_fields import shape_of

_CHAT: Final = msgspec.json.Decoder(FullChatRequest)
_SHAPE: Final = shape_of(FullChatRequest, known=frozenset({"model", "stream_options"}))
_INERT: Final = frozenset({"index", "annotations"})
"""What answers carry and history may bring back: a call's place, and sources of what was said."""
_SAME: Final = (
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "metadata",
    "user",
    "safety_identifier",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_retention",
)
_LEAST_TOKENS: Final = 16
"""Of an answer; OpenAI refuses less."""
_ENCRYPTED: Final = ["reasoning.encrypted_content"]


def responses_outbound(hub: HubRequest, model: str) -> Outbound:
    """The Responses request. Raises `Inexpressible`."""
    document = hub.document
    if document is None:
        document = msgspec.json.decode(hub.request.body)
    dropped = hub.dropped
    document = accepted_tools(document, dropped)
    document["messages"] = accepted_history(in_order(document["messages"]))
    body = msgspec.json.encode(document)
    chat = read(_CHAT, body)
    refuse_inexpressible(chat, "the Responses API", "stop")
    dropped.add_unsupported(msgspec.json.decode(body, type=dict[str, msgspec.Raw]), _SHAPE, _INERT)
    seal = hub.request.seal
    request: dict[str, Any] = {
        "model": model,
        "input": items_of(chat.messages, seal, dropped, hub.signed_thinking),
        "store": bool(chat.store),
    }
    for name in _SAME:
        value = getattr(chat, name)
        if value is not None:
            request[name] = value
    _limit(chat, request, dropped)
    _tools(chat, request)
    _manner(chat, request)
    for name in ("frequency_penalty", "presence_penalty", "top_k", "thinking"):
        if getattr(chat, name):
            dropped.add(name)
    if chat.stream:
        request["stream"] = True
    return Outbound("/responses", msgspec.json.encode(request), dropped.names())


def _limit(chat: FullChatRequest, request: dict[str, Any], dropped: Dropped) -> None:
    name = "max_tokens" if chat.max_completion_tokens is None else "max_completion_tokens"
    limit = getattr(chat, name)
    if limit is None:
        return
    if limit < _LEAST_TOKENS:
        dropped.add(name)
    request["max_output_tokens"] = max(limit, _LEAST_TOKENS)


def _tools(chat: FullChatRequest, request: dict[str, Any]) -> None:
    if chat.tools:
        request["tools"] = [_tool(tool, f"tools[{n}]") for n, tool in enumerate(chat.tools)]
    if chat.tool_choice is not None:
        request["tool_choice"] = _choice(chat.tool_choice)


def _tool(tool: Tool, path: str) -> dict[str, Any]:
    function = tool.function
    if tool.type != "function" or function is None:
        raise Inexpressible(path, f"`{path}`: only functions are said in the Responses API.")
    told: dict[str, Any] = {"type": "function", "name": function.name}
    if function.description is not None:
        told["description"] = function.description
    told["parameters"] = function.parameters or {"type": "object", "properties": {}}
    # Left out it would mean true, other than with chat completions.
    told["strict"] = bool(function.strict)
    return told


def _choice(choice: str | ToolChoice) -> Any:
    if isinstance(choice, str):
        return choice
    if choice.type == "function" and choice.function is not None:
        return {"type": "function", "name": choice.function.name}
    if choice.allowed_tools is not None:
        names = (one.function.name for one in choice.allowed_tools.tools if one.function)
        tools = [{"type": "function", "name": name} for name in names]
        return {"type": "allowed_tools", "mode": choice.allowed_tools.mode, "tools": tools}
    raise Inexpressible("tool_choice", "`tool_choice`: only functions can be chosen.")


def _manner(chat: FullChatRequest, request: dict[str, Any]) -> None:
    """How the answer is to be made: effort, form and length."""
    if chat.reasoning_effort is not None:
        request["reasoning"] = {"effort": chat.reasoning_effort}
    if chat.reasoning_effort != "none":
        request["include"] = _ENCRYPTED
    text: dict[str, Any] = {}
    if chat.response_format is not None and chat.response_format.type != "text":
        text["format"] = _format(chat.response_format)
    if chat.verbosity is not None:
        text["verbosity"] = chat.verbosity
    if text:
        request["text"] = text


def _format(form: ResponseFormat) -> dict[str, Any]:
    schema = form.json_schema
    if schema is None:
        return {"type": form.type}
    told: dict[str, Any] = {"type": form.type, "name": schema.name or "answer"}
    told["schema"] = schema.schema or {}
    if schema.description is not None:
        told["description"] = schema.description
    if schema.strict is not None:
        told["strict"] = schema.strict
    return told
