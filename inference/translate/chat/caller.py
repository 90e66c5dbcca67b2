"""Callers of OpenAI's chat completions: the request is the hub's already."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import TranslatedAnswer, Translator
from inference.translate.chat.passthrough import DONE, ChatPassThrough
from inference.translate.hub import HubRequest, HubWriter
from inference.translate.json_errors import Dropped
from inference.translate.upstream_errors import ErrorObject
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage


class ChatCaller:
    """The half of the caller."""

    direct: Final[dict[str, Translator]] = {"openai": ChatPassThrough("/chat/completions")}

    def chat(self, request: ParsedRequest) -> HubRequest:
        return HubRequest(request, Dropped())

    def writer(self, request: ParsedRequest) -> ChatWriter:
        return ChatWriter(wants_usage=request.wants_usage)

    def error(self, failure: Failure, said: ErrorObject) -> bytes:
        return upstream_errors.as_openai(failure, said)


class ChatWriter(HubWriter):
    """Chunks and completions as they are."""

    __slots__ = ("_wants_usage",)

    def __init__(self, *, wants_usage: bool) -> None:
        super().__init__()
        # Whoever reads the upstream says what is meaningful.
        self.committed = True
        self._wants_usage = wants_usage

    def document(self, chunk: dict[str, Any]) -> bytes:
        if not chunk["choices"] and not self._wants_usage:
            return b""
        return b"data: " + msgspec.json.encode(chunk) + b"\n\n"

    def end(self, usage: Usage | None) -> bytes:
        return DONE

    def whole_document(self, whole: dict[str, Any], usage: Usage | None) -> TranslatedAnswer:
        return TranslatedAnswer(
            msgspec.json.encode(whole),
            model=whole["model"] or "",
            usage=usage,
            finish_reason=whole["choices"][0]["finish_reason"] or "",
        )


class PassThroughCaller:
    """Callers of an endpoint that only upstreams of the same protocol serve."""

    def __init__(self, direct: dict[str, Translator]) -> None:
        """`direct` are the pass-throughs by the upstream's protocol."""
        self.direct: Final = direct
