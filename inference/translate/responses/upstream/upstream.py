"""Upstreams that speak the Responses API, for callers of other protocols."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from inference.translate import upstream_errors
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
)
from inference.translate.hub import CallerSide, DirectCaller, HubRequest, HubWriter
from inference.translate.responses.answer_schema import Response, ResponseEvent
from inference.translate.responses.frame import usage_of_chat
from inference.translate.responses.passthrough import (
    ENDS,
    ResponseEvents,
    response_in,
)
from inference.translate.responses.upstream.reasoning import detail_of
from inference.translate.responses.upstream.request import responses_outbound
from inference.translate.responses.upstream.stream import ResponseChunks, said_in, thought_in
from inference.translate.tool_names import restored_answer, restored_stream
from inference.translate.upstream_errors import ErrorObject
from inference.translate.via import Composed
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.seal import Seal
from inference.values.usage import of_openai


class ResponsesUpstream:
    """The half of the upstream, for one request: `seal` is how its reasoning is sealed."""

    def __init__(self, seal: Seal | None, clock: Callable[[], float] = time.time) -> None:
        self._seal = seal
        self._clock = clock

    def request(self, chat: HubRequest, model: str) -> Outbound:
        return responses_outbound(chat, model)

    def stream(self, writer: HubWriter) -> ResponseToChat:
        return ResponseToChat(writer, ResponseChunks(int(self._clock()), self._seal))

    def answer(self, writer: HubWriter, body: bytes) -> TranslatedAnswer:
        found = response_in(body)
        if isinstance(found, Failure):
            return TranslatedAnswer(b"", failure=found)
        response, _ = found
        whole = completion(response, int(self._clock()), self._seal)
        return writer.whole_document(whole, of_openai(response.usage))

    def error(self, failure: Failure) -> ErrorObject | None:
        return upstream_errors.of_openai(failure)


class ResponsesComposed(Composed):
    """The translator of a caller's half, which seals for each request anew."""

    def __init__(self, caller: CallerSide) -> None:
        super().__init__(caller, ResponsesUpstream(None))

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        upstream = ResponsesUpstream(request.seal)
        return restored_stream(upstream.stream(self._caller.writer(request)), request)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        upstream = ResponsesUpstream(request.seal)
        return restored_answer(upstream.answer(self._caller.writer(request), body), request)


def composed(caller: DirectCaller) -> ResponsesComposed:
    if not isinstance(caller, CallerSide):
        raise LookupError(f"{caller} has no way to say its requests as chat completions.")
    return ResponsesComposed(caller)


class ResponseToChat(ResponseEvents):
    """The API's events in, what the caller's writer makes of chat chunks out."""

    __slots__ = ("_chunks", "_last", "_writer")

    def __init__(self, writer: HubWriter, chunks: ResponseChunks) -> None:
        super().__init__()
        self._writer = writer
        self._chunks = chunks
        self._last: Response | None = None

    @property
    def sequence(self) -> int:
        return self._writer.sequence

    @property
    def partial(self) -> Mapping[str, Any] | None:
        return self._writer.partial()

    def _said(self, event: ResponseEvent, name: bytes, data: bytes) -> bytes:
        self._last = event.response if event.type in ENDS else None
        out = b"".join(map(self._writer.document, self._chunks.of(event)))
        self.committed = self.committed and self._writer.committed
        return out

    def _done(self) -> bytes:
        assert self._last is not None
        last = b"".join(map(self._writer.document, self._chunks.last(self._last)))
        return last + self._writer.end(self.usage)


def completion(response: Response, created: int, seal: Seal | None) -> dict[str, Any]:
    """The whole completion that a Response makes. `created` is Unix time in seconds."""
    items = response.output or []
    pieces = [piece for item in items if item.type == "message" for piece in said_in(item)]
    texts = [piece["content"] for piece in pieces if "content" in piece]
    refusals = [piece["refusal"] for piece in pieces if "refusal" in piece]
    said: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts else None,
        "refusal": "".join(refusals) if refusals else None,
    }
    thoughts = [item for item in items if item.type == "reasoning"]
    if thought := "\n\n".join(filter(None, map(thought_in, thoughts))):
        said["reasoning_content"] = thought
    encrypted = [item.encrypted_content for item in thoughts if item.encrypted_content]
    if encrypted:
        said["reasoning_details"] = [detail_of(e, n, seal) for n, e in enumerate(encrypted)]
    calls = [
        {
            "id": item.call_id or "",
            "type": "function",
            "function": {"name": item.name or "", "arguments": item.arguments or "{}"},
        }
        for item in items
        if item.type == "function_call"
    ]
    if calls:
        said["tool_calls"] = calls
    reason = response.finish_reason or "stop"
    whole: dict[str, Any] = {
        "id": response.id or "",
        "object": "chat.completion",
        "created": int(response.created_at or created),
        "model": response.model or "",
        "choices": [{"index": 0, "message": said, "logprobs": None, "finish_reason": reason}],
    }
    if response.usage is not None:
        whole["usage"] = usage_of_chat(response.usage)
    if response.service_tier is not None:
        whole["service_tier"] = response.service_tier
    return whole
