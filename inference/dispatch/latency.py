"""How quick and how wordy targets are, by what was seen lately, for one process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from inference.values.usage import Usage

KEPT: Final = 20
"""First tokens that are looked back on."""
ENOUGH: Final = 10
"""First tokens without which nothing is said of the slow ones."""
NEWEST: Final = 0.3
"""What the last answer counts beside those before it (an exponentially weighted average)."""
TYPICAL: Final = 200
"""Tokens of the answer whose time is compared."""
_TARGETS: Final = 4096
"""Models may be named by callers: there must be an end to them."""


class Speed:
    """Of one target. Times are seconds."""

    __slots__ = ("answer", "first", "firsts", "token")

    def __init__(self) -> None:
        self.firsts: deque[float] = deque(maxlen=KEPT)
        self.first = 0.0
        """To the first token, averaged."""
        self.token = 0.0
        """For each token after it, averaged; 0 where nobody told how many there were."""
        self.answer = 0.0
        """Tokens of an answer, averaged; 0 where nobody told."""


class Speeds:
    """By casefolded provider and model."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Speed] = {}

    def began(self, provider: str, model: str, seconds: float) -> None:
        """The first token of a stream came after so long."""
        speed = self._of(provider, model)
        speed.firsts.append(seconds)
        speed.first += (seconds - speed.first) * (NEWEST if speed.first else 1.0)

    def ended(self, provider: str, model: str, seconds: float, usage: Usage | None) -> None:
        """The rest of the stream took so long."""
        speed = self._seen.get((provider, model))
        if speed is None or usage is None or usage.completion < 2:
            return
        each = seconds / (usage.completion - 1)
        speed.token += (each - speed.token) * (NEWEST if speed.token else 1.0)

    def answered(self, provider: str, model: str, usage: Usage | None) -> None:
        """An answer, streamed or whole, had so many tokens."""
        if usage is None or usage.completion < 1:
            return
        speed = self._of(provider, model)
        speed.answer += (usage.completion - speed.answer) * (NEWEST if speed.answer else 1.0)

    def answer_tokens(self, provider: str, model: str) -> float:
        """How long its answers are; 0 where nothing is known."""
        speed = self._seen.get((provider, model))
        return 0.0 if speed is None else speed.answer

    def known(self) -> Iterator[tuple[str, str]]:
        """Targets of which something was seen."""
        return iter(list(self._seen))

    def of(self, provider: str, model: str) -> Speed | None:
        """None where nothing was seen."""
        return self._seen.get((provider, model))

    def _of(self, provider: str, model: str) -> Speed:
        speed = self._seen.get((provider, model))
        if speed is None:
            if len(self._seen) >= _TARGETS:
                self._seen.clear()
            speed = self._seen[provider, model] = Speed()
        return speed

    def seconds(self, provider: str, model: str) -> float:
        """How long an answer of a typical length takes; 0 where nothing is known."""
        speed = self._seen.get((provider, model))
        return 0.0 if speed is None else speed.first + TYPICAL * speed.token

    def slow(self, provider: str, model: str) -> float:
        """What nine of ten first tokens stay below; 0 where too few were seen."""
        speed = self._seen.get((provider, model))
        if speed is None or len(speed.firsts) < ENOUGH:
            return 0.0
        return sorted(speed.firsts)[int(0.9 * len(speed.firsts))]
