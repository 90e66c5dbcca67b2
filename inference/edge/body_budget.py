"""How many bytes of request bodies this process holds at a time.

A body is held from the moment it is announced until its request ends. Where there is no room it is
not read, so that its caller's socket fills, and after `PATIENCE` seconds its request is refused.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

PATIENCE: Final = 10.0
"""Seconds a body may wait for room."""
SMALL: Final = 16 * 1024
"""Bytes up to which a body whose length is announced is not counted, unless there is little to be
had: how many of those there are is bounded by the number of connections."""
_GIVE_BACK_FROM: Final = 128 * 1024
"""Bytes of a body from which on what it took is given back to the system."""
_GIVE_BACK_AFTER: Final = 1.0
"""Seconds after its end until then."""


class NoRoom(Exception):
    """What may be held at a time is used up, by this key or by all together."""


class _Waiting(NamedTuple):
    key: Hashable
    size: int
    granted: asyncio.Future[None]


class BodyBudget:
    """For one event loop. Sizes are bytes; what was taken is given once."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        total: int,
        per_key: int,
        patience: float = PATIENCE,
        give_back: Callable[[], object] | None = None,
    ) -> None:
        self.total = total
        self.per_key = per_key
        self.uncounted = min(SMALL, per_key // 256)
        """Bytes of a body that need no leave."""
        self.used = 0
        self._loop = loop
        self._patience = patience
        self._keys: dict[Hashable, int] = {}
        self._waiting: deque[_Waiting] = deque()
        self._give_back = give_back
        self._giving: asyncio.TimerHandle | None = None

    def take(self, key: Hashable, size: int) -> bool:
        """Whether there is room; it is taken then. Small bodies do not wait behind large ones."""
        held = self._keys.get(key, 0) + size
        if self.used + size > self.total or held > self.per_key:
            return False
        self.used += size
        self._keys[key] = held
        return True

    async def make_room(self, key: Hashable, size: int) -> None:
        """Waits until there is, and takes it. Raises `NoRoom`."""
        if self.take(key, size):
            return
        if size > min(self.total, self.per_key):
            raise NoRoom
        one = _Waiting(key, size, self._loop.create_future())
        self._waiting.append(one)
        timer = self._loop.call_later(self._patience, _give_up, one)
        try:
            await one.granted
        except asyncio.CancelledError:
            if one.granted.done() and not one.granted.cancelled() and not one.granted.exception():
                self.give(key, size)
            raise
        finally:
            timer.cancel()
            if one in self._waiting:
                self._waiting.remove(one)

    def give(self, key: Hashable, size: int) -> None:
        self.used -= size
        left = self._keys[key] - size
        if left:
            self._keys[key] = left
        else:
            del self._keys[key]
        if self._waiting:
            self._grant()
        if size >= _GIVE_BACK_FROM and self._give_back is not None and self._giving is None:
            self._giving = self._loop.call_later(_GIVE_BACK_AFTER, self._given_back)

    def _grant(self) -> None:
        """Those who came first are first, but one for whom there is no room holds up nobody."""
        for one in list(self._waiting):
            if not one.granted.done() and self.take(one.key, one.size):
                self._waiting.remove(one)
                one.granted.set_result(None)

    def _given_back(self) -> None:
        self._giving = None
        assert self._give_back is not None
        self._give_back()


def _give_up(one: _Waiting) -> None:
    if not one.granted.done():
        one.granted.set_exception(NoRoom())


class HeldBody:
    """What one request has taken of the budget."""

    __slots__ = ("_owner", "budget", "size")

    def __init__(self, budget: BodyBudget) -> None:
        self.budget = budget
        self.size = 0
        self._owner: Hashable = ""

    async def hold(self, owner: Hashable, size: int) -> None:
        """Takes what was announced, once there is room for it. Raises `NoRoom`."""
        self._owner = owner
        if size:
            await self.resize(size)

    async def resize(self, size: int) -> None:
        """Raises `NoRoom`."""
        more = size - self.size
        if more > 0:
            if not self.budget.take(self._owner, more):
                await self.budget.make_room(self._owner, more)
        elif more < 0:
            self.budget.give(self._owner, -more)
        self.size = size

    def release(self) -> None:
        if self.size:
            self.budget.give(self._owner, self.size)
            self.size = 0
