"""The lean consumer: head first, then the body, then `handle()` while somebody listens."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from inference.edge.answer_writer import AnswerWriter
from inference.edge.body_budget import BodyBudget
from inference.edge.consumer import LeanHttpConsumer
from inference.protocols import OPENAI
from inference.values.error_answer import ErrorAnswer
from tests.inference.edge.asgi_caller import AsgiCaller


class Echo(LeanHttpConsumer):
    """Answers with the body; the header `x-do` asks for something else."""

    body_limit = 8

    def on_head(self) -> ErrorAnswer | None:
        self.writer = AnswerWriter(self.base_send, OPENAI, "req_1")
        self.wish = dict(self.scope["headers"]).get(b"x-do")
        return ErrorAnswer(403, "No.", "no") if self.wish == b"refuse" else None

    async def handle(self, body: bytes) -> None:
        if self.wish == b"crash":
            raise RuntimeError("a fault of ours")
        if self.wish == b"wait":
            await asyncio.Event().wait()
        await self.writer.respond(200, [], body)


async def called(*pieces: bytes, wish: bytes = b"", complete: bool = True) -> AsgiCaller:
    caller = AsgiCaller(*pieces, complete=complete)
    await asyncio.wait_for(caller.call(Echo.as_asgi(), (b"x-do", wish)), 10)
    return caller


def error(caller: AsgiCaller) -> Any:
    return json.loads(caller.body)["error"]


@pytest.mark.parametrize("pieces", [(b"abcd",), (b"ab", b"", b"cd"), (b"ab", b"cd", b"")])
async def test_it_works(pieces: tuple[bytes, ...]) -> None:
    """The body is whole, however it comes."""
    caller = await called(*pieces)
    assert (caller.status, caller.body) == (200, b"abcd")


async def test_a_refusal_by_the_head_reads_no_body() -> None:
    """Nothing was announced, so nothing is received: no `100 Continue` goes out either."""
    caller = await called(b"abcd", wish=b"refuse", complete=False)
    assert caller.status == 403
    assert error(caller)["code"] == "no"
    assert caller.received == 0


@pytest.mark.parametrize("pieces", [(b"123456789",), (b"12345", b"6789"), (b"12345", b"6" * 99)])
async def test_a_body_over_the_limit(pieces: tuple[bytes, ...]) -> None:
    """It is read to its end first, so that the caller gets to see the answer."""
    caller = await called(*pieces)
    assert caller.status == 413
    assert error(caller)["code"] == "request_too_large"
    assert not caller.messages


async def test_a_crash_is_answered() -> None:
    caller = await called(b"abcd", wish=b"crash")
    assert caller.status == 500
    assert error(caller)["code"] == "internal_error"


async def test_a_caller_who_leaves_before_the_body_is_whole_gets_nothing() -> None:
    caller = AsgiCaller(b"ab", complete=False)
    caller.leave()
    await caller.call(Echo.as_asgi())
    assert caller.sent == []


async def test_a_caller_who_leaves_ends_what_is_under_way() -> None:
    """The server's task ends without an error: nobody is left to be told."""
    caller = AsgiCaller(b"ab")
    task = asyncio.create_task(caller.call(Echo.as_asgi(), (b"x-do", b"wait")))
    await asyncio.sleep(0)
    caller.leave()
    await asyncio.wait_for(task, 10)
    assert caller.sent == []


async def test_a_server_that_ends_is_not_a_caller_who_left() -> None:
    caller = AsgiCaller(b"ab")
    task = asyncio.create_task(caller.call(Echo.as_asgi(), (b"x-do", b"wait")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Budgeted(Echo):
    """With a budget of 10 bytes and little patience."""

    body_idle = 0.1

    def __init__(self, *, budget: BodyBudget) -> None:
        super().__init__()
        self.budgets = lambda loop: budget


@pytest.fixture
async def budget() -> BodyBudget:
    return BodyBudget(asyncio.get_running_loop(), total=10, per_key=10, patience=0.05)


ANNOUNCED = (b"content-length", b"8")


async def test_a_body_that_stalls_is_not_waited_for(budget: BodyBudget) -> None:
    caller = AsgiCaller(b"ab", complete=False)
    await asyncio.wait_for(caller.call(Budgeted.as_asgi(budget=budget), ANNOUNCED), 10)
    assert caller.status == 408
    assert error(caller)["code"] == "request_timeout"
    assert budget.used == 0


async def test_a_body_that_drips_is_not_waited_for(budget: BodyBudget) -> None:
    """A byte in time, again and again, holds nothing for long."""
    caller = AsgiCaller(b"ab", complete=False)

    async def drip() -> Any:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"", "more_body": True}

    caller.receive = drip
    await asyncio.wait_for(caller.call(Budgeted.as_asgi(budget=budget), ANNOUNCED), 10)
    assert caller.status == 408
    assert budget.used == 0


async def test_who_finds_no_room_is_told_and_not_read(budget: BodyBudget) -> None:
    budget.take("", 5)
    caller = AsgiCaller(b"12345678")
    await asyncio.wait_for(caller.call(Budgeted.as_asgi(budget=budget), ANNOUNCED), 10)
    assert caller.status == 503
    assert error(caller)["code"] == "overloaded"
    assert caller.headers[b"retry-after"] == b"1"
    assert budget.used == 5


async def test_a_body_without_a_length_counts_as_it_comes(budget: BodyBudget) -> None:
    chunked = (b"transfer-encoding", b"chunked")
    budget.take("", 5)
    for pieces, status in (((b"12", b"34"), 200), ((b"12", b"3456"), 503)):
        caller = AsgiCaller(*pieces)
        await asyncio.wait_for(caller.call(Budgeted.as_asgi(budget=budget), chunked), 10)
        assert caller.status == status
        assert budget.used == 5


@pytest.mark.parametrize("wish", [b"", b"crash", b"refuse"])
async def test_what_a_body_took_is_given_when_its_request_ends(
    budget: BodyBudget, wish: bytes
) -> None:
    caller = AsgiCaller(b"12345678")
    await caller.call(Budgeted.as_asgi(budget=budget), ANNOUNCED, (b"x-do", wish))
    assert budget.used == 0


async def test_a_caller_who_leaves_gives_back_what_the_body_took(budget: BodyBudget) -> None:
    caller = AsgiCaller(b"12345678")
    app = Budgeted.as_asgi(budget=budget)
    calling = asyncio.create_task(caller.call(app, ANNOUNCED, (b"x-do", b"wait")))
    await asyncio.sleep(0)
    assert budget.used == 8
    caller.leave()
    await asyncio.wait_for(calling, 10)
    assert budget.used == 0
