"""Keeping connections, and noticing that the upstream has not kept them."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest

from inference.upstream import Client, ConnectFailed, Destination, Proxies, Reply, UpstreamClosed
from inference.upstream.client import STALE_WINDOW
from inference.upstream.connection import Connection
from inference.upstream.dialing import dial
from tests.inference.upstream.test_exchange import post
from tests.inference.upstream.upstream import Peer, Upstream, serve_forever
from tests.support.eventually import soon


async def test_the_connection_used_last_is_reused_first(client: Client) -> None:
    async with Upstream() as up:
        replies = await asyncio.gather(*(post(client, up) for _ in range(3)))
        for reply in replies:
            await reply.read_all(10)
        assert (client.opened, client.idle) == (3, 3)
        for _ in range(5):
            await (await post(client, up)).read_all(10)
        assert sorted(len(peer.requests) for peer in up.peers) == [1, 1, 6]
        assert (client.opened, client.reused, client.idle) == (3, 5, 3)


async def test_destinations_do_not_share_connections(client: Client) -> None:
    async with Upstream() as one, Upstream() as two:
        for up in (one, two, one):
            await (await post(client, up)).read_all(10)
        assert (one.connections, two.connections, client.opened) == (1, 1, 2)


async def test_no_more_idle_connections_than_allowed() -> None:
    client = Client(max_idle_per_destination=2, proxies=Proxies())
    async with Upstream() as up:
        replies = await asyncio.gather(*(post(client, up) for _ in range(5)))
        for reply in replies:
            await reply.read_all(10)
        assert (client.opened, client.idle) == (5, 2)
    await client.aclose()


async def test_idle_connections_expire() -> None:
    """They are closed when their time is over, without another request."""
    client = Client(idle_seconds=0.05, proxies=Proxies())

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        assert await peer.gone()
        gone.set()

    gone = asyncio.Event()
    async with Upstream(script) as up:
        await (await post(client, up)).read_all(10)
        await asyncio.wait_for(gone.wait(), 2)
        assert client.idle == 0
    await client.aclose()


async def test_an_expired_connection_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the loop was too busy to sweep in time."""
    client = Client(idle_seconds=0.05, proxies=Proxies())
    monkeypatch.setattr(client, "_sweep", lambda: None)
    async with Upstream() as up:
        await (await post(client, up)).read_all(10)
        await asyncio.sleep(0.07)
        await (await post(client, up)).read_all(10)
        assert (client.opened, client.reused, client.idle) == (2, 0, 1)
    await client.aclose()


@pytest.mark.parametrize("hang_up", [Peer.close, Peer.reset])
async def test_a_connection_closed_while_idle_is_not_taken(
    client: Client, hang_up: Callable[[Peer], None]
) -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await asyncio.sleep(0.01)
        hang_up(peer)
        closed.set()

    async with Upstream(script, serve_forever) as up:
        await (await post(client, up)).read_all(10)
        await closed.wait()
        await soon(lambda: client.idle == 0)
        assert await (await post(client, up)).read_all(10) == b"ok"
        assert (client.opened, client.retried) == (2, 0)


async def test_bytes_nobody_asked_for_close_an_idle_connection(client: Client) -> None:
    """Some servers send a 408 before they close; the next request must not get it."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await asyncio.sleep(0.01)
        await peer.send(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        await peer.gone()

    async with Upstream(script, serve_forever) as up:
        await (await post(client, up)).read_all(10)
        await soon(lambda: client.idle == 0)
        assert (await post(client, up)).status == 200


@pytest.mark.parametrize("hang_up", [Peer.close, Peer.reset])
@pytest.mark.parametrize("size", [2, 8_000_000])
async def test_a_stale_connection_is_replaced_once(
    client: Client, hang_up: Callable[[Peer], None], size: int
) -> None:
    """The upstream's close crossed the request on its way."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.head()
        hang_up(peer)

    async with Upstream(script, serve_forever) as up:
        await (await post(client, up)).read_all(10)
        body = b"x" * size
        reply = await post(client, up, body)
        assert reply.resent
        assert await reply.read_all(10) == b"ok"
        assert up.requests[-1].body == body
        assert (up.connections, client.retried, client.opened) == (2, 1, 2)


