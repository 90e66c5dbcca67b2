"""One answer of llama.cpp: chunks from a thread to the event loop, and on to the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from inference.local.generation import ChatGeneration, CompletionGeneration, GenerationRequest
from inference.local.llama_request import (
    what_it_says,
    whole_chat,
    whole_completion,
    without_alternatives,
)
from inference.local.llama_tools import ToolReader
from inference.local.wire import Json


class LlamaGeneration:
    """One answer: a thread of llama.cpp's feeds chunks to the event loop."""

    def __init__(
        self,
        generation: GenerationRequest,
        head: Json,
        leave: Callable[[], None],
        steps: Callable[[], int] = lambda: 0,
    ) -> None:
        """`steps` counts what the model has said to anybody, progress with prompts included."""
        self.generation = generation
        self.cancelled = False
        self._head = head
        self._offsets: dict[int, int] = {}
        self._readers: dict[int, ToolReader] = {}
        self._leave = leave
        self._steps = steps
        self._events: asyncio.Queue[Json | Exception | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def read_tools(self, asked: ChatGeneration) -> None:
        """The tools went into the prompt as text, so their calls are read from the answer's."""
        demanded = bool(asked.tool_choice)
        self._readers = {
            index: ToolReader(asked.tools, demanded=demanded) for index in range(asked.choices)
        }

    def hear(self, chunk: Json) -> bool:
        """Called on a thread of the runtime; True ends the generation."""
        self.put(chunk)
        return self.cancelled

    def put(self, event: Json | Exception | None) -> None:
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    @property
    def streamed(self) -> bool:
        return self.generation.stream

    async def next(self, patience: float | None = None) -> Json | None:
        """The next chunk that says something; `{}` after the last."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    event = await self._events.get()
                    if event is None:
                        return {}
                    if isinstance(event, Exception):
                        raise event
                    if said := self._with_calls(what_it_says(event, self._offsets)):
                        alone = self.generation.top_logprobs == 0
                        return without_alternatives(said) if alone else said
        except TimeoutError:
            return None

    def _with_calls(self, said: Json | None) -> Json | None:
        if not (self._readers and said and "choices" in said):
            return said
        choices = [self._readers[one["index"]].read(one) for one in said["choices"]]
        shown = [one for one in choices if one["delta"] or one["finish_reason"]]
        if shown:
            return {**said, "choices": shown}
        return {"usage": said["usage"]} if "usage" in said else None

    def life(self) -> int:
        return self._steps()

    def ends(self, event: Json) -> bool:
        return not event

    def opening(self) -> Json | None:
        if isinstance(self.generation, CompletionGeneration):
            return None
        delta = {"role": "assistant", "content": ""}
        choices = [
            {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
            for index in range(self.generation.choices)
        ]
        return self._object("chat.completion.chunk", choices=choices)

    def frames(self, event: Json) -> list[Json]:
        """The chunk under this engine's name; usage for those who asked."""
        kind = "text_completion"
        if isinstance(self.generation, ChatGeneration):
            kind = "chat.completion.chunk"
        result = []
        if event.get("choices"):
            result.append(self._object(kind, choices=event["choices"]))
        if event.get("usage") and self.generation.include_usage:
            result.append(self._object(kind, choices=[], usage=event["usage"]))
        return result

    def whole(self, events: Sequence[Json]) -> Json:
        if isinstance(self.generation, CompletionGeneration):
            choices, usage = whole_completion(events)
            return self._object("text_completion", choices=choices, usage=usage)
        choices, usage = whole_chat(events)
        return self._object("chat.completion", choices=choices, usage=usage)

    def close(self) -> None:
        self.cancelled = True
        self._leave()

    def _object(self, kind: str, **fields: Any) -> Json:
        return {**self._head, "object": kind, **fields}
