"""What is handed on as it came, whatever it is: JSON or a multipart form in, any bytes out.

For endpoints whose answers are sound, images or text: the gateway replaces the model and reads
nothing else.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import EVENT_STREAM, JSON, Outbound, TranslatedAnswer
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_MODEL_PART: Final = re.compile(
    rb'content-disposition:[^\r\n]*;[ \t]*name="?model"?[ \t]*(?:;|\r\n)', re.IGNORECASE
)


class RawPassThrough:
    """The translator. `path` is below the provider's base URL."""

    def __init__(self, path: str) -> None:
        self._path = path

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        """The body as it came, with another model."""
        if request.content_type.lower().startswith("multipart/"):
            body = with_model(request.body, request.content_type, model)
        else:
            fields = {**request.fields, "model": msgspec.Raw(msgspec.json.encode(model))}
            body = msgspec.json.encode(fields)
        return Outbound(self._path, body, content_type=request.content_type)

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> RawStream:
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

    __slots__ = ("committed", "failure", "finished", "media_type")

    model = ""
    finish_reason = ""
    sequence = 0
    partial = None
    usage: Usage | None = None

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        self.committed = False
        self.finished = False
        """Never before the upstream closes: no protocol's end is known here."""
        self.failure: Failure | None = None

    def feed(self, chunk: bytes) -> bytes:
        self.committed = self.committed or bool(chunk)
        return chunk

    def end(self) -> bytes:
        if self.committed:
            self.finished = True
        else:
            self.failure = upstream_errors.no_answer()
        return b""


def boundary_of(content_type: str) -> bytes | None:
    """The line between the parts of a multipart body."""
    match = _BOUNDARY.search(content_type)
    return b"--" + match[1].encode("latin-1") if match is not None else None


def model_part(body: bytes, boundary: bytes) -> tuple[int, int] | None:
    """Where the value of the form's field `model` begins and ends. Source: RFC 7578."""
    start = 0 if body.startswith(boundary) else body.find(b"\r\n" + boundary)
    while start >= 0:
        head = body.find(b"\r\n\r\n", start)
        end = body.find(b"\r\n" + boundary, max(start + len(boundary), head))
        if head < 0 or end < 0:
            return None
        if _MODEL_PART.search(body, start, head + 2):
            return head + 4, end
        start = end
    return None


def with_model(body: bytes, content_type: str, model: str) -> bytes:
    """The form with this value of `model`; every other byte stays."""
    boundary = boundary_of(content_type)
    place = model_part(body, boundary) if boundary is not None else None
    if place is None:
        return body
    return body[: place[0]] + model.encode() + body[place[1] :]
