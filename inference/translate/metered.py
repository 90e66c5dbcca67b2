"""What is handed on as it came, and read just far enough to know what it used.

For answers whose text, pictures or sound are their caller's alone: nothing of them is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from inference.protocols.sse import Event, EventTooLarge, Parser, encode
from inference.translate import upstream_errors
from inference.translate.base import EVENT_STREAM, JSON, StreamTranslator, TranslatedAnswer
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.raw import RawPassThrough, RawStream
from inference.values.failures import broken
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage, of_openai, with_units


class Told(msgspec.Struct, gc=False):
    """What answers and last events say about themselves. Nothing of it is sure to be there."""

    model: Any = None
    usage: Any = None
    meta: Any = None
    duration: Any = None
    data: Any = None
    results: Any = None
    type: Any = None
    error: Any = None


LONGEST: Final = 64 * 1024 * 1024
"""Bytes of a whole answer that came in place of a stream."""
_DOCUMENT: Final = msgspec.json.Decoder(dict[str, Any])
_TOLD: Final = msgspec.json.Decoder(Told)
Meter = Callable[[ParsedRequest, Told], Usage | None]
Unrolled = Callable[[dict[str, Any]], list[dict[str, Any]]]


def usage_of(told: Told) -> Usage | None:
    """Tokens, seconds of sound and searches, under the names that providers give them.

    Sources: the API references of OpenAI ("Create transcription", "Create image"), Cohere
    ("Rerank", `meta.billed_units`) and Jina AI ("Reranker", `usage.total_tokens`).
    """
    usage = told.usage if isinstance(told.usage, dict) else {}
    tokens = of_openai(usage) or Usage()
    if not tokens.total:
        tokens = of_openai({"prompt_tokens": usage.get("total_tokens")}) or Usage()
    # "Create transcription" calls them by another name than all the others.
    read = _part(usage, "input_tokens_details") or _part(usage, "input_token_details")
    made = _part(usage, "output_tokens_details")
    billed = _part(told.meta if isinstance(told.meta, dict) else {}, "billed_units")
    return with_units(
        tokens,
        audio_tokens=read.get("audio_tokens"),
        image_tokens=read.get("image_tokens"),
        image_completion_tokens=made.get("image_tokens"),
        audio_seconds=usage.get("seconds") or told.duration,
        searches=billed.get("search_units"),
    )


def _part(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


class MeteredPassThrough(RawPassThrough):
    """The translator.

    `holds` names the member without which a JSON answer is none. `unrolled` gives the events that
    a whole answer would have been, had its model streamed as it was asked to.
    """

    def __init__(
        self,
        path: str,
        meter: Meter = lambda request, told: usage_of(told),
        holds: str = "",
        unrolled: Unrolled | None = None,
    ) -> None:
        super().__init__(path)
        self._meter = meter
        self._holds = holds
        self._unrolled = unrolled

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        if media_type.startswith(EVENT_STREAM):
            return MeteredEvents(media_type, request, self._meter)
        if media_type.startswith(JSON):
            return WholeInStream(media_type, request, self, self._unrolled)
        stream = RawStream(media_type)
        stream.usage = self._meter(request, Told())
        return stream

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        answer = super().answer(request, body, media_type)
        if answer.failure is not None or not media_type.startswith(JSON):
            return msgspec.structs.replace(answer, usage=self._meter(request, Told()))
        try:
            told = _TOLD.decode(body)
        except BROKEN_JSON:
            return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))
        if told.error:
            return TranslatedAnswer(b"", failure=upstream_errors.in_answer(told.error, body))
        if self._holds and not isinstance(getattr(told, self._holds), list):
            return TranslatedAnswer(b"", failure=upstream_errors.no_answer())
        model = told.model if isinstance(told.model, str) else ""
        return TranslatedAnswer(body, model, self._meter(request, told), media_type=media_type)


class WholeInStream(RawStream):
    """A JSON document where a stream was asked for, as of `whisper-1`, which does not stream.

    Its caller waits for events, and may have had signs of life among them already.
    """

    __slots__ = ("_parts", "_request", "_size", "_translator", "_unrolled")

    def __init__(
        self,
        media_type: str,
        request: ParsedRequest,
        translator: MeteredPassThrough,
        unrolled: Unrolled | None,
    ) -> None:
        super().__init__(EVENT_STREAM if unrolled is not None else media_type)
        self._request = request
        self._translator = translator
        self._unrolled = unrolled
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> bytes:
        self._size += len(chunk)
        if self._size > LONGEST:
            self.failure = broken("answer_too_large", f"The answer is over {LONGEST} bytes.")
        else:
            self._parts.append(chunk)
        return b""

    def end(self) -> bytes:
        body = b"".join(self._parts)
        answer = self._translator.answer(self._request, body, JSON)
        self.failure, self.usage, self.model = answer.failure, answer.usage, answer.model
        self.committed = self.finished = self.failure is None
        if self._unrolled is None or self.failure is not None:
            return answer.body
        try:
            document = _DOCUMENT.decode(body)
        except BROKEN_JSON:
            self.failure = upstream_errors.not_json(body)
            return b""
        events = self._unrolled(document)
        return b"".join(encode(msgspec.json.encode(one), one["type"].encode()) for one in events)


class MeteredEvents(RawStream):
    """Events as they came; their last one tells what was used. One that is an error is a failure.

    OpenAI ends such streams with an event whose type ends in `.done` or `.completed`.
    """

    __slots__ = ("_ends", "_meter", "_parser", "_request")

    def __init__(self, media_type: str, request: ParsedRequest, meter: Meter) -> None:
        super().__init__(media_type)
        self._request = request
        self._meter = meter
        self._parser = Parser()
        self._ends = False

    def feed(self, chunk: bytes) -> bytes:
        try:
            events = self._parser.feed(chunk)
        except EventTooLarge as error:
            self.failure = broken("event_too_large", str(error))
            return b""
        self._read(events)
        return b"" if self.failure is not None else chunk

    def end(self) -> bytes:
        self._read(self._parser.end())
        if self.failure is None:
            if self._ends:
                self.finished = True
            else:
                self.failure = broken("truncated", "The provider's stream stopped before its end.")
        return b""

    def _read(self, events: list[Event]) -> None:
        for name, data in events:
            if data.strip() == b"[DONE]":
                self._ends = True
                continue
            try:
                told = _TOLD.decode(data)
            except BROKEN_JSON:
                self.failure = upstream_errors.not_json()
                return
            if told.error or told.type == "error" or name == b"error":
                self.failure = upstream_errors.in_answer(told.error, data)
                return
            self.committed = True
            if str(told.type).endswith((".done", ".completed")):
                self._ends = True
                self.usage = _both(self.usage, self._meter(self._request, told))


def _both(earlier: Usage | None, later: Usage | None) -> Usage | None:
    """The sum of what several answers in one stream used: each image ends in its own event."""
    if earlier is None or later is None:
        return earlier or later
    units = dict(earlier.units or {})
    for name, count in (later.units or {}).items():
        units[name] = units.get(name, 0) + count
    prompt, completion = earlier.prompt + later.prompt, earlier.completion + later.completion
    return with_units(Usage(prompt, completion), **units)
