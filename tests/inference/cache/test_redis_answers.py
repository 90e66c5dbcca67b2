"""Cached answers that other processes find, and a Redis that is away."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.cache.answer_cache import AnswerCache
from inference.cache.answer_memory import AnswerMemory
from inference.cache.cached_answer import AnswerPiece, AnswerSource, CachedAnswer
from inference.cache.redis_answers import AWAY, LARGEST, RedisAnswers
from tests.support.eventually import eventually

KEY = b"k" * 32
SOURCE = AnswerSource("one", "openai", "http://127.0.0.1:1/v1", "m")
ANSWER = CachedAnswer(
    SOURCE,
    100.0,
    "text/event-stream",
    True,
    (AnswerPiece(0.0, b"said"), AnswerPiece(0.5, b"more")),
    "real",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a Redis of our own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server on this machine")
    where = tmp_path_factory.mktemp("redis") / "s"
    options = ["--port", "0", "--unixsocket", str(where), "--save", "", "--appendonly", "no"]
    running = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)  # ours
    try:
        eventually(where.exists)
        yield where
    finally:
        running.terminate()
        running.wait(10)


async def test_it_works(server: Path) -> None:
    """What one process puts another gets, until its time is over; nobody reads it there."""
    one, other = RedisAnswers(f"unix://{server}"), RedisAnswers(f"unix://{server}")
    try:
        assert await other.get(KEY) is None
        one.put(KEY, ANSWER, 60.0)
        await one.settled()
        assert await other.get(KEY) == ANSWER
        client = one._clients(asyncio.get_running_loop())
        (name,) = await client.keys("*")
        assert name == b"pointsman:answer:" + KEY.hex().encode()
        held = await client.get(name)
        assert isinstance(held, bytes)
        assert b"said" not in held
        assert 59_000 < await client.pttl(name) <= 60_000
        await client.set(name, b"something else")
        assert await other.get(KEY) is None
    finally:
        await one.close()
        await other.close()


async def test_what_is_large_stays_at_home(server: Path) -> None:
    one = RedisAnswers(f"unix://{server}")
    try:
        large = CachedAnswer(
            SOURCE, 100.0, "text/plain", False, (AnswerPiece(0.0, b"a" * LARGEST),)
        )
        one.put(b"l" * 32, large, 60.0)
        await one.settled()
        assert await one.get(b"l" * 32) is None
    finally:
        await one.close()


@pytest.mark.parametrize("state", ["gone", "silent"])
async def test_a_redis_that_is_away_is_left_alone(state: str, tmp_path: Path) -> None:
    """Memory goes on; for a while nobody asks Redis again, so that no request waits for it."""
    connections = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read()
        writer.close()

    where = tmp_path / "s"
    now = 10.0
    beyond = RedisAnswers(f"unix://{where}", lambda: now)
    cache = AnswerCache(AnswerMemory(), b"s", beyond, lambda: 101.0)
    serving = await asyncio.start_unix_server(silent, where) if state == "silent" else None
    try:
        for _ in range(3):
            assert await cache.find(KEY, 60.0, private=False) is None
        assert connections == (1 if serving else 0)
        cache.put(KEY, ANSWER, 60.0, private=False)
        assert await cache.find(KEY, 60.0, private=False) == ANSWER
        now += AWAY
        assert await cache.find(b"o" * 32, 60.0, private=False) is None
        assert connections == (2 if serving else 0)
    finally:
        await cache.close()
        if serving is not None:
            serving.close()
