"""What is done to a body before it is read: its content coding is taken off, its text checked."""

from __future__ import annotations

import codecs

from inference.content_coding import BrokenCoding, ContentDecoder, UnknownCoding, coding_of
from inference.upstream.errors import UndecodableBody

UNSUPPORTED = "unsupported_content_encoding"


class BodyDecoding:
    """Decodes a body piece by piece, and refuses text that is not UTF-8.

    JSON and server-sent events are UTF-8 by definition; other bytes would reach a caller as an
    answer that their client cannot read.
    """

    __slots__ = ("_decoder", "_tail", "_text")

    def __init__(self, content_encoding: bytes | None, *, text: bool) -> None:
        """Raises `UndecodableBody` for a coding that is not known."""
        try:
            coding = coding_of(content_encoding)
        except UnknownCoding as error:
            message = f"The provider's answer has the content encoding {error}, which is not known."
            raise UndecodableBody(message, code=UNSUPPORTED) from None
        self._decoder = ContentDecoder(coding) if coding else None
        self._text = text
        self._tail = b""

    @property
    def pending(self) -> bool:
        """More is to be had without more being given."""
        return self._decoder is not None and not self._decoder.waits

    def feed(self, data: bytes) -> bytes:
        """What `data` and what was given before mean, a bounded piece. Raises `UndecodableBody`."""
        if self._decoder is not None:
            try:
                data = self._decoder.decode(data)
            except BrokenCoding as error:
                raise _broken(error) from None
        if self._text and (self._tail or not data.isascii()):
            self._check(data)
        return data

    def end(self) -> None:
        """The body is whole. Raises `UndecodableBody` where something is missing."""
        if self._decoder is not None:
            try:
                self._decoder.end()
            except BrokenCoding as error:
                raise _broken(error) from None
        if self._tail:
            raise _not_text()

    def _check(self, data: bytes) -> None:
        """A character may be cut in two where pieces meet."""
        text = self._tail + data
        try:
            _, read = codecs.utf_8_decode(text, "strict", False)
        except UnicodeDecodeError:
            raise _not_text() from None
        self._tail = text[read:]


def _broken(error: BrokenCoding) -> UndecodableBody:
    said = str(error).removeprefix("The body ")
    return UndecodableBody(f"The provider's answer {said}", code="broken_content_encoding")


def _not_text() -> UndecodableBody:
    return UndecodableBody("The provider sent what is not UTF-8.", code="invalid_utf8")
