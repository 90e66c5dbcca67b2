"""Django is loaded by the first request for a page, once, and a load that fails wedges nothing."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
import structlog

from gateway.server.pages import Pages
from inference.edge.asgi import App, Receive, Scope, Send
from tests.support.programs import said


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


TWICE = """
import json, sys

class FailingOnce:
    failed = 0

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == sys.argv[1] and not cls.failed:
            cls.failed = 1
            raise OSError("too many open files")

sys.meta_path.insert(0, FailingOnce)
import django
django.setup()
from gateway.server.pages import django as load
try:
    load()
except OSError:
    load()
from django.contrib import admin
from django.urls import get_resolver
pages = sorted(model._meta.label for model in admin.site._registry)
names = sorted(one for one in get_resolver().reverse_dict if isinstance(one, str))
print(json.dumps({"failed": FailingOnce.failed, "pages": pages, "names": names}))
"""


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


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """What there is where nothing fails."""
    return said(TWICE, "")


BROKEN = ("gateway.console.rules.admin", "allauth.mfa.admin", "governance.api.urls", "whitenoise")


@pytest.mark.parametrize("module", BROKEN)
def test_the_second_attempt_has_all_of_the_pages(module: str, whole: dict[str, Any]) -> None:
    assert said(TWICE, module) == {**whole, "failed": 1}
