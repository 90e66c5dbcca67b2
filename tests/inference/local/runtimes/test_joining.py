"""With llama.cpp an answer goes on while a long prompt joins it, and the turns of a chat begin as
soon as the first. Bounds are ratios to what the same machine does in the same minute."""

import itertools
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from inference.local.runtime_names import LLAMA_CPP
from inference.local.weights import ensure_smollm2
from tests.inference.local.runtimes.new_prompts import new_prompt
from tests.inference.local.worker_process import WorkerProcess, chat_body, sse_chunks
from tests.support.eventually import eventually
from tests.support.timing import is_quick


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "models"
    ensure_smollm2(folder, lambda step, share: None, runtimes=[LLAMA_CPP])
    return folder


def prompt(sentences: int) -> str:
    return f"{new_prompt(sentences)} What did he see?"


@dataclass
class Stream:
    """An answer under way, on a thread."""

    worker: WorkerProcess
    moments: list[float] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Stream":
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        eventually(lambda: len(self.moments) > 5)
        return self

    def __exit__(self, *_: object) -> None:
        self.left.set()
        self._thread.join()

    def _listen(self) -> None:
        words = f"{prompt(0)} Tell me a long story about a railway, its people and their town."
        body = chat_body(words, stream=True, max_tokens=600)
        with self.worker.client.stream("POST", "/v1/chat/completions", json=body) as answer:
            for line in answer.iter_lines():
                if '"content"' in line:
                    self.moments.append(time.monotonic())
                if self.left.is_set():
                    break

    def longest_silence(self, since: float) -> float:
        """Between two tokens."""
        heard = [one for one in self.moments if one >= since]
        assert len(heard) > 5
        return max(after - before for before, after in itertools.pairwise(heard))


def asked(worker: WorkerProcess, words: str, **fields: Any) -> tuple[dict[str, Any], float]:
    """What was used, and the seconds that it took. A stream, so that a slow machine is waited
    for."""
    began = time.monotonic()
    chunks = list(worker.stream(words, stream_options={"include_usage": True}, **fields))
    usage: dict[str, Any] = chunks[-1]["usage"]
    return usage, time.monotonic() - began


def test_an_answer_goes_on_while_a_long_prompt_joins(llama: WorkerProcess) -> None:
    """It stands still for a step of the reading at a time: a twentieth of the whole at the most,
    though steps take longer the more was read before."""

    def share() -> float:
        with Stream(llama) as stream:
            began = time.monotonic()
            usage, took = asked(llama, prompt(95), max_tokens=2)
            assert usage["prompt_tokens"] > 1400
            silence = stream.longest_silence(began)
            return silence / took

    assert is_quick(share, 0.05)


def test_the_fifth_turn_of_a_chat_begins_about_as_soon_as_the_first(
    llama: WorkerProcess,
) -> None:
    def ratio() -> float:
        firsts: list[list[float]] = [[], []]
        for _ in range(3):
            seconds = turns(llama)
            firsts[0].append(seconds[0])
            firsts[1].append(seconds[-1])
        return median(firsts[1]) / median(firsts[0])

    assert is_quick(ratio, 1.5)


def turns(worker: WorkerProcess) -> list[float]:
    """Seconds to the first token of five turns."""
    messages: list[dict[str, str]] = []
    firsts = []
    for _ in range(5):
        messages.append({"role": "user", "content": prompt(4)})
        body = {"messages": messages, "temperature": 0, "max_tokens": 24, "stream": True}
        said, first, began = "", 0.0, time.monotonic()
        with worker.client.stream("POST", "/v1/chat/completions", json=body) as answer:
            for chunk in sse_chunks(answer.iter_lines()):
                if piece := chunk["choices"][0]["delta"].get("content"):
                    first = first or time.monotonic() - began
                    said += piece
        firsts.append(first)
        messages.append({"role": "assistant", "content": said})
    return firsts
