"""Small hand-written stand-ins for what dispatch talks to: an upstream, translators, a caller."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from typing import Any

from governance.routing.plan import Candidate
from governance.routing.request import RoutingRequest
from governance.routing.table import Target, VirtualKey
from inference.dispatch.attempt import Attempt
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.health import HealthBook
from inference.dispatch.timer_wheel import TimerWheel
from inference.record.record import RequestContext
from inference.translate.base import EVENT_STREAM, Outbound, TranslatedAnswer
from inference.upstream import UpstreamClosed
from inference.values.failures import Failure, broken
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage
from tests.inference.tables import provider

PAUSE = object()
"""In a script of an upstream: silence until the reply is aborted."""


class ScriptedReply:
    """An upstream's reply: hands out its pieces, then ends, or raises what stands among them."""

    def __init__(
        self,
        *pieces: Any,
        status: int = 200,
        headers: Iterable[tuple[bytes, bytes]] = (),
        pause: float = 0.0,
    ) -> None:
        self.pieces = list(pieces)
        self.status = status
        self.headers = list(headers)
        self.pause = pause
        self.resent = False
        self.aborted: list[Exception | None] = []
        self.at_end = False
        self.complete = False
        self._abort = asyncio.Event()
        self._error: Exception | None = None

    def abort(self, error: Exception | None = None) -> None:
        if self.at_end:
            return
        self.aborted.append(error)
        self._error = self._error or error or UpstreamClosed("The request was aborted.")
        self._abort.set()

    def header(self, name: bytes) -> bytes | None:
        return dict(self.headers).get(name)

    def decode(self, *, text: bool) -> None:
        """Its pieces are plain."""

    async def read(self) -> bytes:
        if self.pause:
            await asyncio.sleep(self.pause)
        piece = self.pieces.pop(0) if self.pieces else b""
        if piece is PAUSE:
            await self._abort.wait()
        if self._error is not None:
            raise self._error
        if isinstance(piece, Exception):
            raise piece
        assert isinstance(piece, bytes)
        self.at_end = not piece
        return piece

    async def read_all(self, limit: int, arrived: Callable[[], None] | None = None) -> bytes:
        parts = []
        while piece := await self.read():
            if arrived is not None:
                arrived()
            parts.append(piece)
        return b"".join(parts)


class LineStream:
    """A stream translator over lines: `#` begins a comment, `!` a failure, `.` the end."""

    def __init__(self) -> None:
        self.committed = self.finished = False
        self.failure: Failure | None = None
        self.usage: Usage | None = None
        self.model = ""
        self.finish_reason = ""
        self.media_type = EVENT_STREAM
        self.sequence = 0
        self.partial: Any = None

    def feed(self, chunk: bytes) -> bytes:
        out = b""
        for line in chunk.splitlines(keepends=True):
            if line.startswith(b"#"):
                continue
            if line.startswith(b"!"):
                self.failure = broken("error_in_answer", "It said so.", body=line[1:].strip())
                break
            if line.startswith(b"crash"):
                raise RuntimeError("a fault of ours")
            self.committed = True
            out += line
            if line.startswith(b"."):
                self.finished = True
                self.usage, self.finish_reason, self.model = Usage(7, 3), "stop", "real"
                break
        return out

    def end(self) -> bytes:
        if not self.finished:
            self.failure = broken("truncated", "It stopped before its end.")
        return b""

    def cut(self) -> bytes | None:
        return None


class LineTranslator:
    """Hands everything on as it is."""

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        return Outbound("/lines", request.body, dropped=("dull",) if model == "dull" else ())

    def stream(self, request: ParsedRequest, media_type: str = "") -> LineStream:
        return LineStream()

    def answer(self, request: ParsedRequest, body: bytes, media_type: str = "") -> TranslatedAnswer:
        if body.startswith(b"!"):
            return TranslatedAnswer(b"", failure=broken("error_in_answer", "It said so."))
        return TranslatedAnswer(body, "real", Usage(7, 3), "stop")

    def error(self, failure: Failure) -> bytes | None:
        return b"said: " + failure.body


class ScriptedClient:
    """Answers with one scripted reply after the other, or raises what stands in its place."""

    def __init__(self, *replies: ScriptedReply | Exception) -> None:
        self.replies = list(replies)
        self.sent: list[bytes] = []

    async def send(self, *parts: Any, on_start: Callable[[Any], object], **more: Any) -> Any:
        self.sent.append(parts[3])
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        on_start(reply)
        return reply


class Caller:
    """Takes what is written; `stalls` means: after so many chunks it reads no more."""

    def __init__(self, *, stalls: int | None = None) -> None:
        self.got = b""
        self.chunks: list[bytes] = []
        self.ended = False
        self._stalls = stalls

    async def chunk(self, data: bytes) -> None:
        if self._stalls is not None and len(self.chunks) >= self._stalls:
            await asyncio.Event().wait()
        self.chunks.append(data)
        self.got += data

    async def last(self, data: bytes) -> None:
        await self.chunk(data)
        self.ended = True


class Deliveries:
    """Notes how answers were delivered."""

    def __init__(self, caller: Caller) -> None:
        self.writer = caller
        self.begun: list[str] = []
        self.wholes: list[tuple[str, bytes]] = []
        self.broken: list[tuple[str, bytes | None]] = []
        self.abandoned = 0

    async def begin_stream(self, candidate: Candidate, media_type: str) -> None:
        self.begun.append(candidate.provider.name)

    async def whole(
        self, candidate: Candidate, answer: TranslatedAnswer, headers: Any = ()
    ) -> None:
        self.wholes.append((candidate.provider.name, answer.body))

    async def break_off(self, failure: Failure, body: bytes | None, stream: Any) -> None:
        self.broken.append((failure.code, body))

    async def abandon(self) -> None:
        self.abandoned += 1


class World:
    """A dispatcher between a scripted client and a caller."""

    def __init__(
        self,
        *replies: ScriptedReply | Exception,
        stream: bool = True,
        stalls: int | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.client = ScriptedClient(*replies)
        self.caller = Caller(stalls=stalls)
        self.delivery = Deliveries(self.caller)
        self.context = context()
        self.book = HealthBook(rng=random.Random(1))
        self.timer_wheel = TimerWheel(loop)
        self.loop = loop
        request = ParsedRequest(
            routing_request=RoutingRequest(model="light/light", stream=stream),
            body=b"{}",
            fields={},
        )
        self.dispatcher = Dispatcher(
            request,
            self.context,
            self.delivery,
            self.client,
            self.book,
            loop,
            self.timer_wheel,
            lambda protocol: LineTranslator(),
        )

    def attempt(self, one: Candidate) -> Attempt:
        return Attempt(one, self.context, self.book, self.loop, self.timer_wheel)

    @property
    def codes(self) -> list[str]:
        return [f"{one.provider}:{one.code}" for one in self.context.attempts]


def context() -> RequestContext:
    return RequestContext(
        id="req_1",
        protocol="openai",
        started=0.0,
        at=0.0,
        virtual_key=VirtualKey("key-1", "tests", frozenset({"inference"})),
    )


def candidate(name: str = "one", *, fallback: bool = False, **more: Any) -> Candidate:
    """Of a provider that is not there; only its limits and deadlines count."""
    place = provider(name, "http://127.0.0.1:9/v1", **more)
    target = None if fallback else Target(provider=name)
    return Candidate(place, f"{name}-model", target)
