"""A committed stream on its way from the upstream to the caller. Bytes, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from inference.dispatch.deadlines import Deadlines
from inference.dispatch.results import StreamResult
from inference.upstream import Reply, UpstreamError
from inference.values.failures import AttemptFailed

LINGER: Final = 0.1
"""Seconds an upstream may take to end its body after the last event."""


class ChunkWriter(Protocol):
    """The way to a caller whose answer has begun."""

    async def chunk(self, data: bytes) -> None: ...

    async def last(self, data: bytes) -> None: ...


async def relay(stream: StreamResult, caller: ChunkWriter, deadlines: Deadlines) -> None:
    """Moves the stream to its end; each upstream chunk leaves before the next is read.

    Only what reaches the caller touches the deadlines, unless the upstream's kind sends signs of
    life: one of another kind that sends comments is silent.

    Raises `AttemptFailed` when the stream breaks, after all that was whole has left, and what
    reading or writing raises.
    """
    translator, reply, sent = stream.translator, stream.reply, stream.sent
    pending, ended = stream.first, stream.ended
    while not (translator.finished or ended):
        if pending:
            deadlines.writing()
            await caller.chunk(pending)
            deadlines.written()
            if sent is not None:
                sent.add(pending)
        try:
            chunk = await reply.read()
        except (UpstreamError, AttemptFailed):
            owed = translator.cut()
            if owed is None:
                raise
            pending = owed
            break
        ended = not chunk
        pending = translator.end() if ended else translator.feed(chunk)
        if translator.failure is not None:
            if pending:
                deadlines.writing()
                await caller.chunk(pending)
                if sent is not None:
                    sent.add(pending)
            raise AttemptFailed(translator.failure)
        if not pending and stream.signs_of_life:
            deadlines.touch()
    deadlines.writing()
    await caller.last(pending)


async def read_to_end(reply: Reply) -> None:
    """Reads the end of a body whose last event was seen, so that its connection can be reused.

    An upstream that has more to say after its last event, or is slow to end, is dropped.
    """
    if reply.at_end:
        return
    timer = asyncio.get_running_loop().call_later(LINGER, reply.abort)
    try:
        if await reply.read():
            reply.abort()
    except (UpstreamError, AttemptFailed):
        pass
    finally:
        timer.cancel()
