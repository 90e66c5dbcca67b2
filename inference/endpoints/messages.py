"""Reads Anthropic's message request (`POST /v1/messages`) and its token count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from governance.routing.request import RoutingRequest
from inference.endpoints.endpoint import Endpoint
from inference.protocols import ANTHROPIC
from inference.translate.messages.caller.caller import MessagesCaller
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.parsing import Survey, envelope, profile_hint_of, typed, without_hint
from inference.values.session import session_of

_NEED_OF_BLOCK: Final = {"image": "vision", "document": "file", "container_upload": "file"}


class _Block(msgspec.Struct):
    type: str
    text: str | None = None
    content: Any = None
    """Of a tool result: a string or a list of blocks."""


class _Message(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[_Block]


class _Typed(msgspec.Struct):
    type: str


class _OutputConfig(msgspec.Struct):
    effort: str | None = None
    format: _Typed | None = None


class _Count(msgspec.Struct):
    """What a token count reads."""

    messages: list[_Message]
    model: str | None = None
    system: str | list[_Block] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: _Typed | None = None
    thinking: _Typed | None = None
    output_config: _OutputConfig | None = None
    output_format: _Typed | None = None
    """Where structured output was asked for while in beta; still accepted by Anthropic."""
    metadata: dict[str, msgspec.Raw] | None = None
    routing_profile: str | None = None


class _Body(_Count, kw_only=True):
    max_tokens: Annotated[int, msgspec.Meta(ge=0)]
    """0 fills the prompt cache and generates nothing."""
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    thread: Any = None


def _no_threads() -> BadRequest:
    """Refuses a thread in the words by which Anthropic's SDKs go on without one.

    A thread lives with one provider and under one credential, which all keys share: whoever knew
    the id of a message could go on with another key's, and no other target could answer.
    """
    return BadRequest(
        "`thread`: this gateway keeps no threads, so that every target can answer every request. "
        "Send the whole conversation without `thread`.",
        "thread",
        code=_THREAD_UNSUPPORTED,
        details={"error_code": _THREAD_UNSUPPORTED, "unsupported": ["thread"]},
    )


_THREAD_UNSUPPORTED: Final = "thread_unsupported_request"
_BODY: Final = msgspec.json.Decoder(_Body)
_COUNT: Final = msgspec.json.Decoder(_Count)
_BLOCKS: Final = list[_Block]


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request a caller made. Raises `BadRequest` naming the field and the rule."""
    fields = envelope(body)
    message = typed(_BODY, body)
    if message.thread is not None:
        raise _no_threads()
    return _inbound(body, fields, message, headers, stream=bool(message.stream))


def parse_count(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request of `POST /v1/messages/count_tokens`. Raises `BadRequest`."""
    return _inbound(body, envelope(body), typed(_COUNT, body), headers, stream=False)


def _inbound(
    body: bytes,
    fields: dict[str, msgspec.Raw],
    message: _Count,
    headers: Mapping[bytes, bytes],
    *,
    stream: bool,
) -> ParsedRequest:
    if not message.messages:
        raise BadRequest("`messages` must hold at least one message.", "messages")
    session = session_of(fields, headers)
    profile_hint = profile_hint_of(message.routing_profile, message.metadata, headers)
    survey = _survey(message)
    features = survey.features(
        messages=len(message.messages),
        tools=len(message.tools or ()),
        reasoning=message.thinking is not None and message.thinking.type in ("enabled", "adaptive"),
    )
    return ParsedRequest(
        routing_request=RoutingRequest(
            model=message.model or "",
            request_type="messages",
            required_capabilities=frozenset(survey.required_capabilities),
            profile_hint=profile_hint,
            stream=stream,
            features=features,
        ),
        body=body,
        fields=without_hint(fields, message.metadata),
        headers=headers,
        session=session,
    )


def _survey(message: _Count) -> Survey:
    survey = Survey()
    if message.system is not None:
        _look(survey, message.system, "system")
    for position, turn in enumerate(message.messages):
        said = _look(survey, turn.content, f"messages[{position}].content")
        if turn.role == "user" and said is not None:
            survey.last_user = said
    config = message.output_config
    if message.output_format is not None or (config is not None and config.format is not None):
        survey.required_capabilities.add("structured_output")
    return survey


def _look(survey: Survey, content: str | list[_Block], path: str) -> str | None:
    """What a content says in words; None when it holds nothing but tool results."""
    if isinstance(content, str):
        survey.text(content)
        return content
    texts = []
    results = 0
    for position, block in enumerate(content):
        where = f"{path}[{position}]"
        survey.part(_NEED_OF_BLOCK.get(block.type))
        if block.type == "text":
            if block.text is None:
                raise BadRequest(f"`{where}.text` is required.", f"{where}.text")
            survey.text(block.text)
            texts.append(block.text)
        elif block.type == "tool_result":
            results += 1
            _look_at_result(survey, block.content, where)
    if results and not texts:
        return None
    return "\n".join(texts)


def _look_at_result(survey: Survey, content: Any, path: str) -> None:
    if isinstance(content, str):
        survey.text(content)
    elif content is not None:
        try:
            blocks = msgspec.convert(content, _BLOCKS)
        except msgspec.ValidationError:
            where = f"{path}.content"
            message = f"`{where}`: expected a string or an array of content blocks."
            raise BadRequest(message, where) from None
        _look(survey, blocks, f"{path}.content")


ENDPOINT: Final = Endpoint("/v1/messages", "messages", ANTHROPIC, parse, MessagesCaller())
