"""A stream that has nothing to say yet tells that it is alive, but only while something gets on."""

from collections.abc import Sequence
from typing import Any

import pytest

from inference.local import respond
from inference.local.respond import Message


class Silent:
    """Says nothing for some looks, then ends; `lives` are what its life reads at each."""

    streamed = True

    def __init__(self, lives: list[int]) -> None:
        self._lives = lives
        self._asked = 0

    async def next(self, patience: float | None = None) -> Any:
        self._asked += 1
        return None if self._asked < len(self._lives) else {}

    def life(self) -> int:
        return self._lives[min(self._asked, len(self._lives) - 1)]

    def ends(self, event: Any) -> bool:
        return bool(event == {})

    def opening(self) -> None:
        return None

    def frames(self, event: Any) -> list[dict[str, Any]]:
        return []

    def whole(self, events: Sequence[Any]) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("lives", "comments"),
    [([1, 2, 3, 4], 3), ([1, 1, 1, 1], 0), ([1, 1, 2, 2, 2], 1)],
)
async def test_it_works(lives: list[int], comments: int) -> None:
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    await respond.stream(Silent(lives), send)
    assert sent.count(b": working\n\n") == comments
    assert sent[-1] == b"data: [DONE]\n\n"
