"""What is measured of a local model, whoever serves it: a row is a function of one who answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

Messages = list[dict[str, str]]


class Heard(NamedTuple):
    """An answer: when each piece came, seconds after the question, its text and its tokens."""

    moments: list[float]
    text: str
    tokens: int

    @property
    def first(self) -> float:
        return self.moments[0]

    @property
    def rate(self) -> float:
        """Tokens a second once the first was there."""
        spent = self.moments[-1] - self.moments[0]
        return (self.tokens - 1) / spent if spent > 0 and self.tokens > 1 else 0.0


class Served(Protocol):
    """Someone who answers. `ask` may be called from several threads at a time."""

    pids: Sequence[int]

    def ask(self, messages: Messages, max_tokens: int) -> Heard: ...


@dataclass(frozen=True)
class Effort:
    """How much is asked for, so that a slow runtime is measured in minutes as well."""

    tokens: int = 96
    """Of each answer."""
    streamed: int = 200
    """Tokens of the stream that a long prompt joins."""
    sentences: int = 95
    """Of the long prompt, some fifteen tokens each."""
    turn_sentences: int = 4
    repeats: int = 5
    """Of a row at the most."""
    row_seconds: float = 40.0
    """No repeat of a row is begun that would end later than this."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def prompt_tokens(self) -> int:
        """Of the long prompt, about."""
        return round(self.sentences * _TOKENS_OF_SENTENCE, -1)


SLOW: Final = Effort(
    tokens=24, streamed=60, sentences=10, turn_sentences=1, repeats=1, row_seconds=0.0
)
SLOW_BELOW: Final = 50.0
"""Prompt tokens a second."""
_TOKENS_OF_SENTENCE: Final = 15
_SENTENCE: Final = "The signalman walked along the line and looked at every lamp on the way. "
_SHORT: Final = "Tell me a long story about a railway, its people and their town by the sea."


def said(text: str) -> Messages:
    return [{"role": "user", "content": text}]


def long_prompt(words: str, sentences: int) -> Messages:
    """`words` come first, so that it begins like no other."""
    return said(f"{words}. {_SENTENCE * sentences} What did he see?")


def prefill_speed(served: Served) -> float:
    """Prompt tokens a second, by the better of two prompts of a hundred; what is loaded late is
    loaded before."""
    served.ask(said("Hello."), 4)
    sentences, best = 6, 0.0
    for attempt in range(2):
        began = time.monotonic()
        served.ask(long_prompt(f"How fast {attempt}", sentences), 1)
        best = max(best, sentences * _TOKENS_OF_SENTENCE / (time.monotonic() - began))
    return best


def alone(served: Served, effort: Effort, place: int) -> dict[str, float]:
    heard = served.ask(said(f"{place}. {_SHORT}"), effort.tokens)
    return {"alone": heard.rate, "first_short": heard.first}


def eight(served: Served, effort: Effort, place: int) -> dict[str, float]:
    """Tokens a second of eight callers, from the question to the last token."""
    heard: list[Heard] = []

    def call(number: int) -> None:
        heard.append(served.ask(said(f"{place}.{number}. {_SHORT}"), effort.tokens))

    began = time.monotonic()
    _in_threads([_calling(call, number) for number in range(8)])
    return {"eight": sum(one.tokens for one in heard) / (time.monotonic() - began)}


def again(served: Served, effort: Effort, place: int) -> dict[str, float]:
    """A long prompt, and the same one when it was read before."""
    messages = long_prompt(f"Round {place}", effort.sentences)
    first, second = (served.ask(messages, 2).first for _ in range(2))
    return {"first_long": first, "again_long": second}


def chat(served: Served, effort: Effort, place: int) -> dict[str, float]:
    """First tokens of five turns, each with some text that is new."""
    messages: Messages = []
    firsts = []
    for turn in range(5):
        messages += said(f"Chat {place}, turn {turn}. {_SENTENCE * effort.turn_sentences} Go on.")
        heard = served.ask(messages, effort.tokens // 4)
        firsts.append(heard.first)
        messages.append({"role": "assistant", "content": heard.text})
    return {"turn_one": firsts[0], "turn_five": firsts[-1]}


def stands_still(served: Served, effort: Effort, place: int) -> dict[str, float]:
    """The longest silence in a stream while a long prompt joins it."""
    heard: list[Heard] = []

    def stream() -> None:
        heard.append(served.ask(said(f"Stall {place}. {_SHORT}"), effort.streamed))

    def join() -> None:
        time.sleep(0.5)
        served.ask(long_prompt(f"Joins {place}", effort.sentences), 2)

    _in_threads([stream, join])
    gaps = [after - before for before, after in pairwise(heard[0].moments)]
    return {"stands_still": max(gaps, default=0.0)}


ROWS: Final[dict[str, Callable[[Served, Effort, int], dict[str, float]]]] = {
    "alone": alone,
    "eight": eight,
    "again": again,
    "chat": chat,
    "stands_still": stands_still,
}


def resident(pids: Sequence[int]) -> float:
    """Megabytes; 0 where the system does not tell."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return total * 4096 / 2**20


def _calling(call: Callable[[int], None], number: int) -> Callable[[], None]:
    return lambda: call(number)


def _in_threads(work: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def memory_bandwidth(size: int = 2**28, rounds: int = 5) -> float:
    """Bytes a second that two threads read from memory: what bounds the tokens of one caller,
    since each of them reads all weights."""
    import numpy as np

    blocks = [np.ones(size // 8, np.float64) for _ in range(2)]
    best = float("inf")
    for _ in range(rounds):
        began = time.monotonic()
        _in_threads([block.sum for block in blocks])
        best = min(best, time.monotonic() - began)
    return 2 * size / best
