"""A caller who hangs up, at every stage of a request."""

import asyncio

import httpx
import pytest

from tests.inference.local import tiny_model as tiny
from tests.inference.local.worker_process import WorkerProcess, chat_body, content

ENDLESS = chat_body(tiny.ENDLESS_PROMPT, stream=True)


async def hang_up(worker: WorkerProcess, prompt: str, *, stream: bool, after_chunks: int) -> None:
    """Send a request and close the connection: after some chunks, or before any answer."""
    async with worker.async_client() as client:
        body = chat_body(prompt, stream=stream)
        if not after_chunks:
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/v1/chat/completions", json=body, timeout=0.1)
            return
        async with client.stream("POST", "/v1/chat/completions", json=body) as response:
            lines = response.aiter_lines()
            for _ in range(after_chunks):
                await anext(lines)


@pytest.mark.parametrize("stream", [True, False])
async def test_while_decoding(worker: WorkerProcess, stream: bool) -> None:
    """The slot is free at once, though the answer had thousands of tokens to go."""
    await hang_up(worker, tiny.ENDLESS_PROMPT, stream=stream, after_chunks=5 if stream else 0)
    worker.wait_until_idle(1)
    steps = worker.health()["steps"]
    await asyncio.sleep(0.1)
    assert worker.health()["steps"] == steps, "nobody decodes for a caller who left"
    assert content(worker.chat(tiny.PING.prompt)) == tiny.PING.answer


async def test_while_the_prompt_is_read(worker: WorkerProcess) -> None:
    """A prompt of nearly the whole context, left while it is being read."""
    prompt = "tick tock " * 4000
    await hang_up(worker, prompt, stream=True, after_chunks=0)
    worker.wait_until_idle(3)
    assert content(worker.chat(tiny.PING.prompt)) == tiny.PING.answer


async def test_while_waiting() -> None:
    """Its place in the queue is free at once, while the request before it goes on undisturbed."""
    with WorkerProcess("--queue-limit", "1") as worker:
        async with worker.async_client() as client:
            async with client.stream("POST", "/v1/chat/completions", json=ENDLESS) as response:
                lines = response.aiter_lines()
                await anext(lines)
                await hang_up(worker, tiny.PING.prompt, stream=True, after_chunks=0)
                worker.wait_for(lambda health: health["queued"] == 0, seconds=1)
                assert worker.health()["active"] == 1
                body = chat_body(tiny.PING.prompt)
                waiting: asyncio.Task[httpx.Response] = asyncio.create_task(
                    client.post("/v1/chat/completions", json=body)
                )
                await asyncio.to_thread(worker.wait_for, lambda health: health["queued"] == 1)
            assert content(await waiting) == tiny.PING.answer


async def test_seven_of_eight_leave(batched: WorkerProcess) -> None:
    """The eighth gets its whole answer."""
    leaving = [
        hang_up(batched, tiny.ENDLESS_PROMPT, stream=True, after_chunks=3 * i) for i in range(1, 8)
    ]
    async with batched.async_client() as client:
        staying = client.post("/v1/chat/completions", json=chat_body(tiny.STORY.prompt))
        response, _ = await asyncio.gather(staying, asyncio.gather(*leaving))
    assert content(response) == tiny.STORY.answer
    batched.wait_until_idle(1)
