"""A committed stream on its way to the caller, until it ends, breaks, or the caller leaves."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from inference.dispatch.deadlines import Expired
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.failures import Failure, broken
from inference.dispatch.results import StreamResult
from inference.edge import response_headers as heads
from inference.edge.answering import AnsweringConsumer
from inference.edge.heartbeat import Heartbeat
from inference.edge.problem import in_stream
from inference.record.record import RequestContext
from inference.upstream import UpstreamError

LINGER: Final = 0.1
"""Seconds an upstream may take to end its body after the last event."""


async def relay_stream(
    caller: AnsweringConsumer,
    journey: RequestContext,
    opened: StreamResult,
    dispatcher: Dispatcher,
    beat: Heartbeat,
) -> None:
    """Each upstream chunk leaves before the next is read."""
    relay, reply, candidate = opened.relay, opened.reply, opened.candidate
    journey.first_token = time.monotonic() - journey.started
    journey.dropped = opened.dropped
    pending, ended = opened.first, opened.ended
    try:
        if not caller.started_answer:
            await caller.head(200, [*heads.STREAM, *heads.answered(journey, candidate)])
        failure: Failure | None = None
        while not (relay.finished or ended):
            if pending:
                await caller.chunk(pending)
                beat.touch()
            try:
                chunk = await reply.read()
            except Expired as error:
                failure, pending = error.failure, b""
                break
            except UpstreamError:
                failure, pending = broken("stream_died", "The provider's answer broke off."), b""
                break
            opened.watch.touch()
            ended = not chunk
            pending = relay.end() if ended else relay.feed(chunk)
            failure = relay.failure
            if failure is not None:
                break
        beat.stop()
        if failure is None:
            await caller.last(pending)
            dispatcher.succeeded(candidate)
            await _hand_back(opened)
        else:
            # Nothing can be replayed: the stream ends in the protocol's error event and without
            # its regular end, so that no client takes the half for the whole.
            reply.abort()
            dispatcher.failed(candidate, failure)
            journey.outcome, journey.error_code = failure.outcome, failure.code
            problem = in_stream(failure, dispatcher.told(candidate, failure).body, relay.sequence)
            await caller.last(pending + caller.protocol.error_event(problem, journey.id))
    except asyncio.CancelledError:
        reply.abort()
        dispatcher.cancelled(candidate)
        raise
    except BaseException:
        reply.abort()
        raise
    finally:
        opened.watch.stop()
        journey.model = relay.model or candidate.model
        journey.usage, journey.finish_reason = relay.usage, relay.finish_reason


async def _hand_back(opened: StreamResult) -> None:
    """Reads the end of the body so that the connection can be used again.

    An upstream that has more to say after its last event, or is slow to end, is dropped.
    """
    if opened.ended or opened.reply.at_end:
        return
    timer = asyncio.get_running_loop().call_later(LINGER, opened.reply.abort)
    try:
        if await opened.reply.read():
            opened.reply.abort()
    except (UpstreamError, Expired):
        pass
    finally:
        timer.cancel()
