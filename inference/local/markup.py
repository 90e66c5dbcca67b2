"""PURE: which part of a model's text is the answer, which its reasoning, which calls a tool.

Models write all three as one text with markers between. Which markers is a property of the model.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from inference.values import needles


class Section(Enum):
    """The part of the text a piece belongs to."""

    CONTENT = "content"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"


@dataclass(frozen=True)
class Markers:
    """The strings that open and close a section; an empty `close` lasts to the end of the text."""

    open: str
    close: str


@dataclass(frozen=True)
class MarkupPiece:
    """Some text of one section. `closed`: a closing marker followed it."""

    section: Section
    text: str
    closed: bool = False


class Markup:
    """Splits a growing text into sections.

    Tool calls come out whole, since half of one cannot be parsed; the other two as they grow.
    White space right behind a marker belongs to the marker. `section` is where the text stands.
    """

    def __init__(self, markers: dict[Section, Markers], start: Section = Section.CONTENT) -> None:
        self._markers = markers
        self.section = start
        self._held = ""
        self._after_marker = start is not Section.CONTENT

    def feed(self, text: str) -> Iterator[MarkupPiece]:
        """The pieces this text completes."""
        self._held += text
        while True:
            wanted = self._wanted()
            found = needles.first(self._held, wanted)
            if not found:
                break
            index, marker = found
            yield from self._out(self._held[:index], closed=True)
            self._held = self._held[index + len(marker) :]
            self.section = wanted[marker]
            self._after_marker = True
        if self.section is not Section.TOOL_CALL:
            keep = len(self._held) - needles.undecided(self._held, wanted)
            ready, self._held = self._held[:keep], self._held[keep:]
            yield from self._out(ready)

    def finish(self) -> Iterator[MarkupPiece]:
        """What is held back, when no more text comes. An unclosed tool call says so."""
        held, self._held = self._held, ""
        if self.section is Section.TOOL_CALL:
            yield MarkupPiece(self.section, held.lstrip() if self._after_marker else held)
        else:
            yield from self._out(held)

    def _wanted(self) -> dict[str, Section]:
        """The markers that end the present section, and the section each leads to."""
        if self.section is Section.CONTENT:
            return {markers.open: section for section, markers in self._markers.items()}
        close = self._markers[self.section].close
        return {close: Section.CONTENT} if close else {}

    def _out(self, text: str, *, closed: bool = False) -> Iterator[MarkupPiece]:
        if self._after_marker:
            text = text.lstrip()
        if text:
            self._after_marker = False
        ends_call = closed and self.section is Section.TOOL_CALL
        if text or ends_call:
            yield MarkupPiece(self.section, text, closed)
