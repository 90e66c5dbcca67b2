"""Requests as they go out and responses as they come in."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from inference.upstream import Client, ProtocolViolation, Reply, ResponseTooLarge, UpstreamClosed
from tests.inference.upstream.upstream import Peer, Script, Upstream


def replying(*parts: bytes, close: bool = False) -> Script:
    """Answer every request with these bytes, each part in a write of its own."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            for part in parts:
                await peer.send(part)
                await asyncio.sleep(0.001)
            if close:
                return

    return script


async def post(
    client: Client,
    upstream: Upstream,
    body: bytes = b"{}",
    on_start: Callable[[Reply], object] | None = None,
) -> Reply:
    return await client.send(
        upstream.destination,
        b"POST",
        b"/v1/x",
        b"a: b\r\n",
        body,
        connect_timeout=5,
        on_start=on_start,
    )


async def get(client: Client, upstream: Upstream, method: bytes = b"GET") -> Reply:
    return await client.send(upstream.destination, method, b"/", b"", b"", connect_timeout=5)


async def test_it_works(client: Client) -> None:
    async with Upstream(
        replying(b"HTTP/1.1 200 OK\r\nX-A: 1 \r\nContent-Length: 2\r\n\r\nok")
    ) as up:
        reply = await post(client, up, b'{"model": "m"}')
        assert reply.status == 200
        assert reply.headers == [(b"x-a", b"1"), (b"content-length", b"2")]
        assert reply.header(b"x-a") == b"1"
        assert reply.header(b"x-b") is None
        assert await reply.read_all(100) == b"ok"
        assert await reply.read() == b""
        (request,) = up.requests
        assert request.head == (
            b"POST /v1/x HTTP/1.1\r\nhost: 127.0.0.1:%d\r\na: b\r\ncontent-length: 14" % up.port
        )
        assert request.body == b'{"model": "m"}'


