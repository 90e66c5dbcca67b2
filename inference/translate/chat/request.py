"""The one writer of requests to OpenAI-compatible upstreams, whoever the caller is.

What a provider takes differently from the others becomes a rule here, so that it holds for what
passes through and for what is translated.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.base import Outbound
from inference.translate.chat.limit_field import limit_field
from inference.translate.hub import HubRequest

Message = dict[str, Any]

_OPTIONS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_TRUE: Final = msgspec.Raw(b"true")


def outbound(
    path: str, fields: dict[str, Any], model: str, *, stream: bool, dropped: tuple[str, ...] = ()
) -> Outbound:
    """A request of top-level `fields`, each a value or as the caller wrote it, for this model.

    A stream is always asked for its usage.
    """
    fields = {**fields, "model": model} if "model" in fields else {"model": model, **fields}
    if stream:
        given = fields.get("stream_options")
        options = _OPTIONS.decode(given) if isinstance(given, msgspec.Raw) else given
        fields["stream_options"] = {**(options or {}), "include_usage": _TRUE}
    return Outbound(path, msgspec.json.encode(fields), dropped)


def chat_outbound(chat: HubRequest, model: str) -> Outbound:
    """A translated request, in the words every OpenAI-compatible server knows."""
    if chat.document is None:
        fields: dict[str, Any] = dict(chat.request.fields)
    else:
        fields = _with_limit(chat.document, limit_field(model))
        fields["messages"] = _plain(fields["messages"], chat)
    return outbound(
        "/chat/completions",
        fields,
        model,
        stream=chat.request.ask.stream,
        dropped=chat.dropped.names(),
    )


def _with_limit(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The limit of the answer's length under the name this model takes."""
    return {name if key == "max_completion_tokens" else key: document[key] for key in document}


def _plain(messages: list[Message], chat: HubRequest) -> list[Message]:
    """The messages without thinking that an Anthropic model has signed for itself, and with tool
    outputs of text alone: what else these hold follows as the user's."""
    out: list[Message] = []
    shown: list[dict[str, Any]] = []
    for message in messages:
        if message["role"] != "tool":
            out += _shown(shown)
            shown = []
        elif not isinstance(message["content"], str):
            message, rest = _text_alone(message)
            shown += rest
        if message.get("thinking_blocks"):
            chat.dropped.add(chat.signed_thinking)
        if "thinking_blocks" in message:
            message = {name: value for name, value in message.items() if name != "thinking_blocks"}
        out.append(message)
    return out + _shown(shown)


def _text_alone(message: Message) -> tuple[Message, list[dict[str, Any]]]:
    """A tool's output as one text, and what of it is no text."""
    parts = message["content"]
    texts = "\n".join(part["text"] for part in parts if part["type"] == "text")
    rest = [part for part in parts if part["type"] != "text"]
    if rest:
        about = f"Returned by the tool call {message['tool_call_id']}:"
        rest = [{"type": "text", "text": about}, *rest]
    return {**message, "content": texts}, rest


def _shown(parts: list[dict[str, Any]]) -> list[Message]:
    return [{"role": "user", "content": parts}] if parts else []
