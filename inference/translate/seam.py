"""A stream that goes on with one which broke off: never a word twice, and never one missing. PURE.

The upstream that continues is asked in one of two ways. Either it is given the beginning and goes
on with it, or it is asked the same again, and what equals the beginning is swallowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inference.translate.base import StreamTranslator
from inference.translate.hub import HubWriter
from inference.translate.hub_answer import AnsweredToolCall, Choice, Completion, Said
from inference.values.failures import Failure, Outcome
from inference.values.stops import Stops
from inference.values.usage import Usage

DIFFERS: Final = Failure(
    Outcome.RETRYABLE,
    "continuation_differs",
    "The provider's stream broke off, and the next target's answer is another one.",
    502,
)
SURELY_AGAIN: Final = 32
"""Characters: an upstream that was given a beginning as long as this and says it word for word has
begun anew. What is shorter may be said twice on purpose."""


def told_usage(before: Usage | None, after: Usage | None) -> Usage | None:
    """The tokens of both."""
    if before is None or after is None:
        return before or after
    return Usage(
        before.prompt + after.prompt,
        before.completion + after.completion,
        before.cached + after.cached,
        before.cache_written + after.cache_written,
        before.reasoning + after.reasoning,
    )


class Repeated:
    """Of an answer from its beginning, what goes beyond the text that was sent."""

    def __init__(self, sent: str) -> None:
        self._sent = sent
        self._place = 0
        self.differs = False

    @property
    def waits(self) -> bool:
        """Not all of what was sent has come again."""
        return self._place < len(self._sent)

    def feed(self, text: str) -> str:
        expected = self._sent[self._place : self._place + len(text)]
        if not text.startswith(expected):
            self.differs = True
            return ""
        self._place += len(expected)
        return text[len(expected) :]

    def rest(self) -> str:
        """What is left when the answer ends: nothing, or it was another one."""
        self.differs = self.differs or self.waits
        return ""


class Prefilled:
    """Of an answer that goes on with the text that was sent, what is new.

    White space at the end of the text was not shown to the upstream, since some refuse it: what
    comes of it again is swallowed. An upstream that begins anew in spite of all is noticed.
    """

    differs = False
    waits = False

    def __init__(self, sent: str) -> None:
        self._sent = sent
        self._space = sent[len(sent.rstrip()) :]
        self._held = ""
        self._watches = len(sent) >= SURELY_AGAIN

    def feed(self, text: str) -> str:
        if self._watches:
            self._held += text
            if self._sent.startswith(self._held):
                return ""
            text, self._held, self._watches = self._held, "", False
            if text.startswith(self._sent):
                self._space = ""
                return text[len(self._sent) :]
        return self._without_space(text)

    def rest(self) -> str:
        """What was held back because it might have been the beginning."""
        held, self._held = self._held, ""
        return "" if held == self._sent and self._watches else self._without_space(held)

    def _without_space(self, text: str) -> str:
        while text and self._space:
            if text[0] != self._space[0]:
                self._space = ""
                break
            text, self._space = text[1:], self._space[1:]
        return text


class SeamWriter(HubWriter):
    """Stands before the caller's writer and lets through what the caller has not got yet."""

    __slots__ = ("_before", "_new", "_skip", "_stops", "_writer", "stopped", "usage")

    def __init__(
        self,
        writer: HubWriter,
        new: Repeated | Prefilled,
        *,
        before: Usage | None = None,
        tail: str = "",
        stops: tuple[str, ...] = (),
    ) -> None:
        """`before` is the usage of what broke off, `tail` the end of what was sent, in which one
        of the strings `stops` may begin."""
        super().__init__()
        self._writer = writer
        self._new = new
        self._before = before
        self._stops = Stops(stops) if stops else None
        self._skip = len(tail)
        if self._stops is not None:
            self._skip -= len(self._stops.feed(tail))
        self.stopped = False
        """A stop string was met, the upstream has nothing more to say."""
        self.usage: Usage | None = None
        self._told()

    @property
    def failure(self) -> Failure | None:
        return DIFFERS if self._new.differs else None

    def chunk(self, chunk: Completion) -> bytes:
        if not chunk.choices or self.stopped or self.failure is not None:
            return b""
        choice = chunk.choices[0]
        said = choice.delta or Said()
        out = self._said(self._new.feed(said.text()), said.calls(), said.refusal)
        if choice.finish_reason is not None and not self.stopped:
            out += self._said(self._new.rest(), [], None)
            if self.failure is None and not self.stopped:
                out += self._finished(choice.finish_reason, choice.stop_reason)
        return out

    def _said(self, text: str, calls: list[AnsweredToolCall], refusal: str | None) -> bytes:
        if (calls or refusal) and self._new.waits:
            self._new.differs = True
        if self.failure is not None:
            return b""
        text = self._until_stop(text)
        out = b""
        if text or calls or refusal:
            self.committed = True
            told = Said(content=text or None, tool_calls=calls or None, refusal=refusal)
            out = self._writer.chunk(Completion(choices=[Choice(delta=told)]))
        if self._stops is not None and self._stops.matched is not None:
            self.stopped = True
            out += self._finished("stop", self._stops.matched)
        self._told()
        return out

    def _until_stop(self, text: str) -> str:
        if self._stops is None:
            return text
        out = self._stops.feed(text)
        skipped = min(self._skip, len(out))
        self._skip -= skipped
        return out[skipped:]

    def _finished(self, reason: str, stop: str | int | None) -> bytes:
        self.committed = True
        out = b""
        if self._stops is not None and self._stops.matched is None:
            held = self._stops.finish()[self._skip :]
            if held:
                told = Said(content=held)
                out = self._writer.chunk(Completion(choices=[Choice(delta=told)]))
        end = Choice(delta=Said(), finish_reason=reason, stop_reason=stop)
        out += self._writer.chunk(Completion(choices=[end]))
        self._told()
        return out

    def end(self, usage: Usage | None) -> bytes:
        self.usage = told_usage(self._before, usage)
        out = self._writer.end(self.usage)
        self._told()
        return out

    def partial(self) -> dict[str, Any] | None:
        return self._writer.partial()

    def _told(self) -> None:
        self.finish_reason, self.sequence = self._writer.finish_reason, self._writer.sequence


