"""However an attempt ends, it ends once: one permit back, one entry, no timer left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from inference.dispatch.attempt import Attempt
from inference.upstream import ConnectFailed, ConnectTimedOut, UpstreamClosed
from inference.upstream.backend import UnusableProvider
from inference.values.failures import AttemptFailed, Failure, Outcome, broken, of_status
from tests.inference.dispatch.fakes import PAUSE, ScriptedReply, World, candidate


def check_ended(world: World, *codes: str) -> None:
    """The permit is back, the entries are these, and nothing waits for time to pass."""
    assert world.book.under_way("one") == 0
    assert [one.code for one in world.context.attempts] == list(codes)
    assert not world.timer_wheel._waiting


async def test_it_works() -> None:
    """The permit is held inside; an answer leaves an entry with its candidate and its time."""
    world = World()
    with world.attempt(candidate()) as attempt:
        attempt.acquire(stream=True)
        assert world.book.under_way("one") == 1
        await asyncio.sleep(0.002)
    assert attempt.failure is None
    check_ended(world, "ok")
    (entry,) = world.context.attempts
    assert (entry.provider, entry.model, entry.outcome, entry.status) == (
        "one",
        "one-model",
        "ok",
        200,
    )
    assert entry.milliseconds >= 2
    assert entry.cause == ""
    assert not entry.local_fallback


@pytest.mark.parametrize(
    ("error", "outcome", "code", "status"),
    [
        (AttemptFailed(of_status(503)), "retryable", "http_503", 503),
        (AttemptFailed(broken("truncated", "x")), "retryable", "truncated", 0),
        (ConnectTimedOut("x"), "retryable", "connect_timeout", 0),
        (ConnectFailed("x"), "retryable", "connect_failed", 0),
        (UpstreamClosed("x"), "retryable", "stream_died", 0),
        (UnusableProvider("x"), "misconfigured", "unusable_provider", 0),
        (ValueError("x"), "unfit", "internal_error", 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_a_failure_stays_inside(
    error: Exception, outcome: str, code: str, status: int
) -> None:
    """So that the next candidate may be tried; the upstream's connection is dropped."""
    world = World()
    reply = ScriptedReply(PAUSE)
    with world.attempt(candidate()) as attempt:
        attempt.acquire(stream=True)
        attempt.deadlines.guard(reply)
        raise error
    assert attempt.failure is not None
    assert attempt.failure.code == code
    check_ended(world, code)
    (entry,) = world.context.attempts
    assert (entry.outcome, entry.status) == (outcome, status)
    assert reply.aborted == [None]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectFailed("x", cause="name not found"), "could not be reached: name not found."),
        (ConnectFailed("host.example said no"), "The provider could not be reached."),
        (UpstreamClosed("x", cause="cut short"), "The provider's answer broke off: cut short."),
    ],
)
async def test_a_failure_names_its_cause(error: Exception, message: str) -> None:
    world = World()
    with world.attempt(candidate()) as attempt:
        attempt.acquire(stream=True)
        raise error
    assert attempt.failure is not None
    assert attempt.failure.message.endswith(message)
    assert "host.example" not in attempt.failure.message
    (entry,) = world.context.attempts
    assert entry.cause == attempt.failure.message


async def test_without_a_permit_nothing_is_asked() -> None:
    """A provider at its limit: an entry, and the permits of others stay theirs."""
    world = World()
    one = candidate(max_concurrency=1)
    with world.attempt(one) as first:
        first.acquire(stream=True)
        with world.attempt(one) as second:
            second.acquire(stream=True)
        assert second.failure is not None
        assert (second.failure.code, second.failure.retry_after) == ("saturated", 1)
        assert world.book.under_way("one") == 1
    check_ended(world, "saturated", "ok")


async def test_a_caller_who_leaves_ends_it_and_says_nothing_about_the_provider() -> None:
    world = World()
    reply = ScriptedReply(PAUSE)

    def left() -> None:
        with world.attempt(candidate()) as attempt:
            attempt.acquire(stream=True)
            attempt.deadlines.guard(reply)
            raise asyncio.CancelledError

    for _ in range(30):
        with pytest.raises(asyncio.CancelledError):
            left()
    check_ended(world, *["cancelled"] * 30)
    assert reply.aborted
    assert world.book.status("one", "one-model") is None


async def test_a_fault_of_ours_behind_the_commit_is_not_hidden() -> None:
    """No other candidate can take over what the caller has seen; it is in the record too."""
    world = World()

    def crash() -> None:
        with world.attempt(candidate()) as attempt:
            attempt.acquire(stream=True)
            attempt.committed = True
            raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        crash()
    check_ended(world, "internal_error")


async def test_the_end_of_a_delivered_stream_may_still_be_read() -> None:
    """Its connection can be used again; what was not committed is dropped if it is not at its
    end."""
    world = World()
    committed, other = ScriptedReply(PAUSE), ScriptedReply(PAUSE)
    for reply in (committed, other):
        with world.attempt(candidate()) as attempt:
            attempt.acquire(stream=True)
            attempt.deadlines.guard(reply)
            attempt.committed = reply is committed
    assert not committed.aborted
    assert other.aborted == [None]


async def stall(attempt: Attempt) -> None:
    attempt.acquire(stream=True)
    attempt.deadlines.writing()
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "deadline", [{"idle_timeout": 0.1}, {"idle_timeout": None, "total_timeout": 0.1}]
)
async def test_a_caller_who_does_not_read_ends_it(deadline: dict[str, Any]) -> None:
    """After the idle timeout of the write or the total timeout; the task itself goes on."""
    world = World()
    with world.attempt(candidate(**deadline)) as attempt:
        await stall(attempt)
    assert attempt.failure is not None
    assert attempt.failure.code == "caller_stalled"
    check_ended(world, "caller_stalled")
    assert world.context.attempts[0].outcome == "cancelled"
    assert world.book.status("one", "one-model") is None, "it says nothing about the provider"
    await asyncio.sleep(0)  # raises if a cancellation is left over


async def test_a_stalled_caller_who_leaves_at_the_same_time_is_one_who_left() -> None:
    world = World()

    async def carry() -> None:
        with world.attempt(candidate(idle_timeout=60.0)) as attempt:
            await stall(attempt)

    task = asyncio.create_task(carry())
    await asyncio.sleep(0)
    (deadlines,) = world.timer_wheel._waiting
    deadlines.on_due(world.loop.time() + 61)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    check_ended(world, "cancelled")


async def test_an_attempt_that_is_not_made_says_so() -> None:
    """What the gateway answers in a candidate's stead takes no permit."""
    world = World()
    with world.attempt(candidate(fallback=True)) as attempt:
        attempt.code, attempt.status = "estimated", 0
    (entry,) = world.context.attempts
    assert (entry.outcome, entry.code, entry.status) == ("ok", "estimated", 0)
    assert entry.local_fallback


async def test_failures_count_and_answers_forgive() -> None:
    """What the attempts of a candidate end in is what its breaker hears."""
    world = World()
    down = Failure(Outcome.RETRYABLE, "http_500", "x", 500, retry_after=30)
    with world.attempt(candidate()) as attempt:
        attempt.acquire(stream=True)
        raise AttemptFailed(down)
    status = world.book.status("one", "one-model")
    assert status is not None
    assert status.state == "open"
