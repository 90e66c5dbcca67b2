"""How long answers get, learned from those there were: what a request holds before it is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

import msgspec

UNKNOWN: Final = 1000
"""Tokens of an answer where nothing has been learned yet."""
REMEMBERED: Final = 64
"""Answers of each profile and model."""
PLACES: Final = 4096
_BOUNDS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_decode: Final = msgspec.json.Decoder().decode
_NO_ANSWER: Final = frozenset({"embeddings"})
"""Request types whose answers have no tokens."""

Place = tuple[str, str]
"""Id of a profile, and a model."""


class OutputEstimates:
    """Of one process. For one thread."""

    def __init__(self) -> None:
        self._seen: dict[Place, deque[int]] = {}
        """The last answers as they came."""
        self._ninetieth: dict[Place, int] = {}

    def learn(self, place: Place, tokens: int) -> None:
        """An answer had so many tokens."""
        seen = self._seen.get(place)
        if seen is None:
            if len(self._seen) >= PLACES:
                self._seen.clear()
                self._ninetieth.clear()
            seen = self._seen[place] = deque(maxlen=REMEMBERED)
        if len(seen) == REMEMBERED:
            gone, learned = seen[0], self._ninetieth[place]
            seen.append(tokens)
            if gone == tokens or (gone < learned > tokens) or (gone > learned < tokens):
                # As many as before are on either side of it.
                return
        else:
            seen.append(tokens)
        self._ninetieth[place] = sorted(seen)[len(seen) * 9 // 10]

    def guess(self, place: Place, request_type: str, bound: int | None) -> int:
        """The 90th percentile of what was seen, and no more than the caller allows."""
        if request_type in _NO_ANSWER:
            return 0
        learned = self._ninetieth.get(place, UNKNOWN)
        return learned if bound is None else min(learned, bound)


def bound_of(fields: Mapping[str, msgspec.Raw]) -> int | None:
    """How long an answer the caller allows; None without a bound."""
    for name in _BOUNDS:
        written = fields.get(name)
        if written is not None:
            try:
                value = _decode(written)
            except msgspec.DecodeError:
                continue
            if type(value) is int and value > 0:
                return value
    return None
