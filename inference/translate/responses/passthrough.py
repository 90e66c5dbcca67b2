"""The Responses API on both sides: what passes through stays as it came, but for model and ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from inference.protocols.sse import Event as ServerSentEvent
from inference.protocols.sse import EventTooLarge, Parser, encode
from inference.translate import upstream_errors
from inference.translate.base import EVENT_STREAM, JSON, Outbound, TranslatedAnswer
from inference.translate.event_stream import EventStream
from inference.translate.json_errors import BROKEN_JSON, Dropped, is_utf8
from inference.translate.responses.answer_schema import EVENT, RESPONSE, Response, ResponseEvent
from inference.translate.responses.sealed_ids import opened_input, opened_tools, sealed
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.seal import Seal
from inference.values.usage import of_openai

PATH: Final = "/responses"
ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.cancelled"})
_BEGUN: Final = frozenset({"response.created", "response.in_progress", "response.queued"})
_EMPTY: Final = frozenset({"response.content_part.added", "response.reasoning_summary_part.added"})
_SILENT_ITEMS: Final = frozenset({"reasoning", "message"})


class ResponsesPassThrough:
    """The translator."""

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        dropped = Dropped()
        body = msgspec.json.encode(opened_fields(request, model, dropped))
        return Outbound(PATH, body, dropped.names())

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> ResponsesStream:
        background = bytes(request.fields.get("background", b"")) == b"true"
        return ResponsesStream(request.seal, committed=background)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        """The body as it came; a stream where none was asked for ends in the whole Response."""
        found = response_in(body)
        if isinstance(found, Failure):
            return TranslatedAnswer(b"", failure=found)
        response, document = found
        if not is_utf8(document):
            return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))
        return TranslatedAnswer(
            sealed(document, response.sealed_members(), request.seal),
            response.model or "",
            of_openai(response.usage),
            response.finish_reason,
        )

    def error(self, failure: Failure) -> bytes | None:
        said = upstream_errors.of_openai(failure)
        return upstream_errors.as_openai(failure, said) if said is not None else None


def opened_fields(request: ParsedRequest, model: str, dropped: Dropped) -> dict[str, Any]:
    """The caller's fields with another model, and with ids as the provider gave them out."""
    fields: dict[str, Any] = {**request.fields, "model": model}
    seal = request.seal
    if seal is None:
        return fields
    if "input" in fields:
        fields["input"] = opened_input(fields["input"], seal, dropped)
    if "tools" in fields:
        fields["tools"] = opened_tools(fields["tools"], seal)
    if fields.get("previous_response_id", _NULL) != _NULL:
        previous = msgspec.json.decode(fields["previous_response_id"])
        fields["previous_response_id"] = seal.open(previous)
    return fields


_NULL: Final = msgspec.Raw(b"null")


def failure_in(response: Response, document: bytes) -> Failure | None:
    """What a Response, or what stands in its place, says of having failed."""
    if response.error or response.status == "failed":
        told = msgspec.json.encode({"error": response.error or {"message": "It failed."}})
        return upstream_errors.in_answer(response.error, told)
    if response.output is None and response.status not in ("queued", "in_progress"):
        return upstream_errors.no_answer(document)
    return None


def response_in(body: bytes) -> tuple[Response, bytes] | Failure:
    """A whole answer, checked, and its document."""
    document = _document_of(body)
    if isinstance(document, Failure):
        return document
    try:
        response = RESPONSE.decode(document)
    except BROKEN_JSON:
        return upstream_errors.not_json(body)
    return failure_in(response, document) or (response, document)


def _document_of(body: bytes) -> bytes | Failure:
    """The whole Response, also of a stream that came where none was asked for."""
    if body.lstrip().startswith(b"{"):
        return body
    parser = Parser()
    try:
        for _, data in (*parser.feed(body), *parser.end()):
            event = msgspec.json.decode(data, type=_Ending)
            if event.type in ENDS or event.type == "response.failed":
                return bytes(event.response)
    except (EventTooLarge, *BROKEN_JSON):
        pass
    return upstream_errors.not_json(body)


