"""What callers see when generation itself breaks."""

import asyncio
import json
from typing import Any

import httpx

from inference.local.answer import Answer, AnswerDelta, AnswerParse, Finish
from inference.local.detokenizer import Detokenizer
from inference.local.generation import Sampling
from inference.local.generators import Drawn, Generator, Work
from inference.local.jobs import Event, Job, JobFailure
from inference.local.modes import Modes
from inference.local.scheduler import Scheduler
from tests.inference.local import tiny_model as tiny
from tests.inference.local.worker_process import WorkerProcess, chat_body, content


async def stream_lines(client: httpx.AsyncClient, prompt: str) -> tuple[int, list[str]]:
    """Status and lines of a streamed answer."""
    body = chat_body(prompt, stream=True)
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        return response.status_code, [line async for line in response.aiter_lines() if line]


async def test_a_poisoned_batch_fails_its_requests_and_is_replaced() -> None:
    """With the real batch generator: who has text gets an error event without [DONE], who has
    none a 503 to be tried again; the next request finds a working batch."""
    with WorkerProcess("--batching", module="tests.inference.local.poisoned_worker") as worker:
        async with worker.async_client() as client:
            streaming = asyncio.create_task(stream_lines(client, tiny.ENDLESS_PROMPT))
            await asyncio.to_thread(worker.wait_for, lambda health: health["steps"] > 5)
            whole = asyncio.create_task(
                client.post("/v1/chat/completions", json=chat_body(tiny.ENDLESS_PROMPT))
            )
            await asyncio.to_thread(worker.wait_for, lambda health: health["active"] == 2)
            poison = chat_body(tiny.PING.prompt, seed=667, temperature=1, stream=True)
            broken = await client.post("/v1/chat/completions", json=poison)
            status, lines = await streaming
            waiting = await whole
        assert broken.status_code == waiting.status_code == 503
        assert broken.json()["error"]["type"] == "server_error"
        assert broken.headers["retry-after"]
        assert status == 200
        assert json.loads(lines[-1].removeprefix("data: "))["error"]["code"] == "generation_failed"
        assert content(worker.chat(tiny.STORY.prompt)) == tiny.STORY.answer
        assert worker.health()["mode"] == "batched"
        worker.wait_until_idle()


async def test_poison_in_the_middle_of_its_own_answer() -> None:
    with WorkerProcess("--batching", module="tests.inference.local.poisoned_worker") as worker:
        body = chat_body(tiny.STORY.prompt, seed=666, temperature=1, stream=True)
        response = worker.client.post("/v1/chat/completions", json=body)
        lines = [line for line in response.text.splitlines() if line]
        assert response.status_code == 200
        assert "error" in json.loads(lines[-1].removeprefix("data: "))
        assert content(worker.chat(tiny.PING.prompt)) == tiny.PING.answer


class Scripted:
    """A generator that counts upwards, or breaks where its script says."""

    def __init__(self, slots: int = 1, breaks_at: int | None = None) -> None:
        self.slots = slots
        self._breaks_at = breaks_at
        self._steps = 0
        self._handles: list[int] = []

    def start(self, work: Work) -> int:
        self._handles.append(len(self._handles))
        return self._handles[-1]

    def step(self) -> list[Drawn]:
        self._steps += 1
        if self._steps == self._breaks_at:
            raise RuntimeError("broken")
        return [Drawn(handle, ord("a") - 1 + self._steps, None) for handle in self._handles]

    def cancel(self, handle: int) -> None:
        if handle in self._handles:
            self._handles.remove(handle)

    def close(self) -> None:
        self._handles.clear()


def serve(modes: Modes, decode: Any = None) -> tuple[list[Event], Scheduler]:
    """Run one job of three tokens to its end."""
    events: list[Event] = []
    scheduler = Scheduler(modes, queue_limit=5)

    def sink(event: Event) -> None:
        events.append(event)
        if isinstance(event, Finish | JobFailure):
            scheduler.stop()

    answer = Answer(
        detokenizer=Detokenizer(decode or (lambda tokens: "".join(map(chr, tokens)))),
        end_tokens=(),
        prompt_tokens=1,
        max_tokens=3,
        stops=(),
        reading=AnswerParse(),
        new_id=lambda: "id",
    )
    work = Work((1,), 3, Sampling(), None, lambda: False)
    scheduler.submit(Job(work, answer, 0, sink))
    scheduler.run()
    return events, scheduler


def test_a_scheduler_that_cannot_be_built_means_direct(caplog: Any) -> None:
    def broken() -> Generator:
        raise RuntimeError("no batching for this model")

    events, scheduler = serve(Modes(direct=Scripted, batched=broken))
    assert "".join(event.content for event in events if isinstance(event, AnswerDelta)) == "abc"
    assert scheduler.stats.mode == "direct"
    assert "no batching for this model" in caplog.text


def test_a_scheduler_that_fails_its_check_means_direct(caplog: Any) -> None:
    def check(generator: Generator) -> None:
        if generator.slots > 1:
            generator.step()

    modes = Modes(Scripted, lambda: Scripted(slots=8, breaks_at=1), check)
    _, scheduler = serve(modes)
    assert scheduler.stats.mode == "direct"
    assert caplog.records[0].levelname == "WARNING"


def test_an_answer_that_cannot_be_read_fails_alone() -> None:
    """Only its own request: the generator is fine."""

    def decode(tokens: Any) -> str:
        raise ValueError("no such token")

    (event,) = serve(Modes(Scripted), decode)[0]
    assert event == JobFailure("Generation failed (ValueError).")


def test_a_batch_that_cannot_be_built_again_is_followed_by_direct() -> None:
    """Broken in the middle, broken again when rebuilt: the failed request is told, and the
    next one is served one by one."""
    generators = iter([Scripted(slots=8, breaks_at=2)])
    modes = Modes(Scripted, lambda: next(generators))
    events, scheduler = serve(modes)
    assert events == [AnswerDelta("a"), JobFailure("Generation failed (RuntimeError).")]
    assert scheduler.stats.mode == "direct"
