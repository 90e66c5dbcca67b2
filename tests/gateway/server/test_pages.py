"""Django is loaded by the first request for a page, once, and a load that fails wedges nothing."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import structlog

from gateway.server.pages import Pages
from inference.edge.asgi import App, Receive, Scope, Send


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


class Load:
    """One that ends when `go` is set, after as many failures as it was given."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.times = 0
        self.go = threading.Event()

    def __call__(self) -> App:
        self.times += 1
        assert self.go.wait(10)
        if self.failures:
            raise self.failures.pop(0)
        return app


async def asked(pages: Pages, path: str = "/admin/") -> tuple[int, bytes]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await pages({"type": "http", "method": "GET", "path": path, "headers": []}, receive, send)
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])


async def test_whoever_comes_meanwhile_waits_for_the_same_load() -> None:
    load = Load()
    pages = Pages(load)
    waiting = [asyncio.create_task(asked(pages, f"/{number}")) for number in range(5)]
    # The loop turns meanwhile: it is what sets it going.
    await asyncio.sleep(0.05)
    assert not any(one.done() for one in waiting)
    load.go.set()
    assert await asyncio.gather(*waiting) == [(200, b"/%d" % number) for number in range(5)]
    assert (await asked(pages), load.times) == ((200, b"/admin/"), 1)


async def test_a_failure_is_told_to_all_and_the_next_request_tries_again() -> None:
    load = Load(ImportError("no such module"))
    pages = Pages(load)
    waiting = [asyncio.create_task(asked(pages)) for _ in range(3)]
    await asyncio.sleep(0.05)
    load.go.set()
    with structlog.testing.capture_logs() as logged:
        answers = await asyncio.gather(*waiting)
    assert [one["event"] for one in logged] == ["pages_not_loaded"]
    for status, body in answers:
        assert (status, json.loads(body)["error"]["code"]) == (500, "internal_error")
    assert load.times == 1
    assert (await asked(pages), load.times) == ((200, b"/admin/"), 2)


async def test_a_caller_who_leaves_does_not_end_it() -> None:
    load = Load()
    pages = Pages(load)
    first = asyncio.create_task(asked(pages))
    second = asyncio.create_task(asked(pages))
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.sleep(0)
    load.go.set()
    assert await second == (200, b"/admin/")
    assert first.cancelled()
    assert load.times == 1
