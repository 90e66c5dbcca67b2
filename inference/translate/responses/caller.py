"""Callers of OpenAI's Responses API."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import Translator
from inference.translate.hub import HubRequest
from inference.translate.responses.frame import frame
from inference.translate.responses.function_names import names_in
from inference.translate.responses.passthrough import ResponsesPassThrough
from inference.translate.responses.request import chat_request
from inference.translate.responses.request_schema import ReasoningOptions
from inference.translate.responses.stream import ResponseWriter
from inference.translate.upstream_errors import ErrorObject
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest


class ResponsesCaller:
    """The half of the caller. `clock` gives Unix time in seconds, which a Response carries."""

    direct: Final[dict[str, Translator]] = {"responses": ResponsesPassThrough()}

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def chat(self, request: ParsedRequest) -> HubRequest:
        return chat_request(request)

    def writer(self, request: ParsedRequest) -> ResponseWriter:
        raw = request.fields.get("reasoning", b"null")
        reasoning = msgspec.json.decode(raw, type=ReasoningOptions | None) or ReasoningOptions()
        summarized = bool(reasoning.summary or reasoning.generate_summary)
        return ResponseWriter(
            frame(request.fields, int(self._clock()), request.keep),
            summarized=summarized,
            names=names_in(request.fields),
            keep=request.keep,
            seal=request.seal,
        )

    def error(self, failure: Failure, said: ErrorObject) -> bytes:
        return upstream_errors.as_openai(failure, said)
