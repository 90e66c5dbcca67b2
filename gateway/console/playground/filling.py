"""A request that was kept, as what the playground's form holds. Plain values, no IO.

Every turn carries the messages it was made from, word for word, which are what is sent again in
the same protocol; what can be shown of them, and said in the other protocol, stands beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import msgspec

from gateway.console.playground.choices import CONVERSATIONS
from governance.interactions.record import InteractionRecord
from inference.endpoints.registry import BY_REQUEST_TYPE
from inference.translate.base import Inexpressible
from inference.translate.hub import CallerSide
from inference.values.parsed_request import BadRequest

Document = dict[str, Any]
CHAT, MESSAGES = "chat", "messages"
_USAGE: Final = {"include_usage": True}
"""What the playground itself asks of a stream."""


class NotFillable(Exception):
    """The playground cannot send such a request."""


@dataclass(slots=True)
class FilledTurn:
    """One turn of the conversation as it is shown; `raw` is what it was made from."""

    role: str
    raw: dict[str, list[Any]]
    text: str = ""
    reasoning: str = ""
    images: list[Document] = field(default_factory=list)
    calls: list[Document] = field(default_factory=list)
    results: list[Document] = field(default_factory=list)


@dataclass(slots=True)
class FilledForm:
    """The form; `extra` is what it has no field for, as it stood."""

    endpoint: str
    model: str
    profile: str = ""
    stream: bool = False
    system: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    tools: list[Any] = field(default_factory=list)
    extra: Document = field(default_factory=dict)
    turns: list[FilledTurn] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Fields that another protocol had and that cannot be said in this one."""

    def document(self) -> Document:
        return asdict(self)


def filled(record: InteractionRecord, body: bytes) -> FilledForm:
    """The form of a request with this body. Raises `NotFillable`, and `msgspec.DecodeError` for a
    body that is not whole."""
    endpoint, request, left_out = _conversation(record, body)
    form = FilledForm(endpoint, str(request.pop("model", "") or ""), left_out=left_out)
    form.profile = str(request.pop("routing_profile", "") or record.decision.hint or "")
    form.stream = request.pop("stream", False) is True
    if form.stream and request.get("stream_options") == _USAGE:
        del request["stream_options"]
    _numbers(form, request)
    _tools(form, request)
    messages = list(request.pop("messages", ()))
    if endpoint == CHAT:
        _chat_system(form, messages)
        form.turns = [_chat_turn(one) for one in messages]
    else:
        _messages_system(form, request)
        form.turns = [turn for one in messages for turn in _messages_turns(one)]
    form.extra = request
    return form


def _conversation(record: InteractionRecord, body: bytes) -> tuple[str, Document, list[str]]:
    """The request in a protocol that the playground speaks."""
    endpoint = BY_REQUEST_TYPE.get(record.request_type)
    if record.request_type in CONVERSATIONS:
        return record.request_type, _document(body), []
    if endpoint is None or not isinstance(endpoint.caller, CallerSide):
        raise NotFillable
    _document(body)
    try:
        asked = endpoint.caller.chat(endpoint.parse(body, {}))
        written, _fields = asked.written()
    except (BadRequest, Inexpressible) as error:
        raise NotFillable from error
    document = {"model": record.requested_model, **_document(written)}
    return CHAT, document, list(asked.dropped.names())


def _document(body: bytes) -> Document:
    return msgspec.json.decode(body, type=dict[str, Any])


def _numbers(form: FilledForm, request: Document) -> None:
    """What the fields take; the rest stays as it stood."""
    temperature: Any = request.get("temperature")
    if _is_number(temperature) and 0 <= temperature <= 2:
        form.temperature = request.pop("temperature")
    most = request.get("max_tokens")
    if isinstance(most, int) and _is_number(most) and most >= 1:
        form.max_tokens = request.pop("max_tokens")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _tools(form: FilledForm, request: Document) -> None:
    """In their field, when it can say all of them; the providers' own ones it cannot."""
    tools = request.get("tools")
    plain = _plain_function if form.endpoint == CHAT else _plain_tool
    if isinstance(tools, list) and all(map(plain, tools)):
        form.tools = request.pop("tools")


def _plain_function(tool: Any) -> bool:
    if not isinstance(tool, dict) or set(tool) != {"type", "function"}:
        return False
    function = tool["function"]
    return tool["type"] == "function" and _has_only(function, "name", "description", "parameters")


def _plain_tool(tool: Any) -> bool:
    return _has_only(tool, "name", "description", "input_schema")


def _has_only(value: Any, *names: str) -> bool:
    return isinstance(value, dict) and bool(value.get("name")) and set(value) <= set(names)


def _chat_system(form: FilledForm, messages: list[Any]) -> None:
    """The first message, when the field holds it as it stood."""
    first: Any = messages[0] if messages else None
    plain = isinstance(first, dict) and set(first) == {"role", "content"}
    if plain and first["role"] == "system" and _fits(first["content"]):
        form.system = messages.pop(0)["content"]


