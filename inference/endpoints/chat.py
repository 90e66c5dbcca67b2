"""Reads OpenAI's chat completion request (`POST /v1/chat/completions`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from governance.routing.heuristics import both_ends
from governance.routing.request import Features, RoutingRequest
from inference.endpoints.endpoint import Endpoint
from inference.protocols import OPENAI
from inference.translate.chat.caller import ChatCaller
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.parsing import (
    envelope,
    estimated_tokens,
    profile_hint_of,
    typed,
    without_hint,
)
from inference.values.session import session_of

_NEED_OF_PART: Final = {
    "image_url": "vision",
    "input_audio": "audio",
    "file": "file",
}
_TEXT: Final = frozenset({"text"})


class _Part(msgspec.Struct):
    type: str
    text: str | None = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None


class _ResponseFormat(msgspec.Struct):
    type: str


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Body(msgspec.Struct):
    messages: list[_Message]
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    tools: list[dict[str, Any]] | None = None
    functions: list[dict[str, Any]] | None = None
    response_format: _ResponseFormat | None = None
    reasoning_effort: str | None = None
    modalities: list[str] | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    metadata: dict[str, msgspec.Raw] | None = None
    routing_profile: str | None = None


_BODY: Final = msgspec.json.Decoder(_Body)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request a caller made. Raises `BadRequest` naming the field and the rule."""
    fields = envelope(body)
    chat = typed(_BODY, body)
    if not chat.messages:
        raise BadRequest("`messages` must hold at least one message.", "messages")
    session = session_of(fields, headers)
    if fields.get("system", b"null") not in (b"null", b'""', b"[]"):
        message = "`system` is no field of a chat completion: make it the first of `messages`."
        raise BadRequest(message, "system")
    profile_hint = profile_hint_of(chat.routing_profile, chat.metadata, headers)
    required_capabilities, features = _look(chat)
    return ParsedRequest(
        routing_request=RoutingRequest(
            model=chat.model or "",
            request_type="chat",
            required_capabilities=required_capabilities,
            profile_hint=profile_hint,
            stream=bool(chat.stream),
            features=features,
        ),
        body=body,
        fields=without_hint(fields, chat.metadata),
        headers=headers,
        session=session,
        wants_usage=chat.stream_options is not None and bool(chat.stream_options.include_usage),
    )


def _look(chat: _Body) -> tuple[frozenset[str], Features]:
    """What the answer requires, and what heuristic rules look at."""
    required_capabilities: set[str] = set()
    characters = images = 0
    last_user = ""
    for message in chat.messages:
        content = message.content
        if content is None:
            continue
        if isinstance(content, str):
            text = content
        else:
            text = "\n".join(part.text for part in content if part.text is not None)
            images += _images(content, required_capabilities)
        characters += len(text)
        if message.role == "user":
            last_user = text
    if chat.modalities and "audio" in chat.modalities:
        required_capabilities.add("audio")
    tools = len(chat.tools or ()) + len(chat.functions or ())
    if tools:
        required_capabilities.add("tools")
    if chat.response_format is not None and chat.response_format.type != "text":
        required_capabilities.add("structured_output")
    reasoning = chat.reasoning_effort is not None and chat.reasoning_effort != "none"
    if reasoning:
        required_capabilities.add("reasoning")
    return (
        _TEXT | required_capabilities if required_capabilities else _TEXT,
        Features(
            last_user_text=both_ends(last_user),
            last_user_characters=len(last_user),
            prompt_tokens=estimated_tokens(characters),
            messages=len(chat.messages),
            tools=tools,
            images=images,
            reasoning=reasoning,
        ),
    )


def _images(parts: list[_Part], required_capabilities: set[str]) -> int:
    """How many of the parts are images; adds what each of them needs."""
    images = 0
    for part in parts:
        need = _NEED_OF_PART.get(part.type)
        if need is not None:
            required_capabilities.add(need)
            images += need == "vision"
    return images


ENDPOINT: Final = Endpoint("/v1/chat/completions", "chat", OPENAI, parse, ChatCaller())
