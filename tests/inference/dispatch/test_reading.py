"""From a reply to an answer: what is bounded, and what each failure is called."""

from __future__ import annotations

import asyncio

import pytest

from governance.kinds.failure_words import TOO_LONG
from governance.routing.request import RoutingRequest
from inference.dispatch import reading
from inference.dispatch.deadlines import Deadlines
from inference.dispatch.reading import open_stream, read_whole, refusal
from inference.dispatch.timer_wheel import TimerWheel
from inference.upstream import ResponseTooLarge, UpstreamClosed
from inference.values.failures import AttemptFailed
from inference.values.parsed_request import ParsedRequest
from tests.inference.dispatch.fakes import LineTranslator, ScriptedReply

REQUEST = ParsedRequest(routing_request=RoutingRequest(), body=b"{}", fields={})


class Upcasing:
    """Takes lines in capitals; comments come to nothing."""

    finished = False

    def feed(self, chunk: bytes) -> bytes:
        self.finished = chunk.startswith(b".")
        return b"" if chunk.startswith(b"#") else chunk.upper()


class Gathering(LineTranslator):
    """Its upstream streams even where the whole is wanted."""

    def intake(self, request: ParsedRequest) -> Upcasing:
        return Upcasing()


def deadlines(*, idle: float | None = None) -> Deadlines:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    return Deadlines(loop, TimerWheel(loop), task, first_event=None, idle=idle, total=None)


async def test_it_works() -> None:
    """A stream is opened up to its first meaningful event."""
    reply = ScriptedReply(b"#\n", b"a\nb\n", b"c\n")
    stream = await open_stream(LineTranslator(), REQUEST, reply)
    assert (stream.first, stream.ended) == (b"a\nb\n", False)
    assert reply.pieces == [b"c\n"]


async def test_a_status_with_the_upstreams_words() -> None:
    reply = ScriptedReply(b"so ", b"busy", status=429, headers=[(b"retry-after", b"7")])
    failure = await refusal(reply, (TOO_LONG,))
    assert (failure.code, failure.body, failure.retry_after) == ("http_429", b"so busy", 7.0)


async def test_a_status_whose_words_break_off() -> None:
    reply = ScriptedReply(b"so ", UpstreamClosed("cut"), status=500)
    failure = await refusal(reply, (TOO_LONG,))
    assert (failure.code, failure.body) == ("http_500", b"so ")


@pytest.mark.parametrize(
    ("pieces", "code"), [((b"#\n",), "truncated"), ((b"!no\n",), "error_in_answer")]
)
async def test_a_stream_that_never_commits(pieces: tuple[bytes, ...], code: str) -> None:
    with pytest.raises(AttemptFailed) as raised:
        await open_stream(LineTranslator(), REQUEST, ScriptedReply(*pieces))
    assert raised.value.failure.code == code


async def whole(*pieces: bytes, streamed: bool, translator: LineTranslator) -> bytes:
    reply = ScriptedReply(*pieces)
    answer = await read_whole(
        translator,
        REQUEST,
        reply,
        deadlines(),
        streamed=streamed,
    )
    return answer.body


async def test_a_whole_answer_as_it_comes_and_put_together() -> None:
    assert await whole(b"a", b"b", streamed=False, translator=LineTranslator()) == b"ab"
    gathered = await whole(b"a", b"#", b".", b"c", streamed=True, translator=Gathering())
    assert gathered == b"A.", "what follows the end is not read"


async def test_a_whole_answer_that_is_none() -> None:
    with pytest.raises(AttemptFailed):
        await whole(b"!no", streamed=False, translator=LineTranslator())


async def test_an_answer_put_together_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upstream that streams without end fills no memory."""
    monkeypatch.setattr(reading, "ANSWER_LIMIT", 10)
    endless = [b"abcde"] * 3
    with pytest.raises(ResponseTooLarge):
        await whole(*endless, streamed=True, translator=Gathering())
    assert await whole(*endless[:2], streamed=True, translator=Gathering()) == b"ABCDEABCDE"


async def test_comments_are_silence_for_a_whole_answer_too() -> None:
    watched = deadlines(idle=0.2)
    reply = ScriptedReply(b"a", *[b"#"] * 1000, pause=0.02)
    watched.guard(reply)
    with pytest.raises(AttemptFailed) as raised:
        await read_whole(Gathering(), REQUEST, reply, watched, streamed=True)
    assert raised.value.failure.code == "idle_timeout"
