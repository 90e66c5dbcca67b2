"""OpenAI's protocol on both sides: what passes through stays as it came, but for the model.

One pair a request type: chat completions, text completions and embeddings.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.dispatch.failures import Failure
from inference.endpoints.parsed_request import ParsedRequest
from inference.protocols.sse import encode
from inference.record.usage import of_openai
from inference.translate import upstream_errors
from inference.translate.base import Answer, Outbound
from inference.translate.glance import COMPLETION, EMBEDDINGS, Completion, Embeddings
from inference.translate.likeness import Likeness, unremarkable
from inference.translate.openai_upstream import OpenAIRelay, document_of
from inference.translate.reading import BROKEN_JSON

DONE: Final = b"data: [DONE]\n\n"
_LOOKS: Final = 16
"""How often the events of one stream are looked at anew for what they have in common."""
_OPTIONS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_TRUE: Final = msgspec.Raw(b"true")


class OpenAIToOpenAI:
    """Chat and text completions."""

    def __init__(self, path: str) -> None:
        self._path = path

    def request(self, inbound: ParsedRequest, model: str) -> Outbound:
        """The caller's fields with another model. A stream is always asked for its usage."""
        fields = {**inbound.fields, "model": msgspec.Raw(msgspec.json.encode(model))}
        if inbound.ask.stream:
            options = _OPTIONS.decode(fields.get("stream_options", b"null")) or {}
            options["include_usage"] = _TRUE
            fields["stream_options"] = msgspec.Raw(msgspec.json.encode(options))
        return Outbound(self._path, msgspec.json.encode(fields))

    def relay(self, inbound: ParsedRequest) -> PassThrough:
        return PassThrough(wants_usage=inbound.wants_usage)

    def answer(self, inbound: ParsedRequest, body: bytes) -> Answer:
        """The body as it came; a stream where none was asked for is put together."""
        document = document_of(body)
        if isinstance(document, Failure):
            return Answer(b"", failure=document)
        return _completion(document)

    def error(self, failure: Failure) -> bytes | None:
        return error_body(failure)


class EmbeddingsToOpenAI:
    """Embeddings: one request, one answer, never a stream."""

    def request(self, inbound: ParsedRequest, model: str) -> Outbound:
        fields = {**inbound.fields, "model": msgspec.Raw(msgspec.json.encode(model))}
        return Outbound("/embeddings", msgspec.json.encode(fields))

    def relay(self, inbound: ParsedRequest) -> PassThrough:
        return PassThrough(wants_usage=False)

    def answer(self, inbound: ParsedRequest, body: bytes) -> Answer:
        try:
            embeddings = EMBEDDINGS.decode(body)
        except BROKEN_JSON:
            return Answer(b"", failure=upstream_errors.not_json(body))
        return _checked(embeddings, embeddings.data, body)

    def error(self, failure: Failure) -> bytes | None:
        return error_body(failure)


def error_body(failure: Failure) -> bytes | None:
    """An OpenAI-speaking upstream's error for a caller of the same protocol."""
    return upstream_errors.openai_body(failure)


class PassThrough(OpenAIRelay):
    """Hands chunks on as bytes. Each is decoded just far enough to know what it is."""

    __slots__ = ("_likeness", "_looks", "_wants_usage")

    def __init__(self, *, wants_usage: bool) -> None:
        super().__init__()
        self._wants_usage = wants_usage
        self._likeness: Likeness | None = None
        self._looks = _LOOKS

    def feed(self, chunk: bytes) -> bytes:
        """Once the answer has begun, whole events of text go on as they are, however many."""
        if self.held:
            chunk, self.held = self.held + chunk, b""
        if self.failure is not None or self.finished or b"\r" in chunk:
            return super().feed(chunk)
        committed = self.committed
        out = b""
        start = 0
        # What was begun is read to its end first, and so is everything up to the commit.
        while not (self.committed and self._parser.at_border):
            end = chunk.find(b"\n\n", start) + 2
            if end < 2:
                return out + super().feed(chunk[start:])
            out += super().feed(chunk[start:end])
            start = end
            if start == len(chunk) or self.failure is not None or self.finished:
                return out
        rest = chunk[start:] if start else chunk
        if not committed:
            # What commits need not wait until all that came with it is looked at.
            self.held = rest
            return out
        border = self._plain(rest)
        if border < len(rest):
            return out + rest[:border] + super().feed(rest[border:])
        return out + rest if out else rest

    def end(self) -> bytes:
        return self.feed(b"") + super().end() if self.held else super().end()

    def _plain(self, block: bytes) -> int:
        """How many bytes of a committed stream's block say text and nothing else."""
        border = 0
        while border < len(block):
            rest = block[border:] if border else block
            length = self._likeness.length(rest) if self._likeness is not None else 0
            if not length and self._looks:
                self._looks -= 1
                self._likeness = Likeness.of(rest)
                length = self._likeness.length(rest) if self._likeness is not None else 0
            if not length:
                return border + unremarkable(rest)
            border += length
        return border

    def _done(self) -> bytes:
        return DONE

    def _data(self, name: bytes, data: bytes) -> bytes:
        try:
            chunk = COMPLETION.decode(data)
        except BROKEN_JSON:
            self.failure = upstream_errors.not_json()
            return b""
        if chunk.error or name == b"error":
            self.failure = upstream_errors.in_answer(chunk.error, data)
            return b""
        if chunk.model and isinstance(chunk.model, str):
            self.model = chunk.model
        if chunk.usage is not None:
            self.usage = of_openai(chunk.usage)
            if not chunk.choices:
                return encode(_as_chunk(data), name) if self._wants_usage else b""
        for choice in chunk.choices or ():
            if choice.finish_reason:
                self.finish_reason = str(choice.finish_reason)
            if not self.committed and choice.meaningful:
                self.committed = True
        return encode(data, name)


def _as_chunk(data: bytes) -> bytes:
    """A usage chunk under its right name: mlx_lm.server gives it the one of a whole completion.

    The SDK's stream helper passes over whatever is not called a chunk.
    """
    for space in (b"", b" "):
        told = b'"object":' + space + b'"chat.completion'
        data = data.replace(told + b'"', told + b'.chunk"')
    return data


def _completion(body: bytes) -> Answer:
    try:
        completion = COMPLETION.decode(body)
    except BROKEN_JSON:
        return Answer(b"", failure=upstream_errors.not_json(body))
    reason = ""
    for choice in completion.choices or ():
        if choice.finish_reason:
            reason = str(choice.finish_reason)
    return _checked(completion, completion.choices, body, reason)


def _checked(
    whole: Completion | Embeddings, answers: list[Any] | None, body: bytes, reason: str = ""
) -> Answer:
    if whole.error:
        return Answer(b"", failure=upstream_errors.in_answer(whole.error, body))
    if not answers:
        return Answer(b"", failure=upstream_errors.no_answer())
    model = whole.model if isinstance(whole.model, str) else ""
    return Answer(body, model, of_openai(whole.usage), reason)
