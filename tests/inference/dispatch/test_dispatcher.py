"""Candidates in order until one commits, told by what the caller and the record get to see."""

from __future__ import annotations

import asyncio

import pytest

from inference.dispatch.deadlines import end_all
from inference.translate.base import Inexpressible, Outbound, TranslatedAnswer
from inference.upstream import ConnectFailed, UpstreamClosed
from inference.values.failures import Outcome
from tests.inference.dispatch.fakes import (
    PAUSE,
    LineTranslator,
    ScriptedReply,
    World,
    candidate,
)

ONE, TWO, THREE = candidate("one"), candidate("two"), candidate("three")
LOCAL = candidate("local", fallback=True)


async def test_it_works() -> None:
    """A stream is relayed from the candidate that commits; the record says how it went."""
    world = World(ScriptedReply(b"a\n", b"b\n", b".\n"))
    assert await world.dispatcher.run((ONE, TWO)) is None
    assert world.caller.got == b"a\nb\n.\n"
    assert world.delivery.begun == ["one"]
    assert world.codes == ["one:ok"]
    context = world.context
    assert (context.outcome, context.model, context.finish_reason) == ("ok", "real", "stop")
    assert context.usage is not None
    assert context.usage.total == 10
    assert context.first_token is not None
    assert world.book.under_way("one") == 0


async def test_a_whole_answer() -> None:
    """The attempt is over when the provider is done; the permit does not wait for the caller."""
    world = World(ScriptedReply(b"{}"), stream=False)
    held = []

    async def whole(*answer: object) -> None:
        held.append((world.book.under_way("one"), list(world.codes)))

    world.delivery.whole = whole
    assert await world.dispatcher.run((ONE,)) is None
    assert held == [(0, ["one:ok"])]
    assert (world.context.model, world.context.outcome) == ("real", "ok")


async def test_what_fails_before_the_commit_is_not_seen() -> None:
    world = World(
        ConnectFailed("x"),
        ScriptedReply(b"#\n", UpstreamClosed("cut")),
        ScriptedReply(b"a\n", b".\n"),
    )
    assert await world.dispatcher.run((ONE, TWO, THREE)) is None
    assert world.codes == ["one:connect_failed", "two:stream_died", "three:ok"]
    assert world.caller.got == b"a\n.\n"
    assert world.delivery.begun == ["three"]


async def test_a_crash_of_ours_before_the_commit_moves_on() -> None:
    world = World(ScriptedReply(b"crash\n"), ScriptedReply(b"a\n", b".\n"))
    assert await world.dispatcher.run((ONE, TWO)) is None
    assert world.codes == ["one:internal_error", "two:ok"]


async def test_the_callers_fault_moves_nowhere() -> None:
    """With what the upstream said, in the caller's protocol, and without our credentials."""
    world = World(ScriptedReply(b"bad, secret-of-one", status=400))
    exhausted = await world.dispatcher.run((ONE, TWO))
    assert exhausted is not None
    assert exhausted.failure.outcome is Outcome.CALLERS_FAULT
    assert exhausted.body == b"said: bad, [redacted]"
    assert not exhausted.unmodified
    assert world.codes == ["one:http_400"]


async def test_nobody_answers() -> None:
    """The last failure counts, and everybody's is in the record."""
    world = World(ScriptedReply(status=500), ScriptedReply(status=503))
    exhausted = await world.dispatcher.run((ONE, TWO))
    assert exhausted is not None
    assert exhausted.failure.code == "http_503"
    assert world.codes == ["one:http_500", "two:http_503"]
    nothing = await World().dispatcher.run(())
    assert nothing is not None
    assert nothing.failure.code == "no_candidate"


async def test_a_saturated_candidate_is_passed_over() -> None:
    world = World(ScriptedReply(b"a\n", b".\n"))
    busy = candidate("one", max_concurrency=1)
    assert world.book.acquire(busy.provider, busy.model) is not None
    assert await world.dispatcher.run((busy, TWO)) is None
    assert world.codes == ["one:saturated", "two:ok"]
    assert world.book.under_way("one") == 1


class Wordless(LineTranslator):
    def request(self, *given: object) -> object:  # type: ignore[override]
        raise Inexpressible("tools", "No tools there.")


async def test_what_no_protocol_can_express_is_the_callers_to_know() -> None:
    """The local fallback is not asked for what it is not told; nobody has failed."""
    world = World()
    world.dispatcher._exchange.translators = lambda *kind: Wordless()
    exhausted = await world.dispatcher.run((ONE, LOCAL))
    assert exhausted is not None
    assert (exhausted.failure.code, exhausted.failure.field) == ("inexpressible", "tools")
    assert world.codes == ["one:inexpressible"]