async def test_the_second_connection_is_not_replaced(client: Client) -> None:
    async def first(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()

    async def second(peer: Peer) -> None:
        await peer.request()

    async with Upstream(first, second) as up:
        started: list[Reply] = []
        await (await post(client, up, on_start=started.append)).read_all(10)
        with pytest.raises(UpstreamClosed):
            await post(client, up, on_start=started.append)
        assert (up.connections, client.retried) == (2, 1)
        assert [reply.resent for reply in started] == [False, True]


async def test_no_retry_once_a_byte_of_the_response_came(client: Client) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()
        await peer.send(b"H")

    async with Upstream(script) as up:
        await (await post(client, up)).read_all(10)
        with pytest.raises(UpstreamClosed):
            await post(client, up)
        assert (up.connections, client.retried) == (1, 0)


async def test_no_retry_when_the_upstream_had_time_to_work(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reused connection that dies late was not stale: repeating could bill a completion twice."""
    assert STALE_WINDOW == 1
    monkeypatch.setattr("inference.upstream.client.STALE_WINDOW", 0.02)

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()
        await asyncio.sleep(0.05)

    async with Upstream(script) as up:
        await (await post(client, up)).read_all(10)
        with pytest.raises(UpstreamClosed):
            await post(client, up)
        assert (up.connections, client.retried) == (1, 0)


async def test_no_retry_for_a_request_that_was_aborted_meanwhile() -> None:
    """The watchdog may speak between the death of a stale connection and its replacement."""
    replies: list[Reply] = []

    class Watched(Client):
        def connection_closed(self, connection: Connection) -> None:
            super().connection_closed(connection)
            for reply in replies:
                reply.abort()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()

    client = Watched(proxies=Proxies())
    async with Upstream(script, serve_forever) as up:
        await (await post(client, up)).read_all(10)
        with pytest.raises(UpstreamClosed):
            await post(client, up, on_start=replies.append)
        assert (up.connections, client.retried) == (1, 0)
    await client.aclose()


async def test_a_connection_that_dies_before_it_is_used(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent, so this counts as a failed connect; it must not wait for an answer."""

    async def slow_dial(*arguments: Any) -> None:
        await dial(*arguments)
        await asyncio.sleep(0.05)

    async def script(peer: Peer) -> None:
        peer.close()

    monkeypatch.setattr("inference.upstream.client.dial", slow_dial)
    async with Upstream(script) as up:
        with pytest.raises(ConnectFailed, match="at once"):
            await post(client, up)
        await soon(lambda: not client.connections)


async def test_closed_connections_are_freed_at_once(client: Client) -> None:
    """Without the cycle collector, which the service lets run rarely."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")

    def connections() -> set[int]:
        # By exact type: asking a dead weak proxy for its class would raise.
        return {id(thing) for thing in gc.get_objects() if type(thing) is Connection}

    gc.collect()
    gc.disable()
    others = connections()
    try:
        async with Upstream(script) as up:
            reply = await post(client, up)
            await reply.read()
            await soon(lambda: not client.connections)
            assert client.opened == 1
            await asyncio.sleep(0.02)
            assert connections() <= others
    finally:
        gc.enable()


async def test_closing_the_client_ends_what_is_under_way(client: Client) -> None:
    async def silent(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with Upstream(silent) as up:
        pending = asyncio.create_task(post(client, up))
        await soon(lambda: up.requests)
        await client.aclose()
        with pytest.raises(UpstreamClosed, match="client was closed"):
            await pending
        with pytest.raises(ConnectFailed, match="client is closed"):
            await post(client, up)


def test_a_client_belongs_to_one_loop() -> None:
    """Connections of another loop would never wake the caller."""
    client = Client(proxies=Proxies())
    nowhere = Destination("http", "127.0.0.1", 1)

    async def use() -> None:
        with pytest.raises(ConnectFailed):
            await client.send(nowhere, b"GET", b"/", b"", b"", connect_timeout=1)

    asyncio.run(use())
    with pytest.raises(RuntimeError, match="event loop"):
        asyncio.run(use())
