"""What is handed on as it came, whatever it is: JSON or a multipart form in, any bytes out.

For endpoints whose answers are sound, images or text: the gateway replaces the model and reads
nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
)
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_DISPOSITION: Final = re.compile(rb"content-disposition:([^\r\n]*)", re.IGNORECASE)
_NAME: Final = re.compile(rb';[ \t]*name=(?:"([^"]*)"|([^";\s]+))', re.IGNORECASE)
_FILE_NAME: Final = re.compile(rb";[ \t]*filename\*?=", re.IGNORECASE)
_BORDER_END: Final = re.compile(rb"(?:--)?[ \t]*(?:\r\n|\Z)")
LONGEST_FIELD: Final = 256 * 1024
"""Bytes of a form's field that is no file; more is not looked at."""


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


class FormPart(NamedTuple):
    """Where a part of a form stands in its body. `name` is empty where it has none."""

    start: int
    """Of the boundary before it, its line break included."""
    head: int
    value: int
    end: int
    name: str
    is_file: bool


def boundary_of(content_type: str) -> bytes | None:
    """The line between the parts of a multipart body."""
    match = _BOUNDARY.search(content_type)
    return b"--" + match[1].strip().encode("latin-1") if match is not None else None


def parts_of(body: bytes, boundary: bytes) -> Iterator[FormPart | None]:
    """The parts, and None for one that has no end. Source: RFC 7578, RFC 2046, section 5.1.1."""
    start = 0 if body.startswith(boundary) else _border(body, boundary, 0)
    while start >= 0:
        line = start + len(boundary) + (2 if body.startswith(b"\r\n", start) else 0)
        if body.startswith(b"--", line):
            return
        head = body.find(b"\r\n", line) + 2
        empty = body.find(b"\r\n\r\n", head - 2)
        value = empty + 4
        end = _border(body, boundary, max(head - 2, value - 2))
        if head < 2 or empty < 0 or end < 0:
            yield None
            return
        match = _DISPOSITION.search(body, head, empty + 2)
        told = match[1] if match is not None else b""
        name = _NAME.search(told)
        yield FormPart(
            start,
            head,
            value,
            end,
            (name[1] or name[2]).decode("latin-1") if name is not None else "",
            _FILE_NAME.search(told) is not None,
        )
        start = end


def _border(body: bytes, boundary: bytes, start: int) -> int:
    """Where the next boundary's line begins, its line break first; -1 for none. A line that only
    begins like a boundary is part of a value."""
    line = b"\r\n" + boundary
    while (found := body.find(line, start)) >= 0:
        if _BORDER_END.match(body, found + len(line)):
            return found
        start = found + 2
    return -1


def form_fields(body: bytes, boundary: bytes) -> dict[str, bytes | None] | None:
    """The form's fields by name; None stands for a file's contents. None for a broken form.

    Of a name that comes several times the first counts, as it does where the model is replaced.
    """
    found: dict[str, bytes | None] = {}
    for part in parts_of(body, boundary):
        if part is None:
            return None
        long = part.is_file or part.end - part.value > LONGEST_FIELD
        found.setdefault(part.name, None if long else body[part.value : part.end])
    return found or None


def model_part(body: bytes, boundary: bytes) -> tuple[int, int] | None:
    """Where the value of the form's field `model` begins and ends."""
    for part in parts_of(body, boundary):
        if part is not None and part.name == "model":
            return part.value, part.end
    return None


def with_model(body: bytes, content_type: str, model: str) -> bytes:
    """The form with this model, and without the hint to a routing profile; every other byte stays.

    A form that names no model gets one, and every further one it names is replaced as well.
    """
    boundary = boundary_of(content_type)
    if boundary is None:
        return body
    out, kept, named = [], 0, False
    for part in parts_of(body, boundary):
        if part is None:
            return body
        if part.name == "model":
            out += [body[kept : part.value], model.encode()]
            kept, named = part.end, True
        elif part.name == "routing_profile":
            out.append(body[kept : part.start])
            # A first boundary has no line break before it.
            kept = part.end + (0 if body.startswith(b"\r\n", part.start) else 2)
    out.append(body[kept:])
    whole = b"".join(out)
    if named:
        return whole
    field = b'\r\ncontent-disposition: form-data; name="model"\r\n\r\n' + model.encode() + b"\r\n"
    first = whole.find(boundary)
    return whole[:first] + boundary + field + whole[first:]
