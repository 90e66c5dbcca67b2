"""OpenAI's Responses request as its chat completion request, which most servers speak.

Refused: log probabilities, a tool choice that demands a tool of OpenAI's own servers, and what
refers to kept state. Dropped as hints, and listed: those tools and their items, `store`,
truncation, and every field this gateway does not know. `metadata` is returned with the answer, as
the protocol has it.
"""

from __future__ import annotations

from typing import Any, Final

from inference.translate.base import Inexpressible
from inference.translate.hub import HubRequest
from inference.translate.json_errors import Dropped, read
from inference.translate.responses.function_names import names_of, tools_in
from inference.translate.responses.items import messages_of
from inference.translate.responses.request_schema import (
    RESPONSES_REQUEST,
    ResponsesRequest,
    TextFormat,
)
from inference.translate.responses.tools import tool_fields
from inference.translate.unsupported_fields import shape_of
from inference.values.parsed_request import ParsedRequest

_SHAPE: Final = shape_of(
    ResponsesRequest,
    known=frozenset({"model", "conversation"}),
)
_INERT: Final = frozenset({"id", "status", "annotations", "logprobs"})
"""What items of an answer carry when they come back as history."""
_SAME: Final = (
    "temperature",
    "top_p",
    "user",
    "safety_identifier",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_retention",
)
_LOGPROBS: Final = "message.output_text.logprobs"


def chat_request(parsed: ParsedRequest) -> HubRequest:
    """The chat completion request. Raises `Inexpressible`."""
    asked = read(RESPONSES_REQUEST, parsed.body)
    _refuse(asked)
    dropped = Dropped()
    dropped.add_unsupported(parsed.fields, _SHAPE, _INERT)
    tools = tools_in(asked.tools, asked.input)
    names = names_of(tools)
    messages = messages_of(asked.input, names, dropped)
    if asked.instructions:
        messages.insert(0, {"role": "system", "content": asked.instructions})
    chat: dict[str, Any] = {"messages": messages}
    if asked.max_output_tokens is not None:
        chat["max_completion_tokens"] = asked.max_output_tokens
    for name in _SAME:
        value = getattr(asked, name)
        if value is not None:
            chat[name] = value
    chat |= tool_fields(asked, tools, names, dropped)
    chat |= _manner(asked)
    if asked.store and parsed.keep is None:
        dropped.add("store")
    if asked.truncation not in (None, "disabled"):
        dropped.add("truncation")
    if asked.stream:
        chat["stream"] = True
    return HubRequest(parsed, dropped, chat, signed_thinking="input.reasoning")


def _manner(asked: ResponsesRequest) -> dict[str, Any]:
    """How the answer is to be made: effort, form and length."""
    chat: dict[str, Any] = {}
    if asked.reasoning is not None and asked.reasoning.effort is not None:
        chat["reasoning_effort"] = asked.reasoning.effort
    if asked.text is not None:
        if asked.text.format is not None and asked.text.format.type != "text":
            chat["response_format"] = _format(asked.text.format)
        if asked.text.verbosity is not None:
            chat["verbosity"] = asked.text.verbosity
    return chat


def _refuse(asked: ResponsesRequest) -> None:
    for field in ("previous_response_id", "prompt", "background"):
        if getattr(asked, field):
            raise Inexpressible(field, f"`{field}`: no chat model keeps anything.")
    if asked.top_logprobs or _LOGPROBS in (asked.include or ()):
        field = "top_logprobs" if asked.top_logprobs else "include"
        raise Inexpressible(field, f"`{field}`: log probabilities are not carried over.")
    if asked.moderation is not None:
        raise Inexpressible("moderation", "`moderation`: no chat model does this.")


def _format(form: TextFormat) -> dict[str, Any]:
    if form.type != "json_schema":
        return {"type": form.type}
    schema: dict[str, Any] = {"name": form.name or "answer", "schema": form.schema}
    if form.description is not None:
        schema["description"] = form.description
    if form.strict is not None:
        schema["strict"] = form.strict
    return {"type": "json_schema", "json_schema": schema}
