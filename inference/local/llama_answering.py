"""One request to llama.cpp on a thread of its own, until it is answered or its caller gone."""

from __future__ import annotations

from collections.abc import Callable

from inference.local.generation import InvalidGeneration
from inference.local.llama_generation import LlamaGeneration
from inference.local.llama_inner import failure_of
from inference.local.llama_reading import PromptReading
from inference.local.running import GenerationFailed
from inference.local.wire import Json

Handle = Callable[[Json, Callable[[Json], bool]], None]
"""What of llama.cpp's answers a body; the callback ends it by True."""


class Answering:
    def __init__(
        self,
        running: LlamaGeneration,
        body: Json,
        handle: Handle,
        reading: PromptReading,
        *,
        counted: Callable[[int], None],
        got_on: Callable[[], None],
    ) -> None:
        """`counted` is told how many tokens the prompt has, `got_on` of every sign of life."""
        self._running = running
        self._body = body
        self._handle = handle
        self._reading = reading
        self._counted = counted
        self._got_on = got_on

    def run(self) -> None:
        try:
            self._answer()
            if self._reading.interrupted:
                self._reading.read(self._alive)
                self._answer()
        except ValueError as error:
            reason = f"The model's template or grammar refuses this: {error}"
            self._running.put(InvalidGeneration(reason))
        except Exception as error:
            self._running.put(GenerationFailed(f"Generation failed ({type(error).__name__})."))
        else:
            self._running.put(None)

    def _answer(self) -> None:
        if self._alive():
            self._handle(self._body, self._hear)

    def _hear(self, chunk: Json) -> bool:
        self._got_on()
        if "choices" not in chunk:
            self._running.put(failure_of(chunk))
            return True
        progress = chunk.get("prompt_progress")
        if progress and not progress["time_ms"]:
            self._counted(progress["total"])
            if self._reading.begins(progress):
                return True
        if chunk.get("usage"):
            self._reading.mend(chunk["usage"])
        return self._running.hear(chunk)

    def _alive(self) -> bool:
        self._got_on()
        return not self._running.cancelled
