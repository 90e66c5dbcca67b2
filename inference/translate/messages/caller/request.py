"""Anthropic's message request as OpenAI's chat completion request.

Refused: what Anthropic's own servers do (its tools, MCP servers, containers), files stored there,
a region to compute in, and a request to compact, since only Anthropic signs what comes of one.
Dropped as hints, and listed: cache breakpoints, `top_k`, citations, signed thinking of the past,
`fallbacks`, and every field this gateway does not know.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from inference.translate.base import Inexpressible
from inference.translate.effort import effort_for
from inference.translate.hub import HubRequest
from inference.translate.json_errors import Dropped, read
from inference.translate.messages.caller.messages import messages_of
from inference.translate.messages.caller.tools import tool_fields
from inference.translate.messages.request_schema import (
    MESSAGES_REQUEST,
    MessagesRequest,
    OutputFormat,
)
from inference.translate.unsupported_fields import shape_of
from inference.values.parsed_request import ParsedRequest

_SHAPE: Final = shape_of(MessagesRequest, known=frozenset({"model"}))
_INERT: Final = frozenset({"caller"})
"""Of a tool call: who made it, as Anthropic's answers tell; here it is always the model."""
_THINKING: Final = frozenset({"type", "budget_tokens"})
_TIERS: Final = {"auto": "auto", "standard_only": "default"}


def chat_request(parsed: ParsedRequest) -> HubRequest:
    """The chat completion request. Raises `Inexpressible`."""
    asked = read(MESSAGES_REQUEST, parsed.body)
    for field in ("container", "mcp_servers", "inference_geo", "compaction"):
        if getattr(asked, field):
            raise Inexpressible(field, f"`{field}`: OpenAI's protocol cannot express this.")
    dropped = Dropped()
    dropped.add_unsupported(parsed.fields, _SHAPE, _INERT)
    request: dict[str, Any] = {"messages": messages_of(asked, dropped)}
    request["max_completion_tokens"] = asked.max_tokens
    for name in ("temperature", "top_p"):
        value = getattr(asked, name)
        if value is not None:
            request[name] = value
    if asked.stop_sequences:
        request["stop"] = asked.stop_sequences
    request |= tool_fields(asked, dropped)
    _thinking(asked, request, dropped)
    form = (asked.output_config.format if asked.output_config else None) or asked.output_format
    if form is not None:
        request["response_format"] = _format(form)
    _about(asked, request, dropped)
    if asked.stream:
        request["stream"] = True
    return HubRequest(parsed, dropped, request)


def _thinking(asked: MessagesRequest, request: dict[str, Any], dropped: Dropped) -> None:
    thinking = asked.thinking
    effort = effort_for(thinking, asked.output_config.effort if asked.output_config else None)
    if effort is not None:
        request["reasoning_effort"] = effort
    elif thinking is not None:
        dropped.add("thinking")
    for name, value in (thinking or {}).items():
        if name not in _THINKING and value is not None:
            dropped.add(f"thinking.{name}")


def _format(form: OutputFormat) -> dict[str, Any]:
    if form.type != "json_schema" or form.schema is None:
        field = "output_config.format"
        raise Inexpressible(field, f"`{field}`: expected a JSON schema.")
    schema = {"name": "answer", "schema": form.schema, "strict": _is_strict(form.schema)}
    return {"type": "json_schema", "json_schema": schema}


def _is_strict(schema: Any) -> bool:
    """Whether OpenAI's strict mode takes it: every object closed, every property required."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if isinstance(properties, dict) or schema.get("type") == "object":
        names = sorted(properties) if isinstance(properties, dict) else []
        required = schema.get("required") or []
        if schema.get("additionalProperties") is not False or not isinstance(required, list):
            return False
        if not all(isinstance(name, str) for name in required) or names != sorted(set(required)):
            return False
    return all(map(_is_strict, schema.values()))


def _about(asked: MessagesRequest, request: dict[str, Any], dropped: Dropped) -> None:
    """Who asks, and how it should be served."""
    metadata = dict(asked.metadata or {})
    metadata.pop("routing_profile", None)
    user = metadata.pop("user_id", None)
    if isinstance(user, str):
        request["user"] = _short(user)
    dropped.add(*(f"metadata.{name}" for name in metadata))
    if asked.service_tier is not None:
        tier = _TIERS.get(asked.service_tier)
        if tier is None:
            dropped.add("service_tier")
        else:
            request["service_tier"] = tier


def _short(user: str) -> str:
    """An identifier that OpenAI takes: its limit is 64 characters, coding agents send more."""
    return user if len(user) <= 64 else hashlib.sha256(user.encode()).hexdigest()
