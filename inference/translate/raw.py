"""What is handed on as it came, whatever it is: JSON or a multipart form in, any bytes out.

For endpoints whose answers are sound, images or text: the gateway replaces the model and reads
nothing else.
"""

from __future__ import annotations

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
)
from inference.translate.form_scanner import MODEL, boundary_of, scanned
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage


class RawPassThrough:
    """The translator. `path` is below the provider's base URL."""

    def __init__(self, path: str) -> None:
        self._path = path

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        """The body as it came, with another model."""
        if request.form is not None:
            form = request.form.sent(model)
            return Outbound(self._path, b"", content_type=request.content_type, form=form)
        if request.content_type.lower().startswith("multipart/"):
            body = with_model(request.body, request.content_type, model)
        else:
            fields = {**request.fields, "model": msgspec.Raw(msgspec.json.encode(model))}
            body = msgspec.json.encode(fields)
        return Outbound(self._path, body, content_type=request.content_type)

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        return RawStream(media_type)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        if not body:
            return TranslatedAnswer(b"", failure=upstream_errors.no_answer())
        return TranslatedAnswer(body, media_type=media_type)

    def error(self, failure: Failure) -> bytes | None:
        said = upstream_errors.of_openai(failure)
        return upstream_errors.as_openai(failure, said) if said is not None else None


class RawStream:
    """Bytes in, the same bytes out; the first of them commit."""

    __slots__ = ("committed", "failure", "finished", "media_type", "model", "usage")

    finish_reason = ""
    sequence = 0
    partial = None

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        self.committed = False
        self.finished = False
        """Never before the upstream closes: no protocol's end is known here."""
        self.failure: Failure | None = None
        self.model = ""
        self.usage: Usage | None = None

    def feed(self, chunk: bytes) -> bytes:
        self.committed = self.committed or bool(chunk)
        return chunk

    def end(self) -> bytes:
        if self.committed:
            self.finished = True
        else:
            self.failure = upstream_errors.no_answer()
        return b""

    def cut(self) -> bytes | None:
        """Where it ends is not known here."""
        return None


def form_fields(body: bytes, boundary: bytes) -> dict[str, bytes | None] | None:
    """The form's fields by name; None stands for a file's contents. None for a broken form."""
    form = scanned(body, boundary)
    return None if form.broken else form.fields


def model_part(body: bytes, boundary: bytes) -> tuple[int, int] | None:
    """Where the value of the form's field `model` begins and ends."""
    for part in scanned(body, boundary).parts:
        if part.name == MODEL:
            return part.value, part.end
    return None


def with_model(body: bytes, content_type: str, model: str) -> bytes:
    """The form for this model: see `FormScanner.edits`. A broken one stays as it is."""
    boundary = boundary_of(content_type)
    if boundary is None:
        return body
    form = scanned(body, boundary)
    if form.broken:
        return body
    out, kept = [], 0
    for edit in form.edits(model):
        out += [body[kept : edit.start], edit.new]
        kept = edit.end
    return b"".join([*out, body[kept:]])
