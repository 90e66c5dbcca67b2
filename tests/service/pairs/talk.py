"""A conversation and an answer in no protocol's words: what has to survive any translation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

PNG = "iVBORw0KGgo="
IMAGE_URL = "https://images.example/points.png"

ADD = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@dataclass(frozen=True)
class Call:
    """A tool call. Arguments are compared as values: spacing is the model's own affair."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Result:
    call_id: str
    text: str


@dataclass(frozen=True)
class Image:
    """By URL, or else as base64 of a PNG."""

    url: str = ""
    data: str = ""


@dataclass(frozen=True)
class User:
    """A turn of the user: tool results first, then what they say."""

    text: str = ""
    images: tuple[Image, ...] = ()
    results: tuple[Result, ...] = ()


@dataclass(frozen=True)
class Tokens:
    """The prompt counts its cached parts."""

    prompt: int = 10
    completion: int = 3
    cached: int = 0
    written: int = 0
    reasoning: int = 0


@dataclass(frozen=True)
class Answer:
    """What a model says. A stream brings texts and thoughts in these pieces."""

    texts: tuple[str, ...] = ()
    thoughts: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    stop: str = "end"
    """`end`, `length`, `calls`, `sequence` or `refusal`."""
    sequence: str | None = None
    tokens: Tokens = Tokens()
    whole: Any = field(default=None, compare=False, repr=False)
    """The message as the caller's SDK would send it back."""

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def thought(self) -> str:
        return "".join(self.thoughts)

    def plain(self) -> Answer:
        """What of it belongs to the history, each in one piece."""
        return Answer(
            (self.text,) if self.text else (),
            (self.thought,) if self.thought else (),
            self.calls,
        )


@dataclass(frozen=True)
class Tool:
    name: str
    parameters: dict[str, Any]
    description: str = ""


@dataclass(frozen=True)
class Talk:
    """A request."""

    turns: tuple[User | Answer, ...]
    system: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = ""
    """`auto`, `any`, `none`, or the name of a tool."""
    parallel: bool | None = None
    max_tokens: int = 100
    temperature: float | None = None
    top_p: float | None = None
    stops: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    effort: str | None = None

    def plain(self) -> Talk:
        """The same without what protocols may divide differently."""
        turns = tuple(turn.plain() if isinstance(turn, Answer) else turn for turn in self.turns)
        return replace(self, turns=turns, system=("\n\n".join(self.system),))


def asking(text: str, **more: Any) -> Talk:
    return Talk((User(text),), **more)
