"""Large bodies, slow readers, and exchanges that are given up."""

import asyncio
import contextlib
import hashlib

import pytest

from inference.upstream import Client, Reply, UpstreamClosed
from inference.upstream.reply import MAX_BUFFERED
from tests.inference.upstream.test_exchange import CHUNKED, post
from tests.inference.upstream.upstream import Peer, Upstream, serve_forever
from tests.support.eventually import soon

BIG = bytes(range(256)) * 32_768  # 8 MiB


async def silent(peer: Peer) -> None:
    """Read a request and leave it unanswered until the client goes."""
    await peer.request()
    await peer.gone()


async def test_a_large_body_arrives_whole_at_a_slow_upstream(client: Client) -> None:

    async def script(peer: Peer) -> None:
        head = await peer.head()
        length = int(head.header(b"content-length") or 0)
        digest = hashlib.sha256()
        while length:
            part = await peer.reader.read(min(length, 300_000))
            digest.update(part)
            length -= len(part)
            await asyncio.sleep(0.001)
        await peer.answer(digest.hexdigest().encode())

    async with Upstream(script) as up:
        reply = await post(client, up, BIG)
        assert await reply.read_all(100) == hashlib.sha256(BIG).hexdigest().encode()
        assert client.idle == 1


@pytest.mark.parametrize("close", [True, False])
async def test_an_early_response_is_delivered(client: Client, close: bool) -> None:
    """A 413 sent while the body is still on its way, by an upstream that reads no further."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 7\r\n\r\ntoo big")
        if not close:
            await peer.gone()

    async with Upstream(script) as up:
        reply = await asyncio.wait_for(post(client, up, BIG), 5)
        assert reply.status == 413
        assert await reply.read_all(100) == b"too big"
        assert client.idle == 0


async def test_a_refused_body_is_not_sent_to_its_end(client: Client) -> None:
    """After a 4xx the rest stays here, even when the upstream would read it."""
    received = 0

    async def script(peer: Peer) -> None:
        nonlocal received
        await peer.head()
        await peer.send(CHUNKED.replace(b"200 OK", b"413 Too Large") + b"1\r\na\r\n")
        await refused.wait()
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0.1):
                    received += len(await peer.reader.read(1_000_000))
        await peer.send(b"0\r\n\r\n")
        await peer.gone()

    refused = asyncio.Event()
    async with Upstream(script) as up:
        reply = await post(client, up, BIG * 4)
        assert reply.status == 413
        refused.set()
        assert await reply.read_all(10) == b"a"
        assert received < len(BIG * 4)
        assert client.idle == 0


async def test_a_success_before_the_body_was_sent_costs_the_connection(client: Client) -> None:
    """The next request must not follow half a body."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.answer()
        await peer.gone()

    async with Upstream(script) as up:
        assert await (await post(client, up, BIG)).read_all(10) == b"ok"
        assert client.idle == 0


async def test_the_body_goes_on_beside_an_early_success(client: Client) -> None:
    """An upstream may start a stream before it has read everything; it still needs the rest."""

    async def script(peer: Peer) -> None:
        head = await peer.head()
        await peer.send(CHUNKED + b"5\r\nearly\r\n")
        await peer.reader.readexactly(int(head.header(b"content-length") or 0))
        await peer.send(b"4\r\nlate\r\n0\r\n\r\n")
        await peer.gone()

    async with Upstream(script) as up:
        reply = await post(client, up, BIG)
        assert await reply.read() == b"early"
        assert await reply.read_all(100) == b"late"


async def test_a_slow_reader_slows_the_upstream(client: Client) -> None:
    """Bounded memory, then everything in order, then the connection is used again."""
    sent = 0
    total = 32 * 1024 * 1024

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
        while sent < total:
            await peer.send(b"%016d" % sent + bytes(65_520))
            sent += 65_536
        await peer.request()
        await peer.answer()

    async with Upstream(script) as up:
        reply = await post(client, up)
        await asyncio.sleep(0.1)
        assert reply.buffered < MAX_BUFFERED + 512 * 1024
        assert sent < total
        body = await reply.read_all(total)
        assert all(int(body[at : at + 16]) == at for at in range(0, total, 65_536))
        assert await (await post(client, up)).read_all(10) == b"ok"
        assert client.opened == 1


