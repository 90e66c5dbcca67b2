"""What of a stream has left for the caller, kept as long as another target may have to go on."""

from __future__ import annotations

from typing import Final

from inference.translate.sent_stream import SentStream

LIMIT: Final = 256 * 1024
"""Bytes that are kept of one stream. What is longer cannot be continued."""
_UNREAD: Final = 64 * 1024
"""Of these, how many are kept as they left: reading them costs more than keeping them, and nearly
all streams end before."""


class SentBuffer:
    """Chunks of whole events; once there are many, what they say."""

    __slots__ = ("_chunks", "_size", "_stream", "lost")

    def __init__(self, stream: SentStream) -> None:
        self._stream = stream
        self._chunks: list[bytes] = []
        self._size = 0
        self.lost = False
        """It was too long, or is no plain text."""

    def add(self, data: bytes) -> None:
        if self.lost:
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._size > _UNREAD:
            self.read()

    def read(self) -> SentStream | None:
        """What was sent; None where that cannot be continued."""
        if not self.lost:
            self._stream.feed(b"".join(self._chunks))
            self._chunks.clear()
            self._size = 0
            self.lost = not self._stream.plain or self._stream.size > LIMIT - _UNREAD
        return None if self.lost else self._stream
