"""The runtimes a worker can serve a model with, a file each.

A runtime's module has `assemble(options, progress)`, which loads a model and returns it together
with what the worker announces of it. It is imported on the worker's engine thread, in a process
of its own: nothing else imports a runtime's library.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from inference.local.scheduler import Stats
from inference.local.wire import Json


class Generation(Protocol):
    """One answer under way, on the event loop. Closing it cancels what is left of it."""

    @property
    def streamed(self) -> bool:
        """Whether the caller asked for a stream."""
        ...

    async def next(self, patience: float | None = None) -> Any:
        """The next event; None when `patience` seconds brought nothing.

        Raises GenerationFailed, and BadRequest before the first event.
        """
        ...

    def life(self) -> int:
        """Another number than before when anything got on that this answer waits for."""
        ...

    def ends(self, event: Any) -> bool:
        """Whether this event is the last."""
        ...

    def opening(self) -> Json | None:
        """The chunk before the first event, where the protocol has one."""
        ...

    def frames(self, event: Any) -> Sequence[Json]:
        """The chunks of the stream that an event becomes."""
        ...

    def whole(self, events: Sequence[Any]) -> Json:
        """The answer in one piece."""
        ...

    def close(self) -> None:
        """The caller is served, or gone."""
        ...


class ServedModel(Protocol):
    """A loaded model behind HTTP."""

    @property
    def name(self) -> str: ...

    @property
    def context_length(self) -> int: ...

    @property
    def stats(self) -> Stats: ...

    async def chat(self, raw: bytes, rank: int) -> Generation:
        """Start a chat completion. Raises BadRequest or BacklogFull."""
        ...

    async def completion(self, raw: bytes, rank: int) -> Generation:
        """Start a legacy completion. Raises BadRequest or BacklogFull."""
        ...

    async def embed(self, raw: bytes, rank: int) -> Json:
        """The embeddings of texts. Raises BadRequest, BacklogFull or GenerationFailed."""
        ...

    async def rerank(self, raw: bytes, rank: int) -> Json:
        """How relevant documents are. Raises as `embed`."""
        ...

    async def count(self, raw: bytes) -> int:
        """The prompt tokens of a chat request. Raises BadRequest."""
        ...

    def run(self) -> None:
        """Serve until `stop`; called on the thread that loaded the model."""
        ...

    def stop(self) -> None:
        """End `run`."""
        ...