class ContinuedStream:
    """The upstream's reader with the seam behind it, and who continued told at the end."""

    __slots__ = ("_ended", "_inner", "_note", "_seam")

    def __init__(self, inner: StreamTranslator, seam: SeamWriter, note: bytes) -> None:
        """`note` follows the regular end."""
        self._inner = inner
        self._seam = seam
        self._note = note
        self._ended = False

    @property
    def committed(self) -> bool:
        return self._seam.committed

    @property
    def finished(self) -> bool:
        return self._ended

    @property
    def failure(self) -> Failure | None:
        return None if self._ended else self._seam.failure or self._inner.failure

    @property
    def usage(self) -> Usage | None:
        """Of the upstream that continues alone: that of both is for the caller."""
        return self._inner.usage

    @property
    def model(self) -> str:
        return self._inner.model

    @property
    def finish_reason(self) -> str:
        return self._seam.finish_reason or self._inner.finish_reason

    @property
    def media_type(self) -> str:
        return self._inner.media_type

    @property
    def sequence(self) -> int:
        return self._seam.sequence

    @property
    def partial(self) -> Mapping[str, Any] | None:
        return self._seam.partial()

    def feed(self, chunk: bytes) -> bytes:
        return self._checked(self._inner.feed(chunk))

    def end(self) -> bytes:
        return self._checked(self._inner.end())

    def cut(self) -> bytes | None:
        owed = self._inner.cut()
        return None if owed is None else self._checked(owed)

    def _checked(self, out: bytes) -> bytes:
        if self._ended or self._seam.failure is not None:
            return b""
        if self._seam.stopped and not self._inner.finished:
            self._ended = True
            return out + self._seam.end(self._inner.usage) + self._note
        if self._inner.finished:
            self._ended = True
            return out + self._note
        return out
