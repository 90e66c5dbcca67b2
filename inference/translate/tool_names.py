"""Names of tools that upstreams refuse: shortened on the way there, told in full on the way back.

Providers take 64 characters of `[a-zA-Z0-9_-]`; names of MCP tools are longer, or hold dots. A
shortened name ends in a digest of the whole one, so that it stands for that name alone and can be
replaced wherever it comes back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from inference.translate.base import StreamTranslator, TranslatedAnswer
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage

LONGEST: Final = 64
_LEGAL: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ILLEGAL: Final = re.compile(r"[^a-zA-Z0-9_-]")
_WRITTEN: Final = re.compile(
    rb'"(?:name|namespace)"[ \t\r\n]*:[ \t\r\n]*'
    rb'"([^"\\\x00-\x1f]{65,}|[^"\\\x00-\x1f]*[^"\\\x00-\x1fa-zA-Z0-9_-][^"\\\x00-\x1f]*)"'
)
"""A name in JSON that is too long or holds what is not allowed. Names with quotes or backslashes
are left alone: they could not be put back into JSON inside JSON."""
_UNRESTORABLE: Final = re.compile(r'["\\\x00-\x1f]')


def legal_name(name: str) -> str:
    """The name as every provider takes it; most stay as they are."""
    if _LEGAL.fullmatch(name) or not name or _UNRESTORABLE.search(name):
        return name
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:10]
    return f"{_ILLEGAL.sub('_', name)[: LONGEST - 11]}_{digest}"


def has_illegal_names(tools: bytes) -> bool:
    """Whether JSON of tools may hold a name that has to change."""
    return _WRITTEN.search(tools) is not None


def shortened_names(request: ParsedRequest) -> dict[bytes, bytes]:
    """What upstreams may call the tools of a request, and what the caller does."""
    names: dict[bytes, bytes] = {}
    tools = request.fields.get("tools")
    for name in _WRITTEN.findall(bytes(tools)) if tools is not None else ():
        told = name.decode()
        names[legal_name(told).encode()] = msgspec.json.encode(told)[1:-1]
    return names


def restored_stream(stream: StreamTranslator, request: ParsedRequest) -> StreamTranslator:
    """The stream with the caller's names of its tools."""
    names = shortened_names(request)
    return NamesRestored(stream, names) if names else stream


def restored_answer(answer: TranslatedAnswer, request: ParsedRequest) -> TranslatedAnswer:
    names = shortened_names(request)
    if not names or not answer.body:
        return answer
    return msgspec.structs.replace(answer, body=_restored(answer.body, names))


def _restored(said: bytes, names: dict[bytes, bytes]) -> bytes:
    for short, name in names.items():
        said = said.replace(short, name)
    return said


class NamesRestored:
    """A stream of whole events in which shortened names are told in full."""

    __slots__ = ("_names", "_stream")

    def __init__(self, stream: StreamTranslator, names: dict[bytes, bytes]) -> None:
        self._stream = stream
        self._names = names

    @property
    def committed(self) -> bool:
        return self._stream.committed

    @property
    def finished(self) -> bool:
        return self._stream.finished

    @property
    def failure(self) -> Failure | None:
        return self._stream.failure

    @property
    def usage(self) -> Usage | None:
        return self._stream.usage

    @property
    def model(self) -> str:
        return self._stream.model

    @property
    def finish_reason(self) -> str:
        return self._stream.finish_reason

    @property
    def media_type(self) -> str:
        return self._stream.media_type

    @property
    def sequence(self) -> int:
        return self._stream.sequence

    @property
    def partial(self) -> Mapping[str, Any] | None:
        partial = self._stream.partial
        if partial is None:
            return None
        told: dict[str, Any] = msgspec.json.decode(
            _restored(msgspec.json.encode(partial), self._names)
        )
        return told

    def feed(self, chunk: bytes) -> bytes:
        return _restored(self._stream.feed(chunk), self._names)

    def end(self) -> bytes:
        return _restored(self._stream.end(), self._names)
