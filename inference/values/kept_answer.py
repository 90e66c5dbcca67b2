"""Answers that the gateway keeps for the key that asked, where no provider does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec


class KeptAnswer(msgspec.Struct):
    """One answer with what it answered."""

    key: str
    id: str
    previous: str
    """The id of the answer it goes on from; empty for none."""
    response: msgspec.Raw
    input: list[msgspec.Raw]
    """The items that came with the request."""
    output: list[msgspec.Raw]
    item_ids: list[str]
    """Of the output."""

    @property
    def size(self) -> int:
        """Bytes, about."""
        items = sum(len(bytes(item)) for item in (*self.input, *self.output))
        return len(bytes(self.response)) + items + 500


class KeeperAway(Exception):
    """The process that keeps answers does not answer."""


class Keeper(Protocol):
    """Where answers are kept. Only requests that refer to one wait for it.

    Ids are as the gateway made them, without a seal. Questions raise `KeeperAway`.
    """

    @property
    def by_default(self) -> bool:
        """Whether answers are kept where the request does not say."""
        ...

    def put(self, answer: KeptAnswer) -> None:
        """Returns at once."""

    async def conversation(self, key: str, name: str) -> list[msgspec.Raw] | None:
        """The items up to an answer and with it."""

    async def item(self, key: str, name: str) -> msgspec.Raw | None: ...

    async def fetch(self, key: str, name: str) -> tuple[msgspec.Raw, list[msgspec.Raw]] | None:
        """The Response, and the items it answered."""

    async def delete(self, key: str, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Keep:
    """What an answer is called that is kept, and whom to give it to."""

    id: str
    """Without a prefix and a seal."""
    previous: str | None
    """The id of the response it goes on from, as the caller says it."""
    put: Callable[[dict[str, Any]], object]
    """Takes the whole Response."""
