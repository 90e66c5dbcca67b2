"""An answer as its caller was given it, and who gave it."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

LARGEST: Final = 1024 * 1024
"""Bytes of one answer that is cached."""


class AnswerPiece(NamedTuple):
    """A part of a stream."""

    after: float
    """Seconds from its first part."""
    data: bytes


class AnswerSource(msgspec.Struct, frozen=True):
    """Who answered. Another address or kind of the same name is another provider."""

    provider: str
    """Casefolded."""
    kind: str
    base_url: str
    model: str


class CachedAnswer(msgspec.Struct, frozen=True):
    """In its caller's protocol: a whole answer is one piece."""

    source: AnswerSource
    made: float
    """Unix time in seconds, when it was complete."""
    media_type: str
    stream: bool
    pieces: tuple[AnswerPiece, ...]
    model: str = ""
    """The model that answered, by its own word."""
    finish_reason: str = ""
    dropped: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes it takes, by and large."""
        return 512 + sum(len(one.data) + 128 for one in self.pieces)

    @property
    def body(self) -> bytes:
        return b"".join([one.data for one in self.pieces])
