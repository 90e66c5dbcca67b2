"""OpenAI's chat completion request as Google's `generateContent`.

Refused, since leaving them out would change what comes back: more than one choice, log
probabilities, biased tokens, audio as an answer, stored files, hosted tools. Dropped as hints, and
listed: penalties (most models refuse them), caching and storage wishes, labels, what is unknown.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import msgspec

from inference.translate.base import Inexpressible, Outbound
from inference.translate.chat.inexpressible import refuse_inexpressible
from inference.translate.effort import effort_for
from inference.translate.gemini.contents import Contents
from inference.translate.gemini.request_schema import GEMINI_REQUEST, GeminiRequest
from inference.translate.gemini.thinking import is_signed, thinking_for
from inference.translate.gemini.tools import tool_fields
from inference.translate.hub import HubRequest
from inference.translate.json_errors import Dropped, read
from inference.translate.unsupported_fields import shape_of

_SHAPE: Final = shape_of(GeminiRequest, known=frozenset({"model", "stream_options"}))
_INERT: Final = frozenset({"index", "annotations"})
_HINTS: Final = ("user", "safety_identifier", "service_tier", "store", "frequency_penalty",
                 "presence_penalty")  # fmt: skip


def outbound(hub: HubRequest, model: str) -> Outbound:
    """Google's request. Raises `Inexpressible`."""
    body, fields = hub.written()
    chat = read(GEMINI_REQUEST, body)
    refuse_inexpressible(chat, "Gemini's protocol")
    dropped = hub.dropped
    dropped.add_unsupported(fields, _SHAPE, _INERT)
    dropped.add(*(name for name in _HINTS if getattr(chat, name)))
    contents = Contents(model, dropped)
    contents.add(chat.messages)
    request: dict[str, Any] = {"contents": contents.turns}
    if contents.system:
        request["systemInstruction"] = {"parts": contents.system}
    request |= tool_fields(chat, dropped)
    config = _config(chat, model, dropped)
    if chat.response_format is not None:
        config |= _format(chat, model, called="tools" in request)
    if config:
        request["generationConfig"] = config
    return Outbound(
        path_of(model, stream=bool(chat.stream)), msgspec.json.encode(request), dropped.names()
    )


def path_of(model: str, *, stream: bool) -> str:
    """Where the model is asked; names may come as they are listed."""
    name = model if model.startswith("tunedModels/") else f"models/{model.removeprefix('models/')}"
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/{quote(name, safe='/@')}:{method}"


def _config(chat: GeminiRequest, model: str, dropped: Dropped) -> dict[str, Any]:
    limit = chat.max_completion_tokens
    said = {
        "maxOutputTokens": chat.max_tokens if limit is None else limit,
        "temperature": chat.temperature,
        "topP": chat.top_p,
        "topK": chat.top_k,
        "seed": chat.seed,
        "stopSequences": [chat.stop] if isinstance(chat.stop, str) else chat.stop or None,
    }
    config: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    effort = effort_for(chat.thinking, chat.reasoning_effort)
    if effort is not None:
        thinking = thinking_for(effort, model)
        if thinking is None:
            dropped.add("reasoning_effort")
        else:
            config["thinkingConfig"] = thinking
    return config


def _format(chat: GeminiRequest, model: str, *, called: bool) -> dict[str, Any]:
    form = chat.response_format
    assert form is not None
    if form.type == "text":
        return {}
    if called and not is_signed(model):
        message = "`response_format`: this model writes JSON only where there are no tools."
        raise Inexpressible("response_format", message)
    config: dict[str, Any] = {"responseMimeType": "application/json"}
    if form.type == "json_object":
        return config
    schema = form.json_schema.schema if form.json_schema is not None else None
    if form.type != "json_schema" or schema is None:
        message = "`response_format`: Gemini's protocol has JSON schemas alone."
        raise Inexpressible("response_format", message)
    return {**config, "responseJsonSchema": schema}
