"""The one writer of requests to OpenAI-compatible upstreams, whoever the caller is.

What a provider takes differently from the others becomes a rule here, so that it holds for what
passes through and for what is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from inference.translate.accepted_chat import (
    accepted_effort,
    accepted_history,
    accepted_tools,
    is_openai_model,
    one_string,
    system_first,
)
from inference.translate.base import Inexpressible, Outbound
from inference.translate.call_order import in_order
from inference.translate.chat import oddities
from inference.translate.chat.limit_field import limit_field
from inference.translate.hub import HubRequest
from inference.translate.json_errors import Dropped

Message = dict[str, Any]

_OPTIONS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_TRUE: Final = msgspec.Raw(b"true")
_OF_TOOLS: Final = ("tools", "tool_choice", "parallel_tool_calls")


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
        fields = accepted(chat.request.fields, model, chat.dropped)
    else:
        fields = accepted_tools(_with_limit(chat.document, limit_field(model)), chat.dropped)
        fields = accepted_effort(fields, model, chat.dropped)
        _refuse_files_elsewhere(fields["messages"])
        messages = accepted_history(_plain(in_order(fields["messages"]), chat))
        if not is_openai_model(model):
            messages = system_first(messages, chat.dropped)
        fields["messages"] = list(one_string(messages))
    return outbound(
        "/chat/completions",
        fields,
        model,
        stream=chat.request.routing_request.stream,
        dropped=chat.dropped.names(),
    )


def accepted(fields: Mapping[str, msgspec.Raw], model: str, dropped: Dropped) -> dict[str, Any]:
    """The fields of a request that passes through. What every server refuses is mended; the rest,
    which is nearly always all of it, stays the bytes that came. Raises `Inexpressible`."""
    out: dict[str, Any] = dict(fields)
    if oddities.tools_are_odd(fields):
        decoded = {name: _decoded(fields, name) for name in _OF_TOOLS if name in fields}
        mended = accepted_tools(decoded, dropped)
        for name, value in decoded.items():
            if name not in mended:
                del out[name]
            elif mended[name] != value:
                out[name] = mended[name]
    out = accepted_effort(out, model, dropped)
    if "messages" not in fields:
        return out
    if oddities.history_is_odd(fields):
        messages = _decoded(fields, "messages")
        mended = accepted_history(messages)
        if mended != messages:
            out["messages"] = mended
    return out


def _decoded(fields: Mapping[str, msgspec.Raw], name: str) -> Any:
    try:
        return msgspec.json.decode(fields[name])
    except RecursionError:
        raise Inexpressible(name, f"`{name}` is nested too deeply.") from None


def _refuse_files_elsewhere(messages: list[Message]) -> None:
    """Chat completions take a file's data; none of their servers fetches one from an address."""
    for position, message in enumerate(messages):
        content = message["content"]
        for part in content if isinstance(content, list) else ():
            if part["type"] == "file" and "file_url" in part["file"]:
                field = f"messages[{position}].content"
                raise Inexpressible(
                    field, f"`{field}`: OpenAI's protocol takes no file by its URL; send the data."
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
