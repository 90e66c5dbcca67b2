"""One of something for each event loop, made when first asked for.

Servers without lifespan (Daphne) never announce their loop, and tests run several.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Call it with a loop for what belongs to that loop."""

    __slots__ = ("_last", "_made", "_make")

    def __init__(self, make: Callable[[asyncio.AbstractEventLoop], T]) -> None:
        self._make = make
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()
        # The loop asked for last and what it has: a service has one loop, and asks per request.
        self._last: tuple[asyncio.AbstractEventLoop, T] | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop) -> T:
        last = self._last
        if last is not None and last[0] is loop:
            return last[1]
        found = self._made.get(loop)
        if found is None:
            found = self._made[loop] = self._make(loop)
        self._last = (loop, found)
        return found

    def forget(self, loop: asyncio.AbstractEventLoop) -> T | None:
        """Gives away what the loop has, None when it has nothing."""
        self._last = None
        return self._made.pop(loop, None)
