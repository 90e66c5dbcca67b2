"""The seam between the scheduling of requests and the two ways to generate: direct and batched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from inference.local.answer import TokenLogprob
from inference.local.generation import Sampling


class Grammar(Protocol):
    """Which tokens may come next."""

    def advance(self, token: int) -> None:
        """This token was drawn."""
        ...

    def allowed(self) -> bytes:
        """A byte for each token, 0 for those that may not come next."""
        ...

    def copy(self) -> "Grammar":
        """Another one that stands where this one does."""
        ...


@dataclass(frozen=True)
class Work:
    """What a generator needs to know of a request.

    `cancelled` may be asked from the generator's thread at any time. `top_logprobs` None: no log
    probabilities are wanted.
    """

    prompt: tuple[int, ...]
    max_tokens: int
    sampling: Sampling
    top_logprobs: int | None
    cancelled: Callable[[], bool]
    grammar: Grammar | None = None
    """What the answer is held to; it goes along with what is drawn."""


@dataclass(frozen=True)
class Drawn:
    """One token of the work that `start` gave this handle."""

    handle: int
    token: int
    logprob: TokenLogprob | None
    cached: int = 0
    """Tokens of the prompt that were read before."""


class Generator(Protocol):
    """Draws tokens for up to `slots` requests. Every call comes from one thread.

    After an exception from `step` the generator is of no more use and all its work is lost.
    """

    @property
    def slots(self) -> int:
        """How many requests it takes at a time."""
        ...

    def start(self, work: Work) -> int:
        """Take on some work; its handle."""
        ...

    def step(self) -> list[Drawn]:
        """One step of decoding or prefill: at most one token for each handle."""
        ...

    def cancel(self, handle: int) -> None:
        """Give a handle up, whatever its stage, also one that is finished."""
        ...

    def close(self) -> None:
        """Give everything up and free the memory."""
        ...
