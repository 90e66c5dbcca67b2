"""A caller who leaves stops the provider's work at once, on every pair."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial

import pytest

from inference.record.record import RequestContext, add_sink, remove_sink
from tests.service.pairs.talk import Answer, asking
from tests.service.pairs.world import Translator
from tests.support.eventually import eventually
from tests.support.upstream import Hang, Sse

LIMIT = 0.2
"""Seconds from a caller's leaving to the provider's seeing it."""


@pytest.fixture
def kept() -> Iterator[list[RequestContext]]:
    request_contexts: list[RequestContext] = []
    sink = request_contexts.append
    add_sink(sink)
    yield request_contexts
    remove_sink(sink)


wait_until = partial(eventually, seconds=5.0)


def check(pair: Translator, left: float, kept: list[RequestContext]) -> None:
    asked = pair.provider.asked[0]
    wait_until(lambda: asked.left_at is not None)
    assert asked.left_at is not None
    assert asked.left_at - left < LIMIT
    wait_until(lambda: kept)
    assert kept[0].outcome == "cancelled"
    assert pair.gateway.book.under_way(pair.script.protocol) == 0


def endless(pair: Translator) -> Sse:
    return Sse(pair.script.events(Answer(("x",) * 1000)), pause=0.01)


def test_a_stream_that_is_closed(pair: Translator, kept: list[RequestContext]) -> None:
    """The synchronous client stops reading in the middle."""
    pair.provider.script(endless(pair))
    stream = pair.caller.create(asking("Hi"), pair.model, stream=True)
    for event in stream:
        if pair.caller.text_in(event):
            break
    left = time.monotonic()
    stream.close()
    check(pair, left, kept)


def test_a_task_that_is_cancelled_in_the_middle_of_a_stream(
    pair: Translator, kept: list[RequestContext]
) -> None:
    pair.provider.script(endless(pair))

    async def read(begun: asyncio.Event) -> None:
        async with pair.caller.async_sdk() as sdk:
            async with await pair.caller.create_async(sdk, asking("Hi"), pair.model) as stream:
                async for event in stream:
                    if pair.caller.text_in(event):
                        begun.set()

    async def leave() -> float:
        begun = asyncio.Event()
        task = asyncio.create_task(read(begun))
        await begun.wait()
        left = time.monotonic()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return left

    check(pair, asyncio.run(leave()), kept)


@pytest.mark.parametrize("silent", ["before the head", "before the first event"])
def test_a_task_that_is_cancelled_while_it_waits(
    pair: Translator, stream: bool, silent: str, kept: list[RequestContext]
) -> None:
    """Nothing has been answered yet, whole or streamed."""
    opening = pair.script.opening()[:1]
    pair.provider.script(Hang() if silent == "before the head" else Sse(opening, then="hang"))

    async def leave() -> float:
        task = asyncio.create_task(pair.caller.ask_async(asking("Hi"), pair.model, stream=stream))
        while not pair.provider.asked:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        left = time.monotonic()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return left

    check(pair, asyncio.run(leave()), kept)
