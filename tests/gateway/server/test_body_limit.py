"""What Django would spool to disk is refused before it gets there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.server.body_limit import limited
from gateway.server.overload import budgets, page_budgets


class Asked:
    """An ASGI exchange by hand: the messages to receive, and what was sent."""

    def __init__(self, *bodies: bytes, announced: int | None = None) -> None:
        headers = [] if announced is None else [(b"content-length", str(announced).encode())]
        self.scope = {"type": "http", "headers": headers}
        self.messages = [
            {"type": "http.request", "body": body, "more_body": place < len(bodies) - 1}
            for place, body in enumerate(bodies)
        ]
        self.sent: list[Any] = []
        self.read = b""
        self.received_before_answer = 0

    async def receive(self) -> Any:
        self.received_before_answer += not self.sent
        return self.messages.pop(0)

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def run(self, limit: int) -> int:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            more = True
            while more:
                message = await receive()
                self.read += message["body"]
                more = message["more_body"]
            await send({"type": "http.response.start", "status": 200, "headers": []})

        await limited(app, limit)(self.scope, self.receive, self.send)
        return int(self.sent[0]["status"])


async def test_a_body_within_the_limit_passes() -> None:
    asked = Asked(b"12", b"34", announced=4)
    assert await asked.run(4) == 200
    assert asked.read == b"1234"


async def test_an_announced_length_is_refused_unread() -> None:
    asked = Asked(b"x", announced=5)
    assert await asked.run(4) == 413
    assert asked.received_before_answer == 0
    assert (b"connection", b"close") in asked.sent[0]["headers"]


@pytest.mark.parametrize("announced", [None, 3])
async def test_a_body_that_grows_past_the_limit_is_refused(announced: int | None) -> None:
    asked = Asked(b"12", b"34", b"56", b"78", announced=announced)
    assert await asked.run(4) == 413
    assert len(asked.read) <= 4


async def test_forms_pass_however_much_others_announce() -> None:
    """Strangers may announce bodies here, and hold them open: people sign in all the same."""
    budget = page_budgets(asyncio.get_running_loop())
    assert budget.take("192.0.2.1", budget.per_key)
    budget.take("192.0.2.2", budget.total - budget.used)
    assert await Asked(b"12", b"34", announced=4).run(1024) == 200
    assert await Asked(b"12", b"34").run(1024) == 200
    assert budget.used == budget.total


async def test_what_strangers_announce_takes_nothing_from_chat() -> None:
    loop = asyncio.get_running_loop()
    size = 1 << 20
    asked = Asked(bytes(size), announced=size)
    inside: list[tuple[int, int]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        inside.append((page_budgets(loop).used, budgets(loop).used))
        await send({"type": "http.response.start", "status": 200, "headers": []})

    await limited(app, size)(asked.scope, asked.receive, asked.send)
    assert inside == [(size, 0)]
    assert page_budgets(loop).used == 0


async def test_a_body_that_drips_is_not_waited_for() -> None:
    asked = Asked(announced=1024)

    async def drip() -> Any:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"", "more_body": True}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass

    await asyncio.wait_for(limited(app, 1024, 0.1)(asked.scope, drip, asked.send), 10)
    assert asked.sent[0]["status"] == 408