class _Ending(msgspec.Struct):
    type: str = ""
    response: msgspec.Raw = msgspec.Raw(b"{}")


class ResponseEvents(EventStream):
    """Reads the events of a Responses stream. A subclass says what one of them becomes."""

    __slots__ = ("_partial", "_sequence")

    def __init__(self) -> None:
        super().__init__()
        self._sequence = 0
        self._partial: Mapping[str, Any] | None = None

    def _event(self, name: bytes, data: bytes) -> bytes:
        if not data or data.strip() == b"[DONE]":
            return b""
        try:
            event = EVENT.decode(data)
        except BROKEN_JSON:
            event = None
        if event is None or not is_utf8(data):
            self.failure = upstream_errors.not_json()
            return b""
        kind = event.type = event.type or name.decode("latin-1")
        if event.sequence_number is not None:
            self._sequence = event.sequence_number
        response = event.response
        if response is not None:
            self.model = response.model or self.model
            self.usage = of_openai(response.usage) or self.usage
            self.finish_reason = response.finish_reason
        if kind == "error" or kind == "response.failed":
            self.failure = self._failed(event, data)
            return b""
        self.committed = self.committed or is_meaningful(event)
        out = self._said(event, name, data)
        self._sequence += 1
        if kind in ENDS:
            self.finished = self.committed = True
            return out + self._done()
        return out

    def _said(self, event: ResponseEvent, name: bytes, data: bytes) -> bytes:
        raise NotImplementedError

    def _done(self) -> bytes:
        return b""

    def _failed(self, event: ResponseEvent, data: bytes) -> Failure:
        if event.response is None:
            return upstream_errors.in_answer(None, data)
        error = event.response.error or {"message": "The provider's answer failed."}
        return upstream_errors.in_answer(error, msgspec.json.encode({"error": error}))

    def _unrolled(self, document: bytes) -> list[ServerSentEvent] | Failure:
        try:
            response = RESPONSE.decode(document)
            failure = failure_in(response, document)
            if failure is not None:
                return failure
            return list(events_of(msgspec.json.decode(document)))
        except BROKEN_JSON:
            return upstream_errors.not_json(document)


class ResponsesStream(ResponseEvents):
    """Hands events on as bytes, with their ids sealed."""

    __slots__ = ("_goes_on", "_seal")

    def __init__(self, seal: Seal | None, *, committed: bool = False) -> None:
        """`committed`: from its first event on, since the answer goes on without its caller."""
        super().__init__()
        self._seal = seal
        self._goes_on = committed

    @property
    def sequence(self) -> int:
        return self._sequence

    @property
    def partial(self) -> Mapping[str, Any] | None:
        return self._partial

    def _said(self, event: ResponseEvent, name: bytes, data: bytes) -> bytes:
        data = sealed(data, event.sealed_members(), self._seal)
        self.committed = self.committed or self._goes_on
        if event.type in _BEGUN:
            self._partial = msgspec.json.decode(data)["response"]
        return encode(data, name)


def is_meaningful(event: ResponseEvent) -> bool:
    """Whether the answer has begun with it: text, a call, reasoning, what a hosted tool does."""
    if event.type in _BEGUN or event.type in _EMPTY:
        return False
    if event.type == "response.output_item.added":
        return event.item is not None and event.item.type not in _SILENT_ITEMS
    return True


def events_of(response: dict[str, Any]) -> Iterator[ServerSentEvent]:
    """A whole Response as the events of a stream that says each item at once."""
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    documents: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(response.get("output") or ()):
        for kind in ("response.output_item.added", "response.output_item.done"):
            documents.append({"type": kind, "output_index": index, "item": item})
    status = response.get("status")
    end = "response.incomplete" if status == "incomplete" else "response.completed"
    documents.append({"type": end, "response": response})
    for number, document in enumerate(documents):
        told = msgspec.json.encode({**document, "sequence_number": number})
        yield ServerSentEvent(document["type"].encode(), told)
