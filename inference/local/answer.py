"""PURE: one answer growing token by token, and when it ends."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from inference.local import toolcalls
from inference.local.detokenizer import Detokenizer
from inference.local.generation import Object
from inference.local.markup import Markers, Markup, MarkupPiece, Section
from inference.local.toolcalls import ParsedToolCall, Parser
from inference.values.stops import Stops


@dataclass(frozen=True)
class TokenLogprob:
    """A token with the logarithm of its probability, and the likeliest in its place."""

    token: int
    logprob: float
    top: tuple["TokenLogprob", ...] = ()


@dataclass(frozen=True)
class AnswerDelta:
    """What one step adds to the answer."""

    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[ParsedToolCall, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.content or self.reasoning or self.tool_calls or self.logprobs)


@dataclass(frozen=True)
class TokenCounts:
    """Tokens. `completion` counts every token drawn, the one that ends the answer included."""

    prompt: int
    completion: int
    reasoning: int = 0
    cached: int = 0
    """Of the prompt, those that were read for an earlier one."""


@dataclass(frozen=True)
class Finish:
    """How the answer ended: `stop`, `length` or `tool_calls`; the stop string, if one did it."""

    reason: str
    usage: TokenCounts
    matched_stop: str | None = None


@dataclass(frozen=True)
class AnswerParse:
    """How to read the model's text; for plain completions all of it is content."""

    markers: dict[Section, Markers] = field(default_factory=dict)
    start: Section = Section.CONTENT
    tools: tuple[Object, ...] = ()
    parser: Parser | None = None


class Answer:
    """Takes tokens one at a time; `finish` is set once no further token is wanted."""

    def __init__(
        self,
        *,
        detokenizer: Detokenizer,
        end_tokens: Collection[int],
        prompt_tokens: int,
        max_tokens: int,
        stops: tuple[str, ...],
        reading: AnswerParse,
        new_id: Callable[[], str],
    ) -> None:
        self._detokenizer = detokenizer
        self._end_tokens = end_tokens
        self._prompt_tokens = prompt_tokens
        self._max_tokens = max_tokens
        self._stops = Stops(stops)
        self._reading = reading
        self._markup = Markup(reading.markers, reading.start)
        self._new_id = new_id
        self._drawn = 0
        self._reasoned = 0
        self._called = False
        self._logprobs: list[TokenLogprob] = []
        self.cached_tokens = 0
        self.finish: Finish | None = None

    def feed(self, token: int, logprob: TokenLogprob | None = None) -> AnswerDelta:
        """What this token adds; sets `finish` when it is the last."""
        assert self.finish is None, "the answer has ended"
        self._drawn += 1
        ended = token in self._end_tokens
        if not ended and logprob:
            self._logprobs.append(logprob)
        text = self._detokenizer.finish() if ended else self._detokenizer.feed(token)
        full = self._drawn >= self._max_tokens
        if full and not ended:
            text += self._detokenizer.finish()
        text = self._stops.feed(text)
        stopped = self._stops.matched is not None
        last = ended or full or stopped
        if last and not stopped:
            text += self._stops.finish()
        pieces = list(self._markup.feed(text))
        if last:
            pieces += self._markup.finish()
        delta = self._delta(pieces, last=last)
        self._reasoned += self._markup.section is Section.REASONING
        if last:
            self._finish("stop" if ended or stopped else "length")
        return delta

    def _finish(self, reason: str) -> None:
        usage = TokenCounts(self._prompt_tokens, self._drawn, self._reasoned, self.cached_tokens)
        if self._called and reason == "stop":
            reason = "tool_calls"
        self.finish = Finish(reason, usage, self._stops.matched)

    def _delta(self, pieces: list[MarkupPiece], *, last: bool) -> AnswerDelta:
        content, reasoning = "", ""
        calls: tuple[ParsedToolCall, ...] = ()
        for piece in pieces:
            if piece.section is Section.REASONING:
                reasoning += piece.text
            elif piece.section is Section.CONTENT:
                content += piece.text
            else:
                made = self._parse(piece)
                calls += made or ()
                content += "" if made else self._as_written(piece)
        shown = content or reasoning or calls
        logprobs = tuple(self._logprobs) if shown or last else ()
        if logprobs:
            self._logprobs = []
        self._called = self._called or bool(calls)
        return AnswerDelta(content, reasoning, calls, logprobs)

    def _parse(self, piece: MarkupPiece) -> tuple[ParsedToolCall, ...] | None:
        parser = self._reading.parser
        if parser is None:
            return None
        return toolcalls.parse(piece.text, self._reading.tools, parser, self._new_id)

    def _as_written(self, piece: MarkupPiece) -> str:
        """A call nobody can parse is shown to the caller rather than lost."""
        markers = self._reading.markers[Section.TOOL_CALL]
        return markers.open + piece.text + (markers.close if piece.closed else "")
