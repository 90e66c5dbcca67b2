"""The service as it is started, with our HTTP protocol and with Uvicorn's own."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.gateway.supervisor.processes import web_processes
from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.installation import Installation
from tests.support.upstream import Json, Sse, Upstream

SOON = 10.0
"""Seconds on a busy machine, for what takes some milliseconds."""


@pytest.fixture(scope="module", params=["fast", "stock"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    data_dir = tmp_path_factory.mktemp("whole")
    with Installation(data_dir, "--no-model", POINTSMAN_SERVER=request.param) as running:
        yield running


def test_chat_and_streams(service: Installation) -> None:
    operator = Operator(service.url, service.api_key)
    replies = (Json(shapes.completion("whole")), Sse(shapes.stream("in ", "pieces")))
    with Upstream(*replies) as upstream:
        model = f"{operator.provider(upstream)}/m"
        deadline = time.monotonic() + SOON
        while (answer := operator.ask(model)).status_code == 404:
            assert time.monotonic() < deadline, answer.text
        assert answer.json()["choices"][0]["message"]["content"] == "whole"
        assert operator.ask(model, stream=True).text.endswith("data: [DONE]\n\n")


def test_pages_and_files(service: Installation) -> None:
    page = httpx.get(f"{service.url}/admin/login/")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    assert httpx.get(f"{service.url}/static/admin/css/base.css").status_code == 200


def head(path: str, *lines: str, length: int = 1 << 30) -> bytes:
    first = (f"POST {path} HTTP/1.1", "host: localhost", "content-type: application/json")
    return "\r\n".join([*first, f"content-length: {length}", *lines, "", ""]).encode()


def answer_to(service: Installation, request: bytes) -> bytes:
    """What came until the server closed."""
    address = ("127.0.0.1", urlsplit(service.url).port or 0)
    with socket.create_connection(address, SOON) as caller:
        caller.sendall(request)
        read = b""
        while piece := caller.recv(65536):
            read += piece
    return read


CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("expects", [(), ("expect: 100-continue",)], ids=["plain", "expect"])
@pytest.mark.parametrize(
    ("path", "lines", "status"),
    [
        (CHAT, (), 401),
        (CHAT, ("authorization: Bearer pm-unknown",), 401),
        ("/v1/messages", (), 401),
        (CHAT, ("KEY",), 413),
        ("/v1/nothing", (), 404),
        ("/v1/models", ("KEY",), 405),
        ("/metrics", (), 405),
        ("/api/governance/routing-profiles", ("KEY",), 413),
    ],
    ids=["no key", "unknown key", "messages", "too long", "path", "method", "metrics", "REST"],
)
def test_what_needs_no_body_is_answered_without_it(
    service: Installation, path: str, lines: tuple[str, ...], status: int, expects: tuple[str, ...]
) -> None:
    """A gigabyte is announced and never sent."""
    lines = tuple(f"authorization: Bearer {service.api_key}" if x == "KEY" else x for x in lines)
    answer = answer_to(service, head(path, *lines, *expects))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close\r\n" in answer.lower()


def test_a_small_request_without_a_key_sees_why(service: Installation) -> None:
    """Its body comes behind its head: the connection must not be reset under the answer."""
    body = b'{"model": "m", "messages": []}' + b" " * 100_000
    for _ in range(10):
        answer = answer_to(service, head(CHAT, length=len(body)) + body)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"missing_api_key" in answer


def resident(service: Installation) -> int:
    """Bytes of the web processes."""
    total = 0
    for pid in web_processes(service):
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(status.partition("VmRSS:")[2].split()[0]) * 1024
    return total


def test_bodies_of_callers_without_a_key_take_no_memory(service: Installation) -> None:
    """They go on sending for as long as they are let."""
    address = ("127.0.0.1", urlsplit(service.url).port or 0)
    answer_to(service, head(CHAT))
    before = resident(service)
    callers = [socket.create_connection(address, SOON) for _ in range(20)]
    for caller in callers:
        caller.sendall(head(CHAT))
    for _ in range(200):
        for caller in list(callers):
            try:
                caller.sendall(b"x" * 65536)
            except OSError:
                callers.remove(caller)
                caller.close()
    assert not callers, "the server goes on taking a body that it refused"
    assert resident(service) - before < 32 * 1024 * 1024
