"""Callers of OpenAI's chat completions: the request is the hub's already."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import TranslatedAnswer, Translator
from inference.translate.chat.passthrough import DONE, ChatPassThrough
from inference.translate.chat.sent_chat import SentChat
from inference.translate.hub import HubRequest, HubWriter
from inference.translate.json_errors import Dropped
from inference.translate.prefill import with_beginning
from inference.translate.sealing import sealed_id
from inference.translate.sent_stream import SentStream
from inference.translate.upstream_errors import ErrorObject
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage

_UNCONTINUABLE: Final = ("n", "logprobs", "top_logprobs", "response_format", "modalities")


class ChatCaller:
    """The half of the caller."""

    direct: Final[dict[str, Translator]] = {"openai": ChatPassThrough("/chat/completions")}

    def chat(self, request: ParsedRequest) -> HubRequest:
        return HubRequest(request, Dropped())

    def writer(self, request: ParsedRequest) -> ChatWriter:
        return ChatWriter(wants_usage=request.wants_usage)

    def sent(self, request: ParsedRequest) -> SentStream | None:
        """Neither several answers nor log probabilities nor JSON can be put together."""
        fields = request.fields
        given = {name: msgspec.json.decode(fields.get(name, b"null")) for name in _UNCONTINUABLE}
        form = given.pop("response_format")
        several = given.pop("n") not in (None, 1)
        if several or any(given.values()) or (form and form.get("type") != "text"):
            return None
        return SentChat()

    def prefilled(self, request: ParsedRequest, text: str) -> ParsedRequest | None:
        return with_beginning(request, "messages", text, ("max_tokens", "max_completion_tokens"))

    def stops(self, request: ParsedRequest) -> tuple[str, ...]:
        stop = msgspec.json.decode(request.fields.get("stop", b"null")) or ()
        return (stop,) if isinstance(stop, str) else tuple(stop)

    def error(self, failure: Failure, said: ErrorObject) -> bytes:
        return upstream_errors.as_openai(failure, said)


class ChatWriter(HubWriter):
    """Chunks and completions as they are."""

    __slots__ = ("_wants_usage",)

    text_leaves_no_trace = True

    def __init__(self, *, wants_usage: bool) -> None:
        super().__init__()
        # Whoever reads the upstream says what is meaningful.
        self.committed = True
        self._wants_usage = wants_usage

    def document(self, chunk: dict[str, Any]) -> bytes:
        if not chunk["choices"] and not self._wants_usage:
            return b""
        for choice in chunk["choices"]:
            _keep(choice["delta"])
        return b"data: " + msgspec.json.encode(chunk) + b"\n\n"

    def end(self, usage: Usage | None) -> bytes:
        return DONE

    def whole_document(self, whole: dict[str, Any], usage: Usage | None) -> TranslatedAnswer:
        _keep(whole["choices"][0]["message"])
        return TranslatedAnswer(
            msgspec.json.encode(whole),
            model=whole["model"] or "",
            usage=usage,
            finish_reason=whole["choices"][0]["finish_reason"] or "",
        )


def _keep(said: dict[str, Any]) -> None:
    """What an upstream wants back with a call is in the call's id too: clients return no more."""
    for call in said.get("tool_calls") or ():
        if call.get("extra_content") and call.get("id"):
            call["id"] = sealed_id(call["id"], call["extra_content"])


class PassThroughCaller:
    """Callers of an endpoint that only upstreams of the same protocol serve."""

    def __init__(self, direct: dict[str, Translator]) -> None:
        """`direct` are the pass-throughs by the upstream's protocol."""
        self.direct: Final = direct
