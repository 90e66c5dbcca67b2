"""Another target beside one that is slow to begin: the first to commit wins, one answer leaves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from governance.routing.table import Profile, Target
from inference.upstream import ConnectFailed
from tests.inference.dispatch.fakes import PAUSE, ScriptedReply, World, candidate
from tests.support.eventually import soon

ONE, TWO, THREE = candidate("one"), candidate("two"), candidate("three")
LOCAL = candidate("local", fallback=True)
SOON = 0.03


def world(*replies: ScriptedReply | Exception, stream: bool = True, **fields: Any) -> World:
    made = World(*replies, stream=stream)
    targets = (Target("one"), Target("two"), Target("three"))
    fields = {"hedge_after": SOON, **fields}
    made.dispatcher._profile = Profile("p", "P", "p", targets, **fields)
    return made


async def test_the_second_wins_and_the_first_is_no_failure() -> None:
    silent = ScriptedReply(PAUSE)
    made = world(silent, ScriptedReply(b"a\n", b".\n"))
    assert await made.dispatcher.run((ONE, TWO)) is None
    assert made.codes == ["one:lost_race", "two:ok"]
    assert made.caller.got == b"a\n.\n"
    assert made.delivery.begun == ["two"]
    assert silent.aborted
    assert made.book.status("one", "one-model") is None
    assert (made.book.under_way("one"), made.book.under_way("two")) == (0, 0)
    assert made.context.outcome == "ok"


async def test_the_first_wins_after_all() -> None:
    late, silent = ScriptedReply(b"a\n", b".\n", pause=0.15), ScriptedReply(PAUSE)
    made = world(late, silent)
    assert await made.dispatcher.run((ONE, TWO)) is None
    assert made.codes == ["two:lost_race", "one:ok"]
    assert made.delivery.begun == ["one"]
    assert silent.aborted
    assert made.book.under_way("two") == 0


async def test_the_second_lane_goes_on_to_the_next_target() -> None:
    made = world(ScriptedReply(PAUSE), ScriptedReply(status=503), ScriptedReply(b"a\n", b".\n"))
    assert await made.dispatcher.run((ONE, TWO, THREE)) is None
    assert made.codes == ["two:http_503", "one:lost_race", "three:ok"]


async def test_when_both_fail_the_local_fallback_answers() -> None:
    """It is never asked beside another one, and never before all targets have failed."""
    failing = ScriptedReply(ConnectFailed("x"), pause=0.2)
    made = world(failing, ScriptedReply(status=503), ScriptedReply(b"a\n", b".\n"))
    assert await made.dispatcher.run((ONE, TWO, LOCAL)) is None
    assert made.codes == ["two:http_503", "one:connect_failed", "local:ok"]


async def test_nobody_answers_and_the_last_failure_is_told() -> None:
    failing = ScriptedReply(ConnectFailed("x"), pause=0.2)
    made = world(failing, ScriptedReply(status=503, pause=0.4))
    exhausted = await made.dispatcher.run((ONE, TWO))
    assert exhausted is not None
    assert exhausted.failure.code == "http_503"
    assert exhausted.transient


async def test_a_caller_who_leaves_ends_both() -> None:
    made = world(ScriptedReply(PAUSE), ScriptedReply(PAUSE))
    task = asyncio.create_task(made.dispatcher.run((ONE, TWO)))
    await soon(lambda: len(made.client.sent) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(made.codes) == ["one:cancelled", "two:cancelled"]
    assert (made.book.under_way("one"), made.book.under_way("two")) == (0, 0)


@pytest.mark.parametrize(
    ("stream", "fields"),
    [(True, {"hedge_after": 0}), (False, {"hedge_after": None})],
    ids=["switched off", "a whole answer"],
)
async def test_it_does_not_happen(stream: bool, fields: dict[str, Any]) -> None:
    late = ScriptedReply(b"a\n", b".\n", pause=0.1)
    made = world(late, ScriptedReply(b"b\n", b".\n"), stream=stream, **fields)
    assert await made.dispatcher.run((ONE, TWO)) is None
    assert made.codes == ["one:ok"]


async def test_a_whole_answer_is_hedged_where_that_was_set() -> None:
    made = world(ScriptedReply(PAUSE), ScriptedReply(b"{}"), stream=False)
    assert await made.dispatcher.run((ONE, TWO)) is None
    assert made.codes == ["one:lost_race", "two:ok"]


async def test_a_target_that_always_takes_its_time_is_left_to_it() -> None:
    made = world(ScriptedReply(b"a\n", b".\n", pause=0.1), ScriptedReply(b"b\n"))
    for _ in range(20):
        made.book.speeds.began("one", "one-model", 2.0)
    assert await made.dispatcher.run((ONE, TWO)) is None
    assert made.codes == ["one:ok"]


async def test_a_budget_stops_it_when_everything_is_slow() -> None:
    made = world(ScriptedReply(b"a\n", b".\n", pause=0.1), ScriptedReply(b"b\n"))
    while made.book.budgets.may_hedge("p"):
        pass
    assert await made.dispatcher.run((ONE, TWO)) is None
    assert made.codes == ["one:ok"]
