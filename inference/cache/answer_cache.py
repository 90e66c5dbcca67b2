"""Where cached answers are: in the memory of this process, and beyond it where there is Redis."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from inference.cache.answer_memory import AnswerMemory
from inference.cache.cached_answer import CachedAnswer


class AnswersBeyond(Protocol):
    """Where cached answers are that other processes find too. Nothing of it is waited for long."""

    async def get(self, key: bytes) -> CachedAnswer | None: ...

    def put(self, key: bytes, answer: CachedAnswer, seconds: float) -> None: ...

    async def close(self) -> None: ...


class AnswerCache:
    """For one process. What is `private` never leaves its memory."""

    def __init__(
        self,
        memory: AnswerMemory,
        secret: bytes,
        beyond: AnswersBeyond | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`secret` has up to 64 bytes, and is the same wherever answers are shared."""
        self.memory = memory
        self.secret = secret
        self._beyond = beyond
        self.clock = clock
        """Unix time in seconds."""

    async def find(self, key: bytes, ttl: float, *, private: bool) -> CachedAnswer | None:
        """The answer, unless it is older than `ttl` seconds."""
        now = self.clock()
        found = self.memory.get(key, now)
        if found is None and self._beyond is not None and not private:
            found = await self._beyond.get(key)
            if found is not None:
                self.memory.put(key, found, found.made + ttl)
        return found if found is not None and now < found.made + ttl else None

    def put(self, key: bytes, answer: CachedAnswer, ttl: float, *, private: bool) -> None:
        """In the place of what was there before. Never waits."""
        self.memory.put(key, answer, answer.made + ttl)
        if self._beyond is not None and not private:
            self._beyond.put(key, answer, ttl)

    async def close(self) -> None:
        """Of this event loop."""
        if self._beyond is not None:
            await self._beyond.close()
