"""The bounded queue, priorities, and that batching really batches."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.inference.local import tiny_model as tiny
from tests.inference.local.worker_process import WorkerProcess, chat_body, content


async def post(
    client: httpx.AsyncClient, prompt: str, priority: str | None = None, **fields: Any
) -> httpx.Response:
    """One whole answer."""
    headers = {"x-pointsman-priority": priority} if priority else {}
    body = chat_body(prompt, **fields)
    return await client.post("/v1/chat/completions", json=body, headers=headers)


@asynccontextmanager
async def occupied(client: httpx.AsyncClient) -> AsyncIterator[None]:
    """Something to wait for: an endless answer is under way until this is left."""
    body = chat_body(tiny.ENDLESS_PROMPT, stream=True)
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        lines = response.aiter_lines()
        await anext(lines)
        yield


async def queued(worker: WorkerProcess, count: int) -> None:
    """Until so many wait."""
    await asyncio.to_thread(worker.wait_for, lambda health: health["queued"] == count)


@pytest.mark.parametrize("options", [(), ("--batching", "--max-batch", "1")])
async def test_a_full_queue_says_so(options: tuple[str, ...]) -> None:
    """One served, two waiting; the fourth is told when to come back."""
    with WorkerProcess("--queue-limit", "2", *options) as worker:
        async with worker.async_client() as client:
            async with occupied(client):
                waiting = [asyncio.create_task(post(client, tiny.PING.prompt)) for _ in range(2)]
                await queued(worker, 2)
                refused = await post(client, tiny.PING.prompt)
            assert [content(answer) for answer in await asyncio.gather(*waiting)] == ["pong"] * 2
            assert content(await post(client, tiny.PING.prompt)) == tiny.PING.answer
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert refused.json()["error"]["code"] == "queue_full"


async def finish_order(worker: WorkerProcess, priorities: list[str | None]) -> list[int]:
    """Send these one after another while another is served; the order in which they finish."""
    order: list[int] = []
    async with worker.async_client() as client:

        async def ask(number: int, priority: str | None) -> None:
            assert content(await post(client, tiny.PING.prompt, priority)) == tiny.PING.answer
            order.append(number)

        tasks = []
        async with occupied(client):
            for number, priority in enumerate(priorities):
                tasks.append(asyncio.create_task(ask(number, priority)))
                await queued(worker, number + 1)
        await asyncio.gather(*tasks)
    return order


PRIORITIES: list[str | None] = ["low", None, "high", "low", "normal", "high"]


async def test_priorities_order_the_batching_queue() -> None:
    with WorkerProcess("--batching", "--max-batch", "1") as worker:
        assert await finish_order(worker, PRIORITIES) == [2, 5, 1, 4, 0, 3]


async def test_direct_is_first_come_first_served(direct: WorkerProcess) -> None:
    assert await finish_order(direct, PRIORITIES) == list(range(6))


async def test_eight_callers_share_the_steps(batched: WorkerProcess) -> None:
    """Counted in steps: eight answers of a hundred tokens in little more than a hundred steps."""
    assert batched.health()["mode"] == "batched"
    before = batched.health()["steps"]
    async with batched.async_client() as client:
        asks = [post(client, tiny.ENDLESS_PROMPT, max_tokens=100) for _ in range(8)]
        for answer in await asyncio.gather(*asks):
            assert answer.json()["usage"]["completion_tokens"] == 100
    assert 100 <= batched.health()["steps"] - before <= 130


async def test_direct_takes_a_step_for_each_token(direct: WorkerProcess) -> None:
    before = direct.health()["steps"]
    async with direct.async_client() as client:
        await asyncio.gather(*(post(client, tiny.ENDLESS_PROMPT, max_tokens=50) for _ in range(4)))
    assert direct.health()["steps"] - before == 200
    assert direct.health()["mode"] == "direct"


async def test_answers_are_the_same_direct_and_in_a_batch(
    direct: WorkerProcess, batched: WorkerProcess
) -> None:
    """Greedy and seeded, all at once in the batch, over HTTP."""
    seeds = itertools.count(1)
    asks: list[tuple[str, dict[str, Any]]] = [(case.prompt, {}) for case in tiny.CASES]
    asks += [
        (tiny.STORY.prompt, {"temperature": 2, "top_p": 0.9, "seed": next(seeds), "max_tokens": 60})
        for _ in range(6)
    ]
    async with batched.async_client() as client:
        together = await asyncio.gather(*(post(client, p, **fields) for p, fields in asks))
    alone = [direct.chat(prompt, **fields) for prompt, fields in asks]
    assert [content(answer) for answer in together] == [content(answer) for answer in alone]
    # What was read before depends on who asked before.
    counted = ("prompt_tokens", "completion_tokens", "total_tokens")
    for one, other in zip(together, alone, strict=True):
        assert all(one.json()["usage"][name] == other.json()["usage"][name] for name in counted)