async def test_a_response_that_ends_while_paused_leaves_a_working_connection(
    client: Client,
) -> None:
    """The last bytes stop the reading and end the response at once."""

    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            await peer.answer(bytes(MAX_BUFFERED + 50_000))

    async with Upstream(script) as up:
        for _ in range(2):
            reply = await post(client, up)
            await asyncio.sleep(0.05)
            assert len(await reply.read_all(10**6)) == MAX_BUFFERED + 50_000
        assert client.opened == 1


async def test_cancelling_send_drops_the_connection(client: Client) -> None:
    async with Upstream(silent) as up:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await post(client, up)
        await soon(lambda: up.peers[0].left_at is not None, 0.2)
        assert client.idle == 0
        assert not client.connections


async def test_cancelling_send_in_the_middle_of_a_large_body(client: Client) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await asyncio.sleep(0.1)
        await peer.gone()

    async with Upstream(script) as up:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await post(client, up, BIG)
        await soon(lambda: not client.connections)


async def test_a_cancelled_read_loses_nothing(client: Client) -> None:
    """A reader may wait in slices, to send pings between them."""
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        await go_on.wait()
        await peer.send(b"1\r\na\r\n0\r\n\r\n")

    async with Upstream(script) as up:
        reply = await post(client, up)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await reply.read()
        go_on.set()
        assert await reply.read_all(10) == b"a"


async def test_aborting_a_send_that_waits(client: Client) -> None:
    """A watchdog's timer ends the wait with its own error, without a task."""

    class Late(Exception):
        pass

    late = Late("no head in time")
    loop = asyncio.get_running_loop()
    async with Upstream(silent) as up:
        with pytest.raises(Late) as caught:
            await post(client, up, on_start=lambda reply: loop.call_later(0.02, reply.abort, late))
        # A copy: the reply keeps its own, which must not hold the frames this one went through.
        assert caught.value.args == late.args
        assert late.__traceback__ is None
        await soon(lambda: not client.connections)


async def test_aborting_at_once(client: Client) -> None:
    """on_start itself may abort, or raise: nothing is sent."""

    def refuse(reply: Reply) -> None:
        raise LookupError

    async with Upstream(silent) as up:
        with pytest.raises(UpstreamClosed, match="aborted"):
            await post(client, up, on_start=Reply.abort)
        with pytest.raises(LookupError):
            await post(client, up, on_start=refuse)
        await soon(
            lambda: not client.connections and all(peer.reader.at_eof() for peer in up.peers)
        )
        assert not up.requests


async def test_aborting_a_read_that_waits(client: Client) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        await peer.gone()

    async with Upstream(script) as up:
        reply = await post(client, up)
        asyncio.get_running_loop().call_later(0.02, reply.abort, TimeoutError("silence"))
        with pytest.raises(TimeoutError, match="silence"):
            await reply.read()
        reply.abort(ValueError("a second abort changes nothing"))
        with pytest.raises(TimeoutError):
            await reply.read()
        await soon(lambda: not client.connections)


async def test_aborting_discards_what_was_not_read(client: Client) -> None:
    async with Upstream() as up:
        reply = await post(client, up)
        reply.abort()
        with pytest.raises(UpstreamClosed):
            await reply.read()


async def test_aborting_a_finished_reply_does_nothing(client: Client) -> None:
    """Above all it must not drop the connection that serves the next request by then."""
    async with Upstream() as up:
        reply = await post(client, up)
        assert await reply.read_all(10) == b"ok"
        reply.abort()
        assert await reply.read() == b""
        following = asyncio.create_task(post(client, up))
        await asyncio.sleep(0)
        reply.abort()
        assert await (await following).read_all(10) == b"ok"
        assert client.opened == 1


async def test_aborting_while_a_stale_connection_is_replaced(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watchdog is heard during the second connect too."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()

    async def never(*_: object) -> None:
        await asyncio.sleep(60)

    async with Upstream(script, serve_forever) as up:
        await (await post(client, up)).read_all(10)
        monkeypatch.setattr("inference.upstream.client.dial", never)
        loop = asyncio.get_running_loop()
        with pytest.raises(ZeroDivisionError):
            await post(
                client,
                up,
                on_start=lambda reply: loop.call_later(0.05, reply.abort, ZeroDivisionError()),
            )
        assert client.retried == 1


async def test_two_readers_are_refused(client: Client) -> None:
    """One would wait for ever."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        await peer.gone()

    async with Upstream(script) as up:
        reply = await post(client, up)
        first = asyncio.create_task(reply.read())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await reply.read()
        reply.abort()
        with pytest.raises(UpstreamClosed):
            await first
