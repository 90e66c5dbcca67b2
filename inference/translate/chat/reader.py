"""What an OpenAI-speaking upstream sends, read for whatever protocol the caller speaks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from inference.protocols.sse import Event, EventTooLarge, Parser
from inference.translate import upstream_errors
from inference.translate.chat.calls import CallStream
from inference.translate.chat.finish_reason import finish_reason_of
from inference.translate.chat.whole import chunks_of, completion_of
from inference.translate.event_stream import EventStream
from inference.translate.hub import HubWriter
from inference.translate.hub_answer import COMPLETION, Choice, Completion
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.lenient import loads
from inference.translate.text_run import TextForm
from inference.values.failures import Failure
from inference.values.usage import of_both, of_openai

_ODD: Final = (*BROKEN_JSON, TypeError, AttributeError, KeyError)
"""What taking apart a document of unknown make may raise."""
_TEXT: Final = TextForm(
    re.compile(rb'"delta": ?\{(?:"\w+": ?(?:null|"assistant"), ?)*"content": ?"'),
    re.compile(rb'"(?:, ?"\w+": ?null)*\}'),
)
_DONE: Final = Event(b"", b"[DONE]")


class CompletionStream(EventStream):
    """Reads the events of an OpenAI stream. A subclass says what `[DONE]` and a chunk become."""

    __slots__ = ()

    def _event(self, name: bytes, data: bytes) -> bytes:
        if data == b"[DONE]" or data.strip() == b"[DONE]":
            if not self.committed:
                self.failure = upstream_errors.no_answer()
                return b""
            self.finished = True
            return self._done()
        return self._data(name, data) if data else b""

    def _data(self, name: bytes, data: bytes) -> bytes:
        raise NotImplementedError

    def _unrolled(self, document: bytes) -> list[Event] | Failure:
        try:
            whole = loads(document)
            if whole.get("error"):
                return upstream_errors.in_answer(whole["error"], document)
            if not whole.get("choices"):
                return upstream_errors.no_answer(document)
            chunks = [msgspec.json.encode(chunk) for chunk in chunks_of(whole, usage=True)]
        except _ODD:
            return upstream_errors.not_json(document)
        return [*(Event(b"", chunk) for chunk in chunks), _DONE]


class ChunkStream(CompletionStream):
    """Reads every chunk in full, for the writer of a caller of another protocol."""

    __slots__ = ("_calls", "_reason", "_writer")

    text_form = _TEXT

    def __init__(self, writer: HubWriter) -> None:
        super().__init__()
        self._writer = writer
        if not writer.text_leaves_no_trace:
            self._looks = 0
        self._calls = CallStream()
        self._reason = ""

    @property
    def sequence(self) -> int:
        return self._writer.sequence

    @property
    def partial(self) -> Mapping[str, Any] | None:
        return self._writer.partial()

    def _data(self, name: bytes, data: bytes) -> bytes:
        try:
            chunk = COMPLETION.decode(data)
        except BROKEN_JSON:
            self.failure = upstream_errors.not_json()
            return b""
        if chunk.error or name == b"error":
            self.failure = upstream_errors.in_answer(chunk.error, data)
            return b""
        if chunk.choices is None and (told := upstream_errors.laid_open(data)) is not None:
            self.failure = told
            return b""
        if chunk.model:
            self.model = chunk.model
        if chunk.usage is not None:
            self.usage = of_both(self.usage, of_openai(chunk.usage))
        if chunk.choices:
            self._normalize(chunk.choices[0])
        out = self._writer.chunk(chunk)
        self.committed = self._writer.committed
        return out

    def _normalize(self, choice: Choice) -> None:
        """The choice as the protocol has it, whatever the server makes of calls and ends."""
        said = choice.delta
        if said is not None and (said.tool_calls or said.function_call is not None):
            said.tool_calls = self._calls.of(said.calls())
            said.function_call = None
        reason = finish_reason_of(choice.finish_reason)
        if reason:
            self._ends = True
            # Some servers repeat it with every piece, or end all they say with `stop`.
            if not self._reason or reason != "stop":
                self._reason = reason
            reason = self._reason
        choice.finish_reason = reason or None

    def _done(self) -> bytes:
        out = self._writer.calls(self._calls.waiting()) + self._writer.end(self.usage)
        self.finish_reason = self._writer.finish_reason
        return out


def completion_in(body: bytes) -> Completion | Failure:
    """A whole completion whose first choice holds a message, also when it came as a stream."""
    document = document_of(body)
    if isinstance(document, Failure):
        return document
    try:
        whole = COMPLETION.decode(document)
    except BROKEN_JSON:
        return upstream_errors.not_json(body)
    if whole.error:
        return upstream_errors.in_answer(whole.error, body)
    if not whole.choices or whole.choices[0].message is None:
        return upstream_errors.no_answer(body)
    choice = whole.choices[0]
    choice.finish_reason = finish_reason_of(choice.finish_reason) or None
    return whole


def document_of(body: bytes) -> bytes | Failure:
    """The whole completion; a stream that came where none was asked for is put together."""
    if body.lstrip().startswith(b"{"):
        return body
    parser = Parser()
    try:
        data = [event.data for event in (*parser.feed(body), *parser.end())]
        chunks = [loads(d) for d in data if d.strip() != b"[DONE]"]
        for chunk in chunks:
            if chunk.get("error"):
                return upstream_errors.in_answer(chunk["error"], msgspec.json.encode(chunk))
        whole = completion_of(chunks)
        if len(data) == len(chunks) and not any(c["finish_reason"] for c in whole["choices"]):
            return upstream_errors.not_json(body)
        return msgspec.json.encode(whole)
    except (EventTooLarge, *_ODD):
        return upstream_errors.not_json(body)
