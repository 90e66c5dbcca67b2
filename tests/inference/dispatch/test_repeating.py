"""What is tried again at the same place, when, and how often."""

from __future__ import annotations

import pytest

from governance.routing.table import Profile, Target
from inference.dispatch.repeating import LONGEST_WAIT, wait_before_repeat
from inference.values.failures import Failure, Outcome
from tests.inference.dispatch.fakes import ScriptedReply, World, candidate

ONE, TWO = candidate("one"), candidate("two")


class Half:
    def random(self) -> float:
        return 0.5


def failed(code: str, status: int = 0, wait: float | None = None) -> Failure:
    return Failure(Outcome.RETRYABLE, code, "x", upstream_status=status, retry_after=wait)


@pytest.mark.parametrize(
    ("failure", "repeats", "allowed", "wait"),
    [
        (failed("http_500", 500), 0, 1, 0.15),
        (failed("http_500", 500), 1, 3, None),
        (failed("connect_failed"), 0, 1, 0.15),
        (failed("stream_died"), 0, 1, 0.15),
        (failed("http_503", 503), 0, 3, None),
        (failed("http_529", 529), 0, 3, None),
        (failed("first_event_timeout"), 0, 3, None),
        (failed("http_429", 429), 0, 3, None),
        (failed("http_429", 429, 2.0), 0, 1, 2.0),
        (failed("http_429", 429, 2.0), 2, 3, 2.0),
        (failed("http_429", 429, LONGEST_WAIT + 0.1), 0, 3, None),
        (failed("http_500", 500), 0, 0, None),
        (Failure(Outcome.MISCONFIGURED, "http_500", "x"), 0, 1, None),
    ],
)
def test_what_is_tried_again(
    failure: Failure, repeats: int, allowed: int, wait: float | None
) -> None:
    found = wait_before_repeat(failure, repeats, allowed, Half(), is_last=False)
    assert found == (None if wait is None else pytest.approx(wait))


@pytest.mark.parametrize(
    ("status", "repeats", "allowed", "wait"),
    [
        (429, 0, 1, 1.25),
        (429, 1, 3, 2.5),
        (429, 2, 3, LONGEST_WAIT),
        (429, 1, 1, None),
        (429, 0, 0, None),
        (503, 0, 3, None),
    ],
)
def test_a_limit_without_a_wait_is_waited_for_where_nobody_else_is_left(
    status: int, repeats: int, allowed: int, wait: float | None
) -> None:
    failure = failed(f"http_{status}", status)
    assert wait_before_repeat(failure, repeats, allowed, Half(), is_last=True) == wait


async def test_by_default_the_last_candidate_alone_is_tried_again() -> None:
    made = World(ScriptedReply(status=500), ScriptedReply(status=500), ScriptedReply(b"a\n.\n"))
    assert await made.dispatcher.run((ONE, TWO)) is None
    assert made.codes == ["one:http_500", "two:http_500", "two:ok"]


async def test_tries_are_bounded_by_a_budget() -> None:
    made = World(ScriptedReply(status=500), ScriptedReply(b"a\n.\n"))
    made.dispatcher._profile = Profile("p", "P", "p", (Target("one"), Target("two")), retries=1)
    while made.book.budgets.may_repeat(ONE.provider.name):
        pass
    assert await made.dispatcher.run((ONE, TWO)) is None
    assert made.codes == ["one:http_500", "two:ok"]


async def test_a_limit_without_a_wait_is_got_over_where_nobody_else_is_left() -> None:
    made = World(ScriptedReply(status=429), ScriptedReply(b"a\n.\n"))
    assert await made.dispatcher.run((ONE,)) is None
    assert made.codes == ["one:http_429", "one:ok"]
