"""OpenAI's protocol on both sides: what passes through stays as it came, but for the model.

Chat completions, text completions and embeddings.
"""

from __future__ import annotations

from typing import Any, Final

from inference.protocols.sse import encode
from inference.translate import upstream_errors
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
)
from inference.translate.chat.call_repairs import CallRepairs, with_text_arguments
from inference.translate.chat.chunk_template import ChunkTemplate
from inference.translate.chat.passthrough_schema import (
    COMPLETION,
    EMBEDDINGS,
    Embeddings,
    PassThroughChoice,
    PassThroughCompletion,
)
from inference.translate.chat.reader import CompletionStream, document_of
from inference.translate.chat.request import accepted, outbound
from inference.translate.embedding_format import in_format
from inference.translate.json_errors import BROKEN_JSON, Dropped, is_utf8
from inference.translate.tool_names import restored_answer, restored_stream
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import of_both, of_openai

DONE: Final = b"data: [DONE]\n\n"
_LOOKS: Final = 16
"""How often the events of one stream are looked at anew for a template."""


class ChatPassThrough:
    """Chat and text completions."""

    def __init__(self, path: str) -> None:
        self._path = path

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        """The caller's fields with another model."""
        dropped = Dropped()
        fields = accepted(request.fields, model, dropped)
        stream = request.routing_request.stream
        return outbound(self._path, fields, model, stream=stream, dropped=dropped.names())

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        return restored_stream(ChatPassThroughStream(wants_usage=request.wants_usage), request)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        """The body as it came; a stream where none was asked for is put together."""
        document = document_of(body)
        if isinstance(document, Failure):
            return TranslatedAnswer(b"", failure=document)
        return restored_answer(_completion(document), request)

    def error(self, failure: Failure) -> bytes | None:
        return error_body(failure)


class EmbeddingsPassThrough:
    """Embeddings: one request, one answer, never a stream."""

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        return outbound("/embeddings", dict(request.fields), model, stream=False)

    def stream(
        self, request: ParsedRequest, media_type: str = EVENT_STREAM
    ) -> ChatPassThroughStream:
        return ChatPassThroughStream(wants_usage=False)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        try:
            embeddings = EMBEDDINGS.decode(body)
        except BROKEN_JSON:
            return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))
        body = in_format(request, embeddings.data or [], body)
        return _checked(embeddings, embeddings.data, body)

    def error(self, failure: Failure) -> bytes | None:
        return error_body(failure)


def error_body(failure: Failure) -> bytes | None:
    """An OpenAI-speaking upstream's error for a caller of the same protocol.

    Unmodified when it has OpenAI's form; None when it tells nothing.
    """
    said = upstream_errors.of_openai(failure)
    return upstream_errors.as_openai(failure, said) if said is not None else None


class ChatPassThroughStream(CompletionStream):
    """Hands chunks on as bytes. Each is decoded just far enough to know what it is."""

    __slots__ = ("_calls", "_template", "_template_looks", "_wants_usage")

    text_form = None
    """What passes through needs no translation: see `_plain`."""

    def __init__(self, *, wants_usage: bool) -> None:
        super().__init__()
        self._wants_usage = wants_usage
        self._template: ChunkTemplate | None = None
        self._template_looks = _LOOKS
        self._calls = CallRepairs()

    def feed(self, chunk: bytes) -> bytes:
        """Once the answer has begun, whole events of text go on as they are, however many."""
        if self.failure is not None or self.finished or b"\r" in chunk:
            return super().feed(chunk)
        template = self._template
        if (
            template is not None
            and self._parser.at_border
            and template.covers(chunk)
            and is_utf8(chunk)
        ):
            return chunk
        out = b""
        start = 0
        # Everything up to the commit is read event by event; so is an event begun in the last
        # chunk, to its end.
        while not (self.committed and self._parser.at_border):
            end = chunk.find(b"\n\n", start) + 2
            if end < 2:
                return out + super().feed(chunk[start:])
            out += super().feed(chunk[start:end])
            start = end
            if start == len(chunk) or self.failure is not None or self.finished:
                return out
        rest = chunk[start:] if start else chunk
        border = self._plain(rest)
        if not is_utf8(rest[:border] if border < len(rest) else rest):
            border = 0
        if border < len(rest):
            return out + rest[:border] + super().feed(rest[border:])
        return out + rest if out else rest

    def _plain(self, block: bytes) -> int:
        """How many bytes of a committed stream's block say text and nothing else."""
        border = 0
        while border < len(block):
            rest = block[border:] if border else block
            length = self._template.length(rest) if self._template is not None else 0
            if not length and self._template_looks:
                self._template_looks -= 1
                self._template = ChunkTemplate.of(rest)
                length = self._template.length(rest) if self._template is not None else 0
            if not length:
                break
            border += length
        return border

    def _done(self) -> bytes:
        return DONE

    def _data(self, name: bytes, data: bytes) -> bytes:
        try:
            chunk = COMPLETION.decode(data)
        except BROKEN_JSON:
            chunk = None
        if chunk is None or not is_utf8(data):
            self.failure = upstream_errors.not_json()
            return b""
        if chunk.error or name == b"error":
            self.failure = upstream_errors.in_answer(chunk.error, data)
            return b""
        if chunk.choices is None and (told := upstream_errors.laid_open(data)) is not None:
            self.failure = told
            return b""
        if chunk.model and isinstance(chunk.model, str):
            self.model = chunk.model
        if chunk.usage is not None:
            self.usage = of_both(self.usage, of_openai(chunk.usage))
            if not chunk.choices:
                return encode(_as_chunk(data), name) if self._wants_usage else b""
        return encode(self._said(chunk.choices or [], data), name)

    def _said(self, choices: list[PassThroughChoice], data: bytes) -> bytes:
        for choice in choices:
            if choice.finish_reason:
                self.finish_reason = str(choice.finish_reason)
                self._ends = True
            if not self.committed and choice.meaningful:
                self.committed = True
        return self._calls.renumbered(choices, data) if b'"tool_calls"' in data else data


def _as_chunk(data: bytes) -> bytes:
    """A usage chunk under its right name: mlx_lm.server gives it the one of a whole completion.

    The SDK's stream helper passes over whatever is not called a chunk.
    """
    for space in (b"", b" "):
        told = b'"object":' + space + b'"chat.completion'
        data = data.replace(told + b'"', told + b'.chunk"')
    return data


def _completion(body: bytes) -> TranslatedAnswer:
    try:
        completion = COMPLETION.decode(body)
        if b'"tool_calls"' in body:
            body = with_text_arguments(body)
    except BROKEN_JSON:
        return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))
    if not is_utf8(body):
        return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))
    reason = ""
    for choice in completion.choices or ():
        if choice.finish_reason:
            reason = str(choice.finish_reason)
    return _checked(completion, completion.choices, body, reason)


def _checked(
    whole: PassThroughCompletion | Embeddings,
    answers: list[Any] | None,
    body: bytes,
    reason: str = "",
) -> TranslatedAnswer:
    if whole.error:
        return TranslatedAnswer(b"", failure=upstream_errors.in_answer(whole.error, body))
    if not answers:
        return TranslatedAnswer(b"", failure=upstream_errors.no_answer(body))
    model = whole.model if isinstance(whole.model, str) else ""
    return TranslatedAnswer(body, model, of_openai(whole.usage), reason)
