"""What a caller asks of the local model: frozen values, made only by `validation`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Object = Mapping[str, Any]

DEFAULT_MAX_TOKENS = 4096


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn.

    `temperature` 0 takes the likeliest token. The penalties count tokens of the answer alone, as in
    OpenAI's protocol. The same `seed` gives the same answer to the same request on one machine.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None


@dataclass(frozen=True)
class Abilities:
    """What a runtime can do beyond what every one can."""

    most_choices: int = 1
    """The largest `n`."""
    grammar: bool = False
    """Whether answers can be held to a JSON schema and to a tool call."""
    images: bool = False
    """Whether messages may have pictures."""


@dataclass(frozen=True)
class GenerationRequest:
    """The fields both endpoints share.

    `max_tokens` None means DEFAULT_MAX_TOKENS; both are cut to what the context leaves.
    `top_logprobs` is the number of alternatives per token; None: no log probabilities at all.
    """

    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    stops: tuple[str, ...] = ()
    top_logprobs: int | None = None
    choices: int = 1


@dataclass(frozen=True)
class ChatGeneration(GenerationRequest):
    """A conversation, in the form chat templates read. The content of messages is a text; where
    there are pictures it is a list of parts."""

    messages: tuple[Object, ...] = ()
    tools: tuple[Object, ...] = ()
    tool_choice: Any = None
    """None, "required", or an object that names a function."""
    response_format: Object | None = None

    @property
    def continues(self) -> bool:
        """Whether the last message is the beginning of the answer, to be continued."""
        last = self.messages[-1] if self.messages else {}
        return last.get("role") == "assistant" and not last.get("tool_calls")


@dataclass(frozen=True)
class CompletionGeneration(GenerationRequest):
    """A text to be continued, or its tokens."""

    prompt: str | tuple[int, ...] = ""


class InvalidGeneration(Exception):
    """The request is at fault: an answer with a 4xx status, in OpenAI's error form."""

    def __init__(
        self,
        message: str,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status
