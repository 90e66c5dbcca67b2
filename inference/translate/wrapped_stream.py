"""A stream translator around another: what goes in or comes out is changed, the rest is its."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inference.translate.base import StreamTranslator
from inference.values.failures import Failure
from inference.values.usage import Usage


class WrappedStream:
    """Says what the stream within says. A subclass changes what it must."""

    __slots__ = ("_stream",)

    def __init__(self, stream: StreamTranslator) -> None:
        self._stream = stream

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
        return self._stream.partial

    def feed(self, chunk: bytes) -> bytes:
        return self._stream.feed(chunk)

    def end(self) -> bytes:
        return self._stream.end()

    def cut(self) -> bytes | None:
        return self._stream.cut()
