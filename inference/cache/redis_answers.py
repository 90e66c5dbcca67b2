"""Cached answers in Redis, where all processes and nodes find them.

They are sealed as credentials are, and named by a keyed hash: who reads Redis reads neither what
was asked nor what was answered. A request waits for Redis a moment at most, and not at all while it
is known to be away.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from redis import RedisError
from redis.asyncio import Redis

from governance import secrets
from inference.cache.cached_answer import CachedAnswer
from inference.upstream import PerLoop

log = structlog.get_logger("pointsman.cache")

PATIENCE: Final = 0.05
"""Seconds that a request waits."""
AWAY: Final = 2.0
"""Seconds for which Redis is left alone after it did not answer."""
LARGEST: Final = 256 * 1024
"""Bytes of an answer: sealing takes some 10 ms of a MiB."""
PENDING: Final = 64
"""Answers on their way there at a time; more are dropped."""
_NAME: Final = "pointsman:answer:"
_AWAY: Final = (RedisError, OSError, TimeoutError)


class RedisAnswers:
    """For one process. Whoever is asked is there per event loop."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients: PerLoop[Redis] = PerLoop(lambda loop: Redis.from_url(url))
        self._clock = clock
        self._away_until = 0.0
        self._putting: set[asyncio.Task[None]] = set()
        self._decode = msgspec.msgpack.Decoder(CachedAnswer).decode

    async def get(self, key: bytes) -> CachedAnswer | None:
        """None also where it cannot be had in time."""
        if self._clock() < self._away_until:
            return None
        client = self._clients(asyncio.get_running_loop())
        try:
            async with asyncio.timeout(PATIENCE):
                found = await client.get(_NAME + key.hex())
        except _AWAY as error:
            self._went_away(error)
            return None
        if not isinstance(found, bytes):
            return None
        try:
            return self._decode(secrets.unseal(found))
        except (secrets.Unreadable, msgspec.MsgspecError):
            # Of another release, or of an installation with other secrets.
            return None

    def put(self, key: bytes, answer: CachedAnswer, seconds: float) -> None:
        """Returns at once."""
        if answer.size > LARGEST or len(self._putting) >= PENDING:
            return
        if self._clock() < self._away_until:
            return
        loop = asyncio.get_running_loop()
        putting = loop.create_task(self._put(self._clients(loop), key, answer, seconds))
        self._putting.add(putting)
        putting.add_done_callback(self._putting.discard)

    async def settled(self) -> None:
        """Everything that was put is there, or will never be."""
        if self._putting:
            await asyncio.wait(self._putting)

    async def close(self) -> None:
        """Of this event loop."""
        await self.settled()
        client = self._clients.forget(asyncio.get_running_loop())
        if client is not None:
            await client.aclose()

    async def _put(self, client: Redis, key: bytes, answer: CachedAnswer, seconds: float) -> None:
        sealed = secrets.seal(msgspec.msgpack.encode(answer))
        try:
            async with asyncio.timeout(AWAY):
                await client.set(_NAME + key.hex(), sealed, px=max(1, int(seconds * 1000)))
        except _AWAY as error:
            self._went_away(error)

    def _went_away(self, error: BaseException) -> None:
        now = self._clock()
        if now >= self._away_until:
            log.warning("cache_redis_away", error=type(error).__name__)
        self._away_until = now + AWAY
