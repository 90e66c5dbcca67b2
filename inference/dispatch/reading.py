"""From an upstream's reply to a committed stream, a whole answer, or the failure it means."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from governance.kinds.failure_words import FailureWords
from inference.dispatch.deadlines import Deadlines
from inference.dispatch.results import StreamResult
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    StreamedTranslator,
    TranslatedAnswer,
    Translator,
)
from inference.upstream import Reply, ResponseTooLarge, UpstreamError
from inference.values.failures import AttemptFailed, Failure, broken, of_status
from inference.values.parsed_request import ParsedRequest
from inference.values.retry_after import seconds_to_wait

ERROR_LIMIT: Final = 1024 * 1024
"""Bytes of an upstream's error that are kept."""
ERROR_TIME: Final = 5.0
"""Seconds an upstream may take to send it."""
ANSWER_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a whole answer."""


async def refusal(reply: Reply, words: tuple[FailureWords, ...]) -> Failure:
    """What a reply means whose status is no success, with the upstream's own words."""
    body = await _said(reply)
    wait = seconds_to_wait(reply.headers, time.time(), body)
    return of_status(reply.status, body, wait, words)


async def _said(reply: Reply) -> bytes:
    """An error's body, or what came of it: the head alone tells what to do."""
    parts = []
    size = 0
    timer = None
    if not reply.complete:
        # Most come with their heads.
        timer = asyncio.get_running_loop().call_later(ERROR_TIME, reply.abort)
    # An attempt's deadline ends the reading in `AttemptFailed`; it is no news beside a status.
    with contextlib.suppress(UpstreamError, AttemptFailed):
        while size <= ERROR_LIMIT and (part := await reply.read()):
            parts.append(part)
            size += len(part)
    if timer is not None:
        timer.cancel()
    if size > ERROR_LIMIT:
        reply.abort()
    return b"".join(parts)


def media_type_of(reply: Reply, default: str) -> str:
    """The content type of the reply, in its own words."""
    said = reply.header(b"content-type")
    return default if said is None else said.decode("latin-1")


async def open_stream(
    translator: Translator,
    request: ParsedRequest,
    reply: Reply,
    arrived: Callable[[], None] | None = None,
) -> StreamResult:
    """The stream up to its first meaningful event, the commit point.

    `arrived` is called for everything that comes before.

    Raises `AttemptFailed` for a stream that ends or breaks before.
    """
    stream = translator.stream(request, media_type_of(reply, EVENT_STREAM))
    first = b""
    ended = False
    while not stream.committed and not ended:
        chunk = await reply.read()
        if chunk:
            if arrived is not None:
                arrived()
            first += stream.feed(chunk)
        else:
            ended = True
            first += stream.end()
        if stream.failure is not None:
            raise AttemptFailed(stream.failure)
    if not stream.committed:
        raise AttemptFailed(_EMPTY)
    return StreamResult(stream, reply, first, ended)


async def read_whole(
    translator: Translator,
    request: ParsedRequest,
    reply: Reply,
    deadlines: Deadlines,
    *,
    streamed: bool,
) -> TranslatedAnswer:
    """The whole answer, put together where the upstream streams it.

    Raises `AttemptFailed` for a reply that holds no answer, and `ResponseTooLarge`.
    """
    if streamed and isinstance(translator, StreamedTranslator):
        body = await _gathered(translator, request, reply, deadlines)
    else:
        body = await reply.read_all(ANSWER_LIMIT, deadlines.touch)
    answer = translator.answer(request, body, media_type_of(reply, JSON))
    if answer.failure is not None:
        raise AttemptFailed(answer.failure)
    return answer


async def _gathered(
    translator: StreamedTranslator, request: ParsedRequest, reply: Reply, deadlines: Deadlines
) -> bytes:
    intake = translator.intake(request)
    parts: list[bytes] = []
    size = 0
    while not intake.finished and (chunk := await reply.read()):
        part = intake.feed(chunk)
        if not part:
            continue
        deadlines.touch()
        size += len(part)
        if size > ANSWER_LIMIT:
            raise ResponseTooLarge(f"The response is larger than {ANSWER_LIMIT} bytes.")
        parts.append(part)
    return b"".join(parts)


_EMPTY: Final = broken("empty_answer", "The provider ended its answer before it began.")
