"""httpx and SDKs built on it, on this client."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from inference.upstream import Client, Proxies
from inference.upstream.transport import FastTransport, open_client
from tests.inference.upstream.test_connect import listener_without_room
from tests.inference.upstream.test_exchange import CHUNKED
from tests.inference.upstream.upstream import Peer, Script, Upstream
from tests.support.eventually import soon


@pytest.fixture
async def http(client: Client) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=FastTransport(client), timeout=2) as http:
        yield http


def url(upstream: Upstream, path: str = "/") -> str:
    return f"http://127.0.0.1:{upstream.port}{path}"


def answering(response: bytes, *, close: bool = False) -> Script:
    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(response)
            if close:
                return

    return script


async def silent(peer: Peer) -> None:
    await peer.request()
    await peer.gone()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_it_works(http: httpx.AsyncClient, client: Client) -> None:
    async with Upstream(
        answering(b"HTTP/1.1 201 Created\r\nx-a: 1\r\ncontent-length: 2\r\n\r\n{}")
    ) as up:
        for _ in range(2):
            response = await http.post(
                url(up, "/v1/x?b=c%20d"), json={"a": 1}, headers={"authorization": "Bearer k"}
            )
            assert (response.status_code, response.reason_phrase) == (201, "Created")
            assert response.headers["x-a"] == "1"
            assert response.http_version == "HTTP/1.1"
            assert response.json() == {}
        request = up.requests[0]
        assert request.line == b"POST /v1/x?b=c%20d HTTP/1.1"
        assert request.header(b"host") == b"127.0.0.1:%d" % up.port
        assert request.header(b"authorization") == b"Bearer k"
        assert request.head.lower().count(b"content-length") == 1
        assert json.loads(request.body) == {"a": 1}
        assert (client.opened, client.reused) == (1, 1)


async def test_streaming(http: httpx.AsyncClient, client: Client) -> None:
    """Parts are delivered while the upstream still holds the rest back."""
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(b"data: 1\n\n"))
        await go_on.wait()
        await peer.send(chunk(b"data: 2\n\n") + b"0\r\n\r\n")
        await peer.gone()

    async with Upstream(script) as up, http.stream("GET", url(up)) as response:
        lines = response.aiter_lines()
        assert await anext(lines) == "data: 1"
        go_on.set()
        assert [line async for line in lines] == ["", "data: 2", ""]
        assert client.idle == 1


async def test_leaving_a_stream_drops_its_connection(
    http: httpx.AsyncClient, client: Client
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(b"x"))
        await peer.gone()

    async with Upstream(script) as up:
        async with http.stream("GET", url(up)) as response:
            assert response.status_code == 200
        await soon(lambda: up.peers[0].left_at is not None)
        assert client.idle == 0


async def test_a_streamed_request_body_is_sent_by_its_length(http: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    async with Upstream() as up:
        await http.post(url(up), content=parts())
        assert up.requests[0].header(b"transfer-encoding") is None
        assert up.requests[0].body == b"abcd"


async def test_compressed_bodies_are_httpxs_business(http: httpx.AsyncClient) -> None:
    body = gzip.compress(b"hello")
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body)
    async with Upstream(answering(head + body)) as up:
        assert (await http.get(url(up))).text == "hello"
        assert up.requests[0].header(b"accept-encoding") is not None


async def test_redirects_and_cookies_stay_httpxs_business(http: httpx.AsyncClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n")
        await peer.request()
        await peer.answer(b"there")

    async with Upstream(script) as up:
        assert (await http.get(url(up, "/a"), follow_redirects=True)).text == "there"
        assert up.requests[1].line == b"GET /b HTTP/1.1"


async def test_connect_errors(http: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.ConnectError, match="refused") as caught:
        await http.get("http://127.0.0.1:1/")
    assert str(caught.value.request.url) == "http://127.0.0.1:1/"
    with pytest.raises(httpx.ConnectError, match="metadata"):
        await http.get("http://169.254.169.254/latest")
    with listener_without_room("127.0.0.1", 0) as port, pytest.raises(httpx.ConnectTimeout):
        await http.get(f"http://127.0.0.1:{port}/", timeout=httpx.Timeout(5, connect=0.05))


async def test_read_timeouts(http: httpx.AsyncClient, client: Client) -> None:
    """Before the head and inside the body; the connection is dropped at once."""

    async def stalling(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED + chunk(b"x"))
        await peer.gone()

    async with Upstream(silent, stalling) as up:
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout, match=r"0\.05 seconds"):
                await http.get(url(up), timeout=httpx.Timeout(2, read=0.05))
            await soon(lambda: not client.connections)


async def test_a_large_request_has_the_write_timeout_too(http: httpx.AsyncClient) -> None:
    async def slow(peer: Peer) -> None:
        await peer.head()
        await asyncio.sleep(0.1)
        await peer.reader.readexactly(200_000)
        await peer.answer()

    async with Upstream(slow) as up:
        timeout = httpx.Timeout(2, read=0.05, write=2)
        assert (await http.post(url(up), content=bytes(200_000), timeout=timeout)).text == "ok"


async def test_no_timeouts_at_all(http: httpx.AsyncClient) -> None:
    async with Upstream() as up:
        assert (await http.get(url(up), timeout=None)).text == "ok"


@pytest.mark.parametrize(
    "response",
    [b"", b"nonsense\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab", CHUNKED + b"zz\r\n"],
)
async def test_broken_upstreams(http: httpx.AsyncClient, response: bytes) -> None:
    async with Upstream(answering(response, close=True)) as up:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(url(up))


async def test_what_cannot_be_sent(http: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await http.get("ftp://127.0.0.1/")
    with pytest.raises(httpx.LocalProtocolError):
        await http.get("http://127.0.0.1:1/", headers={"x-a": "b\r\nc: d"})


async def test_cancelling(http: httpx.AsyncClient, client: Client) -> None:
    async with Upstream(silent) as up:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await http.get(url(up))
        await soon(lambda: up.peers[0].left_at is not None)
        assert not client.connections


async def test_a_client_by_base_url(tmp_path: Path, client: Client) -> None:
    """A provider's base URL as it stands, a Unix socket with capitals in its path included."""
    socket_path = str(tmp_path / "Models.sock")
    up = Upstream()
    await up.start(uds=socket_path)
    base = f"http+unix://{socket_path.replace('/', '%2F')}/v1"
    async with open_client(base, client=client) as http:
        assert (await http.get("/models")).text == "ok"
    assert up.requests[0].line == b"GET /v1/models HTTP/1.1"
    await up.stop()
    async with Upstream() as up, open_client(url(up, "/api/v1/"), client=client) as http:
        assert (await http.get("models")).text == "ok"
        assert up.requests[0].line == b"GET /api/v1/models HTTP/1.1"
    with pytest.raises(ValueError, match="must start with"):
        open_client("nonsense")