async def test_a_lack_of_words_is_no_news_beside_a_failure() -> None:
    """What the one that failed has said is told in its words, once there is nobody else."""
    world = World(ScriptedReply(status=500))
    words = iter((LineTranslator(), Wordless(), LineTranslator()))
    world.dispatcher._exchange.translators = lambda *kind: next(words)
    replied = ScriptedReply(b"no", status=500)
    world.client.replies = [replied]
    exhausted = await world.dispatcher.run((ONE, TWO))
    assert exhausted is not None
    assert (exhausted.failure.code, exhausted.body) == ("http_500", b"said: no")
    assert world.codes == ["one:http_500", "two:inexpressible"]


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ((b"b\n", UpstreamClosed("cut")), "stream_died"),
        ((b"b\n", b"!no\n"), "error_in_answer"),
        ((b"b\n", b""), "truncated"),
    ],
)
async def test_what_breaks_behind_the_commit_ends_in_an_error(
    pieces: tuple[object, ...], code: str
) -> None:
    """Nothing is replayed, and the provider is held to account."""
    world = World(ScriptedReply(b"a\n", *pieces))
    assert await world.dispatcher.run((ONE, TWO)) is None
    assert world.caller.got == b"a\nb\n"
    assert not world.caller.ended
    [(told, body)] = world.delivery.broken
    assert told == code
    assert body == (b"said: no" if code == "error_in_answer" else None)
    assert world.codes == [f"one:{code}"]
    assert (world.context.outcome, world.context.error_code) == ("retryable", code)
    assert world.book.under_way("one") == 0


async def test_a_crash_of_ours_behind_the_commit_is_raised_and_recorded() -> None:
    world = World(ScriptedReply(b"a\n", b"crash\n"))
    with pytest.raises(RuntimeError):
        await world.dispatcher.run((ONE, TWO))
    assert world.codes == ["one:internal_error"]
    assert world.book.under_way("one") == 0


@pytest.mark.parametrize("stalls", [0, 1], ids=["at the first chunk", "later"])
async def test_a_caller_who_does_not_read_gives_the_permit_back(stalls: int) -> None:
    """The upstream is dropped, the record says why, and no error is written to nobody."""
    reply = ScriptedReply(b"a\n", b"b\n", PAUSE)
    world = World(reply, stalls=stalls)
    slow = candidate("one", idle_timeout=0.1, max_concurrency=1)
    assert await asyncio.wait_for(world.dispatcher.run((slow,)), 10) is None
    assert world.book.under_way("one") == 0
    assert world.codes == ["one:caller_stalled"]
    assert (world.context.outcome, world.context.error_code) == ("cancelled", "caller_stalled")
    assert reply.aborted
    assert world.delivery.abandoned == 1
    assert not world.delivery.broken


@pytest.mark.parametrize(
    ("pieces", "stalls"),
    [((PAUSE,), None), ((b"a\n", PAUSE), None), ((b"a\n", b"b\n", PAUSE), 0)],
    ids=["before the commit", "behind it", "unread"],
)
async def test_a_process_that_is_stopped_ends_what_is_under_way(
    pieces: tuple[object, ...], stalls: int | None
) -> None:
    """Nobody else is tried, whoever reads is told, and the record says why."""
    world = World(ScriptedReply(*pieces), ScriptedReply(b"c\n"), stalls=stalls)
    running = asyncio.create_task(world.dispatcher.run((ONE, TWO)))
    await asyncio.sleep(0.02)
    assert end_all(world.timer_wheel) == 1
    exhausted = await asyncio.wait_for(running, 10)
    assert world.codes == ["one:drained"]
    assert world.book.under_way("one") == 0
    if len(pieces) == 1:
        assert exhausted is not None
        assert (exhausted.failure.code, exhausted.failure.status) == ("drained", 503)
        assert exhausted.transient
        return
    assert (world.context.outcome, world.context.error_code) == ("cancelled", "drained")
    assert [code for code, _ in world.delivery.broken] == ([] if stalls == 0 else ["drained"])
    assert world.delivery.abandoned == (1 if stalls == 0 else 0)


@pytest.mark.parametrize(
    "pieces", [(PAUSE,), (b"a\n", PAUSE)], ids=["before the commit", "behind it"]
)
async def test_a_cancelled_request_is_recorded_once(pieces: tuple[object, ...]) -> None:
    world = World(ScriptedReply(*pieces))
    task = asyncio.create_task(world.dispatcher.run((ONE, TWO)))
    while not world.client.sent or (len(pieces) > 1 and not world.caller.got):
        await asyncio.sleep(0)
    assert world.book.under_way("one") == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.codes == ["one:cancelled"]
    assert world.book.under_way("one") == 0


async def test_the_fallback_is_told_apart() -> None:
    world = World(ScriptedReply(status=500), ScriptedReply(b"a\n", b".\n"))
    assert await world.dispatcher.run((ONE, LOCAL)) is None
    assert [one.local_fallback for one in world.context.attempts] == [False, True]
    assert world.context.fallback == "local"


async def test_what_was_left_out_is_of_the_candidate_that_answers() -> None:
    dull = candidate("dull")
    world = World(ScriptedReply(status=500), ScriptedReply(b"a\n", b".\n"))
    world.dispatcher._exchange.translators = lambda *kind: Dulling()
    assert await world.dispatcher.run((dull, ONE)) is None
    assert world.context.dropped == ("one-model",)


class Dulling(LineTranslator):
    def request(self, request: object, model: str) -> object:  # type: ignore[override]
        return Outbound("/lines", b"{}", dropped=(model,))


async def test_an_answer_in_a_candidates_stead() -> None:
    """Nobody is asked; the record says whose answer it would have been."""
    world = World()
    await world.dispatcher.answer_here(ONE, TranslatedAnswer(b"{}"), "estimated")
    assert world.delivery.wholes == [("one", b"{}")]
    assert world.codes == ["one:estimated"]
    assert (world.context.model, world.context.attempts[0].status) == ("one-model", 0)
    assert not world.client.sent