def _messages_system(form: FilledForm, request: Document) -> None:
    if _fits(request.get("system")):
        form.system = request.pop("system")


def _fits(text: Any) -> bool:
    """Whether the field gives it back unchanged."""
    return isinstance(text, str) and bool(text) and text == text.strip() and "\r" not in text


def _chat_turn(message: Any) -> FilledTurn:
    raw = {CHAT: [message]}
    if not isinstance(message, Mapping):
        return FilledTurn("user", raw, text=_json(message))
    role = str(message.get("role", "user"))
    turn = FilledTurn({"developer": "system"}.get(role, role), raw)
    _parts(turn, message.get("content"), _CHAT_PARTS)
    if turn.role in ("tool", "function"):
        name = str(message.get("name") or message.get("tool_call_id") or "")
        turn.role = "tool"
        turn.results = [_result(message.get("tool_call_id"), name, turn.text)]
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    turn.reasoning = reasoning if isinstance(reasoning, str) else ""
    for call in _dicts(message.get("tool_calls")):
        function = call.get("function") or {}
        turn.calls.append(_call(call.get("id"), function.get("name"), function.get("arguments")))
    return turn


def _messages_turns(message: Any) -> Iterator[FilledTurn]:
    """One, or two where results of tools stand before something else in the same message."""
    raw = {MESSAGES: [message]}
    if not isinstance(message, Mapping):
        yield FilledTurn("user", raw, text=_json(message))
        return
    content = message.get("content")
    results = [one for one in _dicts(content) if one.get("type") == "tool_result"]
    if results:
        shown = [
            _result(one.get("tool_use_id"), one.get("tool_use_id"), _said(one.get("content")))
            for one in results
        ]
        yield FilledTurn("tool", raw, results=shown)
        content = [one for one in content or () if one not in results]
        if not content:
            return
        # Sent with the results, whose message it is part of.
        raw = {MESSAGES: []}
    turn = FilledTurn(str(message.get("role", "user")), raw)
    _parts(turn, content, _MESSAGES_PARTS)
    yield turn


def _parts(turn: FilledTurn, content: Any, parts: Mapping[str, _Part]) -> None:
    """Adds what a content holds; what cannot be shown is named."""
    if isinstance(content, str):
        turn.text = content
        return
    said = []
    for part in content if isinstance(content, list) else ():
        kind = str(part.get("type", "")) if isinstance(part, dict) else ""
        add = parts.get(kind)
        text = f"[{kind or _json(part)}]" if add is None else add(turn, part)
        if text:
            said.append(text)
    turn.text = "\n".join(said)


_Part = Callable[[FilledTurn, Document], str]
"""Adds a part to the turn, and returns what of it is text."""


def _text_part(turn: FilledTurn, part: Document) -> str:
    return str(part.get("text") or part.get("refusal") or "")


def _chat_image(turn: FilledTurn, part: Document) -> str:
    image = part.get("image_url")
    return _image(turn, image.get("url") if isinstance(image, dict) else image)


def _messages_image(turn: FilledTurn, part: Document) -> str:
    source = part.get("source") or {}
    if source.get("type") == "base64":
        return _image(turn, f"data:{source.get('media_type')};base64,{source.get('data')}")
    return _image(turn, source.get("url"))


def _image(turn: FilledTurn, url: Any) -> str:
    """Only what came with the request is shown: nothing is fetched from elsewhere."""
    if isinstance(url, str) and url.startswith("data:image/"):
        kind = url[len("data:") :].partition(";")[0]
        turn.images.append({"name": kind, "type": kind, "url": url})
        return ""
    return f"[image {url}]"


def _thinking(turn: FilledTurn, part: Document) -> str:
    turn.reasoning += str(part.get("thinking") or "")
    return ""


def _tool_use(turn: FilledTurn, part: Document) -> str:
    turn.calls.append(_call(part.get("id"), part.get("name"), _json(part.get("input") or {})))
    return ""


_CHAT_PARTS: Final[Mapping[str, _Part]] = {
    "text": _text_part,
    "refusal": _text_part,
    "image_url": _chat_image,
}
_MESSAGES_PARTS: Final[Mapping[str, _Part]] = {
    "text": _text_part,
    "image": _messages_image,
    "thinking": _thinking,
    "tool_use": _tool_use,
}


def _said(content: Any) -> str:
    """The text of a tool's result."""
    turn = FilledTurn("tool", {})
    _parts(turn, content, _MESSAGES_PARTS)
    return turn.text


def _call(identity: Any, name: Any, arguments: Any) -> Document:
    return {"id": str(identity or ""), "name": str(name or ""), "arguments": str(arguments or "")}


def _result(identity: Any, name: Any, text: str) -> Document:
    return {"id": str(identity or ""), "name": str(name or ""), "text": text}


def _dicts(values: Any) -> list[Document]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
