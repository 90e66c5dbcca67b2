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
        before, behind, out_before, out_behind = self
        texts: list[bytes] = []
        at = begin
        while chunk.startswith(before, at):
            start = at + len(before)
            end = _TEXT.match(chunk, start).end()  # type: ignore[union-attr]  # matches nothing too
            if end == start or not chunk.startswith(behind, end):
                break
            texts.append(chunk[start:end])
            at = end + len(behind)
        if not texts or not is_utf8(b"".join(texts)):
            return b"", begin, 0
        out = out_before + (out_behind + out_before).join(texts) + out_behind
        return out, at, sum(map(_characters, texts))


def _characters(text: bytes) -> int:
    if b"\\" in text:
        text = _ESCAPE.sub(b"-", text)
    return len(text) if text.isascii() else len(text.decode())
