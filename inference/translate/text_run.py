"""Events of a stream that differ in their text alone: one translation serves them all. PURE.

A model says hundreds of them in a row. Once the first has been read and written in full, the bytes
around its text are known on both sides, and the text is the same JSON in every protocol.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from inference.protocols.sse import Event, encode
from inference.translate.json_errors import is_utf8

_TEXT: Final = re.compile(rb'[^"\\\x00-\x1f]*(?:\\["\\bfnrt][^"\\\x00-\x1f]*)*')
"""A text in the one way in which JSON is written here as well; other ways are read in full."""
_TEXTS: Final = re.compile(rb'[^"\\\x00-\x09\x0b-\x1f]*(?:\\["\\bfnrt][^"\\\x00-\x09\x0b-\x1f]*)*')
"""Such texts, a line each."""
_ESCAPE: Final = re.compile(rb"\\.")
_REMARKABLE: Final = (
    b'"finish_reason":"',
    b'"finish_reason": "',
    b'"usage":{',
    b'"usage": {',
    b'"error"',
)


class TextForm(NamedTuple):
    """Where the text of an event stands in an upstream's protocol."""

    opening: re.Pattern[bytes]
    closing: re.Pattern[bytes]
    """From the quote that ends the text, as far as the object around it says nothing else."""


class TextRun(NamedTuple):
    """The bytes around the text, as they come and as they leave."""

    before: bytes
    behind: bytes
    out_before: bytes
    out_behind: bytes

    @classmethod
    def of(cls, form: TextForm, event: Event, out: bytes) -> TextRun | None:
        """What the translation of one event tells of those that follow; None where it says more
        than text, or became more than one event."""
        opening = form.opening.search(event.data)
        if opening is None or b"\n" in event.data or out.count(b"\n\n") != 1:
            return None
        begin = opening.end()
        text = _TEXT.match(event.data, begin)
        assert text is not None
        end = text.end()
        literal = b'"%b"' % text[0]
        if end == begin or not form.closing.match(event.data, end) or out.count(literal) != 1:
            return None
        came = encode(event.data, event.name)
        begin += len(came) - len(event.data) - 2
        before, behind = came[:begin], came[begin + len(text[0]) :]
        if any(mark in before or mark in behind for mark in _REMARKABLE):
            return None
        out_before, out_behind = out.split(literal)
        return cls(before, behind, out_before + b'"', b'"' + out_behind)

    def translated(self, chunk: bytes, begin: int) -> tuple[bytes, int, int]:
        """What the whole events from there on become, where they end, and how many characters of
        text they hold."""
        texts, at = self._all_of_them(chunk, begin) or self._one_by_one(chunk, begin)
        said = b"".join(texts)
        if not texts or not is_utf8(said):
            return b"", begin, 0
        out_behind, out_before = self.out_behind, self.out_before
        out = out_before + (out_behind + out_before).join(texts) + out_behind
        return out, at, _characters(said)

    def _all_of_them(self, chunk: bytes, begin: int) -> tuple[list[bytes], int] | None:
        """The texts and where the last event of them ends, where nothing else stands between: a
        few passes in C. What is around a text holds line feeds, so that no text holds it."""
        before, behind = self.before, self.behind
        if not chunk.startswith(before, begin):
            return None
        at = begin + len(before)
        end = chunk.rfind(behind, at)
        if end < 0:
            return None
        texts = chunk[at:end].split(behind + before)
        # No text may be empty, and no escape reaches over the end of one.
        if b"" in texts or not _TEXTS.fullmatch(b"\n".join(texts)):
            return None
        return texts, end + len(behind)

    def _one_by_one(self, chunk: bytes, begin: int) -> tuple[list[bytes], int]:
        """The same for the first of other events, or of what is not whole."""
        before, behind = self.before, self.behind
        texts: list[bytes] = []
        at = begin
        while chunk.startswith(before, at):
            start = at + len(before)
            end = _TEXT.match(chunk, start).end()  # type: ignore[union-attr]  # matches nothing too
            if end == start or not chunk.startswith(behind, end):
                break
            texts.append(chunk[start:end])
            at = end + len(behind)
        return texts, at


def _characters(text: bytes) -> int:
    if b"\\" in text:
        text = _ESCAPE.sub(b"-", text)
    return len(text) if text.isascii() else len(text.decode())
