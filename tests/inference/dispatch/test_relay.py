"""Bytes from a committed stream to a caller."""

from __future__ import annotations

import asyncio

import pytest

from inference.dispatch import relay as relay_module
from inference.dispatch.deadlines import Deadlines
from inference.dispatch.relay import read_to_end, relay
from inference.dispatch.results import StreamResult
from inference.dispatch.timer_wheel import TimerWheel
from inference.upstream import UpstreamClosed
from inference.values.failures import AttemptFailed
from tests.inference.dispatch.fakes import PAUSE, Caller, LineStream, ScriptedReply


def deadlines(*, idle: float | None = None, total: float | None = None) -> Deadlines:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    return Deadlines(loop, TimerWheel(loop), task, first_event=None, idle=idle, total=total)


def stream(*pieces: object, first: bytes = b"a\n", pause: float = 0.0) -> StreamResult:
    translator = LineStream()
    translator.feed(first)
    return StreamResult(translator, ScriptedReply(*pieces, pause=pause), first, False)


async def test_it_works() -> None:
    """Each chunk leaves before the next is read; the last one ends the answer."""
    caller = Caller()
    await relay(stream(b"b\n", b"c\n", b".\n"), caller, deadlines())
    assert caller.chunks == [b"a\n", b"b\n", b"c\n", b".\n"]
    assert caller.ended


async def test_what_is_not_for_the_caller_is_not_written() -> None:
    caller = Caller()
    await relay(stream(b"#\n", b"#\n", b"b\n.\n"), caller, deadlines())
    assert caller.chunks == [b"a\n", b"b\n.\n"]


async def test_a_stream_that_was_complete_at_its_commit() -> None:
    """All of it arrived at once: nothing is read any more."""
    result = stream(UpstreamClosed("never read"), first=b"a\n.\n")
    caller = Caller()
    await relay(result, caller, deadlines())
    assert caller.chunks == [b"a\n.\n"]
    assert caller.ended


@pytest.mark.parametrize(
    ("piece", "code", "got"),
    [
        (b"b\n!no\n", "error_in_answer", b"a\nb\n"),
        (b"", "truncated", b"a\n"),
    ],
    ids=["an error among the events", "no end"],
)
async def test_a_broken_stream(piece: bytes, code: str, got: bytes) -> None:
    """What was whole has left; the answer is not ended, so that nobody takes it for complete."""
    caller = Caller()
    with pytest.raises(AttemptFailed) as raised:
        await relay(stream(piece), caller, deadlines())
    assert raised.value.failure.code == code
    assert caller.got == got
    assert not caller.ended


async def test_errors_of_reading_are_for_others_to_judge() -> None:
    with pytest.raises(UpstreamClosed):
        await relay(stream(UpstreamClosed("cut")), Caller(), deadlines())


async def test_comments_are_silence() -> None:
    """An upstream that sends comments for ever is as silent as one that sends nothing."""
    result = stream(*[b"#\n"] * 1000, pause=0.02)
    watched = deadlines(idle=0.2)
    watched.guard(result.reply)
    with pytest.raises(AttemptFailed) as raised:
        await relay(result, Caller(), watched)
    assert raised.value.failure.code == "idle_timeout"


async def test_comments_outlast_no_total() -> None:
    result = stream(*[b"#\n"] * 1000, pause=0.02)
    watched = deadlines(total=0.2)
    watched.guard(result.reply)
    with pytest.raises(AttemptFailed) as raised:
        await relay(result, Caller(), watched)
    assert raised.value.failure.code == "total_timeout"


async def test_meaningful_events_are_life() -> None:
    """The whole takes several times as long as any silence may."""
    result = stream(*[b"b\n"] * 20, b".\n", pause=0.02)
    watched = deadlines(idle=0.2)
    watched.guard(result.reply)
    caller = Caller()
    await relay(result, caller, watched)
    watched.stop()
    assert caller.ended


async def test_the_end_of_the_body_is_read() -> None:
    reply = ScriptedReply(b"")
    await read_to_end(reply)
    assert reply.at_end
    assert not reply.aborted


@pytest.mark.parametrize("rest", [b"more", PAUSE, UpstreamClosed("cut")])
async def test_a_body_that_does_not_end_is_dropped(
    rest: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upstream that has more to say, or is slow, is not waited for."""
    monkeypatch.setattr(relay_module, "LINGER", 0.05)
    reply = ScriptedReply(rest)
    await asyncio.wait_for(read_to_end(reply), 5)
    assert reply.aborted or isinstance(rest, Exception)
