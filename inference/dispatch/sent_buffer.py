"""What of a stream has left for the caller, kept as long as another target may have to go on."""

from __future__ import annotations

from typing import Final

from inference.translate.sent_stream import ContinuableCaller, SentStream
from inference.values.parsed_request import ParsedRequest

LIMIT: Final = 256 * 1024
"""Bytes that are kept of one stream. What is longer cannot be continued."""
_UNREAD: Final = 64 * 1024
"""Of these, how many are kept as they left: reading them costs more than keeping them, and nearly
all streams end before."""


class SentBuffer:
    """Chunks of whole events; once there are many, what they say."""

    __slots__ = ("_caller", "_chunks", "_request", "_size", "_stream", "lost")

    def __init__(self, caller: ContinuableCaller, request: ParsedRequest) -> None:
        self._caller = caller
        self._request = request
        self._stream: SentStream | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self.lost = False
        """It was too long, is no plain text, or must not be continued."""

    def add(self, data: bytes) -> None:
        if self.lost:
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._size > _UNREAD:
            self.read()

    def read(self) -> SentStream | None:
        """What was sent; None where that cannot be continued."""
        stream = self._stream or self._caller.sent(self._request)
        if stream is not None and not self.lost:
            stream.feed(b"".join(self._chunks))
            self._stream = stream
        self._chunks.clear()
        self._size = 0
        self.lost = stream is None or not stream.plain or stream.size > LIMIT - _UNREAD
        return None if self.lost else stream