async def test_a_transport_closes_only_its_own_client(client: Client) -> None:
    async with Upstream() as up:
        for transport in (FastTransport(client), FastTransport()):
            async with httpx.AsyncClient(transport=transport) as http:
                await http.get(url(up))
        assert client.idle == 1
        await soon(lambda: up.peers[1].reader.at_eof())
        assert not up.peers[0].reader.at_eof()


def completion(content: str) -> dict[str, object]:
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": None}],
    }


def openai_sdk(client: Client, upstream: Upstream, max_retries: int = 0) -> openai.AsyncOpenAI:
    # The SDK's annotations name a fork of httpx; it takes the original as well.
    http_client: Any = httpx.AsyncClient(transport=FastTransport(client))
    return openai.AsyncOpenAI(
        api_key="k",
        base_url=url(upstream, "/v1"),
        http_client=http_client,
        max_retries=max_retries,
    )


async def test_the_openai_sdk_streams_over_it(client: Client) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(
            CHUNKED.replace(b"\r\n\r\n", b"\r\ncontent-type: text/event-stream\r\n\r\n")
        )
        for word in ("Hello", " ", "wörld"):
            event = f"data: {json.dumps(completion(word))}\n\n".encode()
            await peer.send(chunk(event[:20]))
            await peer.send(chunk(event[20:]))
        await peer.send(chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await peer.gone()

    async with Upstream(script) as up:
        sdk = openai_sdk(client, up)
        stream = await sdk.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        words = [event.choices[0].delta.content async for event in stream]
        assert words == ["Hello", " ", "wörld"]
        assert up.requests[0].line == b"POST /v1/chat/completions HTTP/1.1"
        assert up.requests[0].header(b"authorization") == b"Bearer k"
        assert client.idle == 1


async def test_the_openai_sdk_retries_over_it(client: Client) -> None:
    """Errors reach the SDK as the ones it knows."""
    answer = json.dumps(completion("x")).encode()

    async def broken(peer: Peer) -> None:
        await peer.request()

    async def working(peer: Peer) -> None:
        await peer.request()
        await peer.answer(answer, extra=b"content-type: application/json\r\n")

    async with Upstream(broken, working) as up:
        sdk = openai_sdk(client, up, max_retries=1)
        done = await sdk.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}]
        )
        assert done.id == "c"
        assert up.connections == 2


async def test_one_client_for_both(client: Client) -> None:
    """The adapter shares the hot path's connections."""
    async with Upstream() as up:
        async with httpx.AsyncClient(transport=FastTransport(client)) as http:
            await http.get(url(up))
        reply = await client.send(up.destination, b"GET", b"/", b"", b"", connect_timeout=1)
        assert await reply.read_all(10) == b"ok"
        assert client.opened == 1


async def test_proxies_are_the_clients() -> None:
    async with Upstream() as proxy:
        client = Client(proxies=Proxies(http=f"http://127.0.0.1:{proxy.port}"))
        async with httpx.AsyncClient(transport=FastTransport(client)) as http:
            await http.get("http://models.example.com/v1")
        assert proxy.requests[0].line == b"GET http://models.example.com/v1 HTTP/1.1"
        await client.aclose()
