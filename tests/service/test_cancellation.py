"""A caller who leaves stops the upstream call at once and frees the slot."""

from __future__ import annotations

import socket
import time
from functools import partial
from urllib.parse import urlsplit

import msgspec
import pytest

from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.tables import KEY, chain, provider
from tests.support import openai_shapes as shapes
from tests.support.eventually import eventually
from tests.support.serving import Served, served
from tests.support.timing import is_quick
from tests.support.upstream import Hang, Reply, Sse, Upstream

BODY = {"model": "light/light", "messages": [{"role": "user", "content": "hi"}]}


def connect(gateway: Served, *, stream: bool) -> socket.socket:
    """A raw client, so that leaving is exactly a closed socket."""
    body = msgspec.json.encode({**BODY, "stream": stream})
    where = urlsplit(gateway.url)
    assert where.hostname
    assert where.port
    client = socket.create_connection((where.hostname, where.port), timeout=5)
    client.sendall(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
        b"authorization: Bearer %b\r\ncontent-length: %d\r\n\r\n%b"
        % (KEY.encode(), len(body), body)
    )
    return client


wait_until = partial(eventually, seconds=5.0)


ENDLESS = Sse(shapes.stream(*["x"] * 500)[:400], pause=0.02)


@pytest.mark.parametrize(
    ("reply", "stream", "read"),
    [
        (ENDLESS, True, True),
        (Hang(), True, False),
        (Hang(), False, False),
        (Sse(shapes.stream("x")[:1], then="hang"), True, False),
    ],
    ids=["mid-stream", "before the head", "whole answer", "before the commit"],
)
def test_leaving_reaches_the_upstream_within_200_ms(reply: Reply, stream: bool, read: bool) -> None:
    """The upstream sees its client go, the slot is free again, the record says cancelled."""
    kept: list[RequestContext] = []
    sink = kept.append

    def seconds() -> float:
        times = len(kept) + 1
        client = connect(gateway, stream=stream)
        wait_until(lambda: len(upstream.asked) == times)
        if read:
            assert b"200 OK" in client.recv(4096)
        assert gateway.book.under_way("one") == 1
        left = time.monotonic()
        client.close()
        wait_until(lambda: upstream.asked[-1].left_at is not None)
        assert upstream.asked[-1].left_at is not None
        wait_until(lambda: gateway.book.under_way("one") == 0)
        wait_until(lambda: len(kept) == times)
        return upstream.asked[-1].left_at - left

    add_sink(sink)
    try:
        with Upstream(reply) as upstream:
            with served(chain(provider("one", upstream, max_concurrency=1))) as gateway:
                assert is_quick(seconds, 0.2)
    finally:
        remove_sink(sink)
    assert kept[0].outcome == "cancelled"
    assert kept[0].attempts[-1].outcome == "cancelled"


def test_a_saturated_provider_is_passed_over() -> None:
    """With every slot taken the next candidate answers; without one the caller is told when."""
    with Upstream(Hang()) as slow, Upstream(Sse(shapes.stream("hi"))) as quick:
        busy = provider("busy", slow, max_concurrency=1)
        with served(chain(busy, provider("quick", quick))) as gateway:
            first = connect(gateway, stream=True)
            wait_until(lambda: slow.asked)
            second = connect(gateway, stream=True)
            assert b"x-pointsman-provider: quick" in second.recv(4096)
            first.close()
            second.close()
        with served(chain(busy)) as gateway:
            first = connect(gateway, stream=False)
            wait_until(lambda: gateway.book.under_way("busy") == 1)
            second = connect(gateway, stream=False)
            answer = second.recv(65536).lower()
            assert answer.startswith(b"http/1.1 503")
            assert b"retry-after: 1\r\n" in answer
            first.close()
            second.close()


@pytest.mark.parametrize(
    "deadline", [{"idle_timeout": 0.5}, {"idle_timeout": 60.0, "total_timeout": 1.0}]
)
def test_a_caller_who_does_not_read_holds_no_slot(deadline: dict[str, float]) -> None:
    """The socket stays open and unread: the slot is free again after the deadline all the same."""
    kept: list[RequestContext] = []
    sink = kept.append
    add_sink(sink)
    endless = Sse([shapes.chunk({"content": "x" * 50_000})] * 2000)
    try:
        with Upstream(endless) as upstream:
            slow = provider("one", upstream, max_concurrency=1, **deadline)
            with served(chain(slow)) as gateway:
                client = connect(gateway, stream=True)
                wait_until(lambda: gateway.book.under_way("one") == 1)
                wait_until(lambda: gateway.book.under_way("one") == 0, seconds=20)
                wait_until(lambda: kept)
                wait_until(lambda: upstream.asked[0].left_at is not None)
                client.close()
    finally:
        remove_sink(sink)
    (record,) = kept
    assert (record.outcome, record.error_code) == ("cancelled", "caller_stalled")
    assert [attempt.code for attempt in record.attempts] == ["caller_stalled"]
