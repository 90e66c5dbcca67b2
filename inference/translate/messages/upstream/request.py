"""OpenAI's chat completion request as Anthropic's message request.

Refused, since leaving them out would change what comes back: more than one choice, log
probabilities, biased tokens, audio, stored files, custom tools, web search, moderation.
Dropped as hints, and listed: `seed` ("best effort"), penalties, caching and storage wishes,
verbosity, labels, and every field this gateway does not know.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.answer_limit import DEFAULT_MAX_TOKENS
from inference.translate.base import Inexpressible, Outbound
from inference.translate.chat.inexpressible import refuse_inexpressible
from inference.translate.chat.request_schema import CHAT_REQUEST, ChatRequest, ResponseFormat
from inference.translate.effort import thinking_for
from inference.translate.hub import HubRequest
from inference.translate.json_errors import Dropped, read
from inference.translate.messages.upstream.answer_format import closed_schema
from inference.translate.messages.upstream.limits import longest_answer
from inference.translate.messages.upstream.messages import turns_of
from inference.translate.messages.upstream.tools import tool_fields
from inference.translate.unsupported_fields import shape_of

_SHAPE: Final = shape_of(ChatRequest, known=frozenset({"model", "stream_options"}))
_INERT: Final = frozenset({"index", "annotations"})
"""What answers carry and history may bring back: a call's place, and sources of what was said."""
_TIERS: Final = {"auto": "auto", "default": "standard_only"}
_JSON_MODE: Final = "Answer with one valid JSON object and nothing else."


def outbound(hub: HubRequest, model: str) -> Outbound:
    """Anthropic's request. Raises `Inexpressible`."""
    body, fields = hub.written()
    chat = read(CHAT_REQUEST, body)
    refuse_inexpressible(chat, "Anthropic's protocol")
    dropped = hub.dropped
    dropped.add_unsupported(fields, _SHAPE, _INERT)
    system, turns = turns_of(chat.messages, dropped)
    request: dict[str, Any] = {"model": model, "messages": turns}
    request |= tool_fields(chat, turns, dropped)
    asked = hub.request
    longest = longest_answer(model, asked.routing_request.features.prompt_tokens, asked.model_facts)
    _sampling(chat, request, longest, dropped)
    _thinking(chat, request, model, dropped)
    if chat.response_format is not None:
        _format(chat.response_format, request, system, dropped)
    _about(chat, request, dropped)
    if system:
        request["system"] = _plain(system)
    if chat.stream:
        request["stream"] = True
    return Outbound("/messages", msgspec.json.encode(request), dropped.names())


def _sampling(chat: ChatRequest, request: dict[str, Any], longest: int, dropped: Dropped) -> None:
    limit = chat.max_completion_tokens
    limit = chat.max_tokens if limit is None else limit
    request["max_tokens"] = longest if limit is None else limit
    for name in ("temperature", "top_p", "top_k"):
        value = getattr(chat, name)
        if value is not None:
            request[name] = value
    if chat.temperature is not None and chat.temperature > 1:
        # OpenAI's range goes to 2, and clients send 1.2 by habit.
        request["temperature"] = 1
        dropped.add("temperature")
    for name in ("frequency_penalty", "presence_penalty"):
        if getattr(chat, name):
            dropped.add(name)
    stops = [chat.stop] if isinstance(chat.stop, str) else chat.stop
    if stops:
        if not all(stop.strip() for stop in stops):
            message = "`stop`: Anthropic takes no stop sequence that is blank."
            raise Inexpressible("stop", message)
        request["stop_sequences"] = stops


def _thinking(chat: ChatRequest, request: dict[str, Any], model: str, dropped: Dropped) -> None:
    """Reasoning, and what cannot stand beside it: a sampling temperature, a forced tool."""
    if chat.thinking is not None:
        request["thinking"] = chat.thinking
        if chat.reasoning_effort is not None:
            request["output_config"] = {"effort": chat.reasoning_effort}
        return
    if chat.reasoning_effort is None:
        return
    limit = chat.max_completion_tokens
    limit = chat.max_tokens if limit is None else limit
    fields = thinking_for(chat.reasoning_effort, model, limit)
    forced = request.get("tool_choice", {}).get("type") in ("any", "tool")
    budgeted = fields is not None and fields["thinking"]["type"] == "enabled"
    if fields is None or (budgeted and (forced or _unthought_calls(request["messages"]))):
        dropped.add("reasoning_effort")
        return
    if forced and fields["thinking"]["type"] == "adaptive":
        del fields["thinking"]
    request.update(fields)
    kind = fields.get("thinking", {}).get("type")
    if kind not in ("enabled", "adaptive"):
        return
    if limit is None:
        budget = fields["thinking"].get("budget_tokens", 0)
        request["max_tokens"] = max(request["max_tokens"], DEFAULT_MAX_TOKENS + budget)
    for name, neutral in (("temperature", 1), ("top_p", 1), ("top_k", None)):
        if request.get(name) is not None and request[name] != neutral:
            dropped.add(name)
        request.pop(name, None)


def _unthought_calls(turns: list[dict[str, Any]]) -> bool:
    """Whether tool results answer calls whose thinking the caller did not bring back.

    With a thinking budget Anthropic refuses to go on with such a turn.
    """
    if len(turns) < 2 or turns[-2]["role"] != "assistant":
        return False
    calling, results = (turn["content"] for turn in turns[-2:])
    if isinstance(results, str) or not any(b["type"] == "tool_result" for b in results):
        return False
    return not calling[0]["type"].endswith("thinking")


def _format(
    form: ResponseFormat, request: dict[str, Any], system: list[dict[str, Any]], dropped: Dropped
) -> None:
    if form.type == "text":
        return
    if form.type == "json_object":
        # There is no such mode: the model is told, and the caller that it was no more than that.
        system.append({"type": "text", "text": _JSON_MODE})
        dropped.add("response_format")
        return
    schema = form.json_schema.schema if form.json_schema is not None else None
    if form.type != "json_schema" or schema is None:
        field = "response_format"
        raise Inexpressible(field, f"`{field}`: Anthropic's protocol has JSON schemas alone.")
    if form.json_schema is not None and form.json_schema.description is not None:
        dropped.add("response_format.description")
    config = request.setdefault("output_config", {})
    accepted = closed_schema(schema, "response_format.schema", dropped)
    config["format"] = {"type": "json_schema", "schema": accepted}


def _about(chat: ChatRequest, request: dict[str, Any], dropped: Dropped) -> None:
    """Who asks, and how it should be served."""
    user = chat.safety_identifier or chat.user
    if user:
        request["metadata"] = {"user_id": user}
    if chat.service_tier is not None:
        tier = _TIERS.get(chat.service_tier)
        if tier is None:
            dropped.add("service_tier")
        else:
            request["service_tier"] = tier
    if chat.store:
        dropped.add("store")


def _plain(system: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """One bare text as a string, which every server that speaks the protocol takes."""
    if len(system) == 1 and set(system[0]) == {"type", "text"}:
        return str(system[0]["text"])
    return system
