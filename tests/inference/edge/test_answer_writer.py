"""Heads, chunks and errors, in the caller's protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inference.edge.answer_writer import AnswerWriter
from inference.protocols import ANTHROPIC, OPENAI, RESPONSES, CallersProtocol
from inference.values.error_answer import ErrorAnswer


class Sent:
    def __init__(self, protocol: CallersProtocol = OPENAI) -> None:
        self.messages: list[Any] = []
        self.writer = AnswerWriter(self.send, protocol, "req_1")

    async def send(self, message: Any) -> None:
        self.messages.append(message)


async def test_it_works() -> None:
    sent = Sent()
    await sent.writer.respond(200, [(b"content-type", b"application/json")], b"{}")
    assert sent.messages == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
        },
        {"type": "http.response.body", "body": b"{}", "more_body": False},
    ]
    assert (sent.writer.started, sent.writer.status) == (True, 200)


async def test_a_stream() -> None:
    """What is sent is seen before it leaves."""
    sent = Sent()
    seen: list[bytes] = []
    sent.writer.on_sent = seen.append
    await sent.writer.head(200, [])
    await sent.writer.chunk(b"a")
    await sent.writer.last(b"b")
    assert [message.get("body") for message in sent.messages] == [None, b"a", b"b"]
    assert [message.get("more_body") for message in sent.messages] == [None, True, False]
    assert seen == [b"a", b"b"]


@pytest.mark.parametrize(
    ("protocol", "status", "told"),
    [(OPENAI, 529, 503), (ANTHROPIC, 529, 529), (OPENAI, 401, 401)],
    ids=["no such status there", "its own", "the same everywhere"],
)
async def test_a_refusal(protocol: CallersProtocol, status: int, told: int) -> None:
    sent = Sent(protocol)
    await sent.writer.refuse(ErrorAnswer(status, "No.", "no", retry_after=1.5))
    start, body = sent.messages
    headers = dict(start["headers"])
    assert start["status"] == told
    assert headers[b"x-request-id"] == b"req_1"
    assert headers[b"retry-after"] == b"2"
    assert (b"www-authenticate" in headers) == (status == 401)
    assert (headers.get(b"x-should-retry") == b"false") == (status == 401)
    assert (b"request-id" in headers) == (protocol is ANTHROPIC)
    assert json.loads(body["body"])["error"]["message"] == "No."


async def test_a_refusal_in_a_stream_is_an_event_of_its_protocol() -> None:
    sent = Sent(ANTHROPIC)
    await sent.writer.head(200, [])
    await sent.writer.refuse(ErrorAnswer(502, "No.", "no"))
    assert len(sent.messages) == 2
    assert sent.messages[1]["body"].startswith(b"event: error\n")
    assert not sent.messages[1]["more_body"]


@pytest.mark.parametrize(
    ("protocol", "client", "status", "by_event"),
    [
        (RESPONSES, b"codex_exec/0.171.0 (Debian 13)", 429, True),
        (RESPONSES, b"codex-tui/0.171.0", 429, True),
        (RESPONSES, b"codex_exec/0.171.0", 503, False),
        (RESPONSES, b"OpenAI/Python 2.54.0", 429, False),
        (RESPONSES, None, 429, False),
        (OPENAI, b"codex_exec/0.171.0", 429, False),
        (ANTHROPIC, b"codex_exec/0.171.0", 429, False),
    ],
)
async def test_who_is_told_of_a_limit_by_an_event(
    protocol: CallersProtocol, client: bytes | None, status: int, by_event: bool
) -> None:
    """Codex asks again after `response.failed`; `client` is None where no stream was asked for."""
    sent = Sent(protocol)
    sent.writer.stream_client = client
    await sent.writer.refuse(ErrorAnswer(status, "Busy.", "http_429", retry_after=2.5))
    start, body = sent.messages
    assert start["status"] == (200 if by_event else status)
    assert dict(start["headers"])[b"retry-after"] == b"3"
    assert (b"event: response.failed" in body["body"]) is by_event
    assert (b"Please try again in 3s." in body["body"]) is by_event
    assert not body["more_body"]