async def test_a_get_has_no_length_and_an_empty_post_has_one(client: Client) -> None:
    async with Upstream() as up:
        await (await get(client, up)).read_all(10)
        await (await post(client, up, b"")).read_all(10)
        assert [request.header(b"content-length") for request in up.requests] == [None, b"0"]


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("parts", "body"),
    [
        ((CHUNKED + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",), b"abcdefg"),
        (
            (CHUNKED, b"3\r", b"\nab", b"c\r\n4;ext=1\r\ndefg\r", b"\n0\r\nx-tr: 1\r\n", b"\r\n"),
            b"abcdefg",
        ),
        (
            [bytes([byte]) for byte in CHUNKED + b"3;e=1\r\nabc\r\n1\r\nd\r\n0\r\nx-tr: 1\r\n\r\n"],
            b"abcd",
        ),
        ((b"HTT", b"P/1.1 200 OK\r\nconte", b"nt-length: 5\r\n\r\nab", b"cde"), b"abcde"),
        ((b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",), b""),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), b""),
        ((b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",), b""),
        ((b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\na",), b"a"),
    ],
)
async def test_framed_bodies_leave_the_connection_usable(
    client: Client, parts: Sequence[bytes], body: bytes
) -> None:
    """Chunked, by length and bodiless responses, cut anywhere, on one connection."""
    async with Upstream(replying(*parts)) as up:
        for _ in range(3):
            reply = await post(client, up)
            assert await reply.read_all(100) == body
        assert (up.connections, client.opened, client.reused, client.idle) == (1, 1, 2, 1)
        assert (b"x-tr", b"1") not in reply.headers


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
    ],
)
async def test_a_body_without_a_length_ends_with_the_connection(
    client: Client, head: bytes
) -> None:
    async with Upstream(replying(head + b"ab", b"cd", close=True)) as up:
        reply = await post(client, up)
        assert await reply.read_all(100) == b"abcd"
        assert client.idle == 0


async def test_a_chunk_is_handed_on_when_it_arrives(client: Client) -> None:
    """The reader gets the first piece while the upstream still holds the second back."""
    second = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + b"1\r\na\r\n")
        await second.wait()
        await peer.send(b"1\r\nb\r\n0\r\n\r\n")

    async with Upstream(script) as up:
        reply = await post(client, up)
        assert await reply.read() == b"a"
        second.set()
        assert await reply.read() == b"b"
        assert await reply.read() == b""


async def test_head_responses_have_no_body(client: Client) -> None:
    """The length of a HEAD response describes a body that does not come."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"
    async with Upstream(replying(head)) as up:
        for _ in range(2):
            reply = await get(client, up, b"HEAD")
            assert (reply.status, await reply.read_all(10)) == (200, b"")
        assert up.connections == 1


async def test_a_get_after_a_head_has_its_body(client: Client) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
        await peer.request()
        await peer.answer(b"hi")

    async with Upstream(script) as up:
        await (await get(client, up, b"HEAD")).read_all(10)
        assert await (await get(client, up)).read_all(10) == b"hi"
        assert up.connections == 1


async def test_a_head_response_with_a_body_costs_the_connection(client: Client) -> None:
    async with Upstream(replying(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")) as up:
        reply = await get(client, up, b"HEAD")
        assert await reply.read_all(10) == b""
        assert client.idle == 0


@pytest.mark.parametrize("together", [True, False])
async def test_informational_responses_are_skipped(client: Client, together: bool) -> None:
    parts = (
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    )
    async with Upstream(replying(*([b"".join(parts)] if together else parts))) as up:
        for _ in range(2):
            reply = await post(client, up)
            assert reply.status == 200
            assert reply.headers == [(b"content-length", b"2")]
            assert await reply.read_all(10) == b"ok"
        assert up.connections == 1


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok" * 2,
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokH",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok?",
    ],
)
async def test_connections_that_cannot_be_trusted_are_not_reused(
    client: Client, response: bytes
) -> None:
    """Neither one that the upstream ends nor one with bytes beyond its response."""
    async with Upstream(replying(response)) as up:
        for _ in range(2):
            assert await (await post(client, up)).read_all(10) == b"ok"
        assert (up.connections, client.reused, client.idle) == (2, 0, 0)


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 12_000 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3_000,
    ],
    ids=lambda response: response[:40].decode(),
)
async def test_what_is_not_a_response_is_a_violation(client: Client, response: bytes) -> None:
    async with Upstream(replying(response)) as up:
        with pytest.raises(ProtocolViolation):
            await post(client, up)
        assert client.idle == 0


@pytest.mark.parametrize(
    "rest", [b"zz\r\nabc\r\n", b"1;" + b"x" * 300_000, b"0\r\nt: " + b"x" * 300_000]
)
async def test_a_malformed_body_is_a_violation(client: Client, rest: bytes) -> None:
    """Bad chunk sizes, chunk extensions without end, trailers without end."""
    async with Upstream(replying(CHUNKED, rest)) as up:
        reply = await post(client, up)
        with pytest.raises(ProtocolViolation):
            await reply.read_all(1000)


async def test_chunk_extensions_may_be_long_between_parts(client: Client) -> None:
    """What is bounded is overhead without any body, not the overhead of a long stream."""
    part = (b"1;" + b"x" * 20_000, b"\r\na\r\n")
    async with Upstream(replying(CHUNKED, *part * 5, b"0\r\n\r\n")) as up:
        assert await (await post(client, up)).read_all(10) == b"aaaaa"


async def test_a_cut_body_is_read_up_to_the_cut(client: Client) -> None:
    for head in (CHUNKED + b"2\r\nab\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"):
        async with Upstream(replying(head, close=True)) as up:
            reply = await post(client, up)
            assert await reply.read() == b"ab"
            for _ in range(2):
                with pytest.raises(UpstreamClosed, match="short"):
                    await reply.read()


async def test_a_reset_is_a_cut_whatever_the_framing(client: Client) -> None:
    """A body that ends with the connection ends with a FIN, not with a RST."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nab")
        await asyncio.sleep(0.02)
        peer.reset()

    async with Upstream(script) as up:
        reply = await post(client, up)
        assert await reply.read() == b"ab"
        with pytest.raises(UpstreamClosed):
            await reply.read()


@pytest.mark.parametrize("hang_up", [Peer.close, Peer.reset])
async def test_closing_without_a_response(client: Client, hang_up: Callable[[Peer], None]) -> None:
    """A fresh connection that dies is not retried: the upstream may have done the work."""

    async def script(peer: Peer) -> None:
        await peer.request()
        hang_up(peer)

    async with Upstream(script) as up:
        with pytest.raises(UpstreamClosed, match="without a response"):
            await post(client, up)
        assert (up.connections, client.retried) == (1, 0)


async def test_a_response_beyond_the_limit_is_refused(client: Client) -> None:
    async with Upstream(
        replying(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n", b"x" * 11)
    ) as up:
        reply = await post(client, up)
        with pytest.raises(ResponseTooLarge):
            await reply.read_all(10)
        reply = await post(client, up)
        assert await reply.read_all(11) == b"x" * 11
