"""What is measured of a local model, whoever serves it."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple, Protocol

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
class LocalFigures:
    """Tokens a second, seconds, and megabytes; None where it was not measured."""

    alone: float
    eight: float
    first_short: float
    first_long: float
    again_long: float
    turn_one: float
    turn_five: float
    stands_still: float
    memory: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)


_SENTENCE: Final = "The signalman walked along the line and looked at every lamp on the way. "
_SHORT: Final = "Tell me a long story about a railway, its people and their town by the sea."


def said(text: str) -> Messages:
    return [{"role": "user", "content": text}]


def long_prompt(words: str, sentences: int) -> Messages:
    """Some fourteen tokens a sentence; `words` come first, so that it begins like no other."""
    return said(f"{words}. {_SENTENCE * sentences} What did he see?")


def measure(served: Served, *, rounds: int, tokens: int, sentences: int) -> LocalFigures:
    """Everything, one after the other; medians of the rounds."""
    served.ask(said("Hello."), 4)
    alone = [served.ask(said(f"{place}. {_SHORT}"), tokens) for place in range(rounds)]
    longs = [
        [served.ask(long_prompt(f"Round {place}", sentences), 2).first for _ in range(2)]
        for place in range(rounds)
    ]
    turns = [_chat(served, f"Chat {place}") for place in range(rounds)]
    return LocalFigures(
        alone=_median(one.rate for one in alone),
        eight=_median(_together(served, 8, tokens, place) for place in range(rounds)),
        first_short=_median(one.first for one in alone),
        first_long=_median(one[0] for one in longs),
        again_long=_median(one[1] for one in longs),
        turn_one=_median(one[0] for one in turns),
        turn_five=_median(one[-1] for one in turns),
        stands_still=_median(_stall(served, sentences, place) for place in range(rounds)),
        memory=sum(map(_resident, served.pids)) / 2**20,
    )


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _chat(served: Served, name: str) -> list[float]:
    """First tokens of five turns, each with some eighty tokens that are new."""
    messages: Messages = []
    firsts = []
    for turn in range(5):
        messages += said(f"{name}, turn {turn}. {_SENTENCE * 4} Go on.")
        heard = served.ask(messages, 24)
        firsts.append(heard.first)
        messages.append({"role": "assistant", "content": heard.text})
    return firsts


def _together(served: Served, callers: int, tokens: int, place: int) -> float:
    """Tokens a second of all of them, from the question to the last token."""
    heard: list[Heard] = []

    def call(number: int) -> None:
        heard.append(served.ask(said(f"{place}.{number}. {_SHORT}"), tokens))

    began = time.monotonic()
    _in_threads([_calling(call, number) for number in range(callers)])
    return sum(one.tokens for one in heard) / (time.monotonic() - began)


def _stall(served: Served, sentences: int, place: int) -> float:
    """The longest silence in a stream while a long prompt joins it."""
    heard: list[Heard] = []

    def stream() -> None:
        heard.append(served.ask(said(f"Stall {place}. {_SHORT}"), 200))

    def join() -> None:
        time.sleep(0.5)
        served.ask(long_prompt(f"Joins {place}", sentences), 2)

    _in_threads([stream, join])
    moments = heard[0].moments
    gaps = [after - before for before, after in pairwise(moments)]
    return max(gaps, default=0.0)


def _calling(call: Callable[[int], None], number: int) -> Callable[[], None]:
    return lambda: call(number)


def _in_threads(work: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _resident(pid: int) -> int:
    """Bytes; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * 4096


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
