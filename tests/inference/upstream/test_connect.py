"""Ways to a destination: addresses, Unix sockets, time-outs."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inference.upstream import Client, ConnectFailed, ConnectTimedOut, Destination, Reply
from inference.upstream.sockets import connect_tcp
from tests.inference.upstream.upstream import Upstream


async def get(client: Client, destination: Destination, timeout: float = 5) -> Reply:
    return await client.send(destination, b"GET", b"/", b"", b"", connect_timeout=timeout)


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let every name resolve to the given addresses, in this order."""

    def install(*addresses: str, seconds: float = 0) -> None:
        async def lookup(_: object, host: str, port: int) -> list[Any]:
            await asyncio.sleep(seconds)
            if not addresses:
                raise socket.gaierror(socket.EAI_NONAME, "no such name")
            families = [socket.AF_INET6 if ":" in text else socket.AF_INET for text in addresses]
            return [
                (family, socket.SOCK_STREAM, 6, "", (text, port))
                for family, text in zip(families, addresses, strict=True)
            ]

        monkeypatch.setattr("inference.upstream.sockets.lookup", lookup)

    return install


@contextlib.contextmanager
def listener_without_room(host: str, port: int) -> Iterator[int]:
    """A port that neither accepts nor refuses: its queue of connections is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_a_refused_connection(client: Client) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ConnectFailed, match=f"127.0.0.1:{port}: connection refused"):
            await get(client, Destination("http", "127.0.0.1", port))


async def test_a_name_that_does_not_exist(client: Client, resolve: Callable[..., None]) -> None:
    resolve()
    with pytest.raises(ConnectFailed, match=r"nowhere\.example could not be resolved"):
        await get(client, Destination("http", "nowhere.example", 80))


async def test_a_real_name(client: Client) -> None:
    """By the system's resolver; it may offer ::1 first, where nobody listens."""
    async with Upstream() as up:
        reply = await get(client, Destination("http", "localhost", up.port))
        assert await reply.read_all(10) == b"ok"
        assert up.requests[0].header(b"host") == b"localhost:%d" % up.port


async def test_ipv6(client: Client) -> None:
    up = Upstream()
    try:
        await up.start("::1")
    except OSError as error:
        if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
            pytest.skip("this machine has no IPv6")
        raise
    reply = await get(client, Destination("http", "::1", up.port))
    assert await reply.read_all(10) == b"ok"
    assert up.requests[0].header(b"host") == b"[::1]:%d" % up.port
    await up.stop()


async def test_a_unix_socket(client: Client, tmp_path: Path) -> None:
    up = Upstream()
    path = str(tmp_path / "s")
    await up.start(uds=path)
    destination, base = Destination.parse(f"http+unix://{path.replace('/', '%2F')}/v1")
    for _ in range(2):
        reply = await client.send(
            destination, b"POST", f"{base}/x".encode(), b"", b"{}", connect_timeout=1
        )
        assert await reply.read_all(10) == b"ok"
    assert up.connections == 1
    assert up.requests[0].line == b"POST /v1/x HTTP/1.1"
    assert up.requests[0].header(b"host") == b"localhost"
    await up.stop()


async def test_a_unix_socket_that_is_not_there(client: Client, tmp_path: Path) -> None:
    with pytest.raises(ConnectFailed, match=r"nobody\.sock"):
        await get(client, Destination("http", "localhost", 80, str(tmp_path / "nobody.sock")))


async def test_a_dead_address_costs_a_quarter_second(
    client: Client, resolve: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next address is tried beside one that does not answer; the loser is closed."""
    monkeypatch.setattr("inference.upstream.sockets.ATTEMPT_DELAY", 0.05)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with Upstream() as up:
        # Two addresses of this machine, the same port: only one of them answers.
        resolve("127.0.0.2", "127.0.0.1")
        with listener_without_room("127.0.0.2", up.port):
            reply = await get(client, Destination("http", "two.example", up.port))
            assert await reply.read_all(10) == b"ok"
            await asyncio.sleep(0)
            assert not [task for task in asyncio.all_tasks() if "sockets.py" in repr(task)]
    assert 0.04 < loop.time() - started < 1


async def test_a_refusing_address_costs_no_time(
    client: Client, resolve: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.upstream.sockets.ATTEMPT_DELAY", 5)
    async with Upstream() as up:
        resolve("127.0.0.3", "127.0.0.1")
        async with asyncio.timeout(2):
            assert (await get(client, Destination("http", "two.example", up.port))).status == 200


async def test_all_addresses_refuse(client: Client, resolve: Callable[..., None]) -> None:
    resolve("127.0.0.3", "::1", "127.0.0.4")
    with pytest.raises(ConnectFailed, match="refused"):
        await get(client, Destination("http", "two.example", 1))


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1%eth0", "::ffff:169.254.1.1"])
async def test_a_name_that_resolves_to_a_forbidden_address(
    client: Client, resolve: Callable[..., None], address: str
) -> None:
    """DNS rebinding: the name was innocent when the base URL was saved."""
    resolve("127.0.0.1", address)
    async with Upstream() as up:
        with pytest.raises(ConnectFailed, match="Refused to connect: innocent"):
            await get(client, Destination("http", "innocent.example", up.port))
        assert up.connections == 0


async def test_a_forbidden_literal(client: Client) -> None:
    with pytest.raises(ConnectFailed, match="Refused"):
        await get(client, Destination("http", "169.254.169.254", 80), timeout=0.5)


async def test_connecting_takes_too_long(client: Client) -> None:
    with (
        listener_without_room("127.0.0.1", 0) as port,
        pytest.raises(ConnectTimedOut, match=r"within 0\.05 seconds"),
    ):
        await get(client, Destination("http", "127.0.0.1", port), 0.05)
    assert client.opened == 0


async def test_resolving_takes_too_long(client: Client, resolve: Callable[..., None]) -> None:
    resolve("127.0.0.1", seconds=5)
    with pytest.raises(ConnectTimedOut):
        await get(client, Destination("http", "slow.example", 80), 0.05)


async def test_cancelling_while_connecting(client: Client) -> None:
    with listener_without_room("127.0.0.1", 0) as port, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await get(client, Destination("http", "127.0.0.1", port))


async def test_small_writes_are_not_held_back() -> None:
    """Nagle's algorithm would cost a stream 40 ms."""
    loop = asyncio.get_running_loop()
    async with Upstream() as up:
        sock = await connect_tcp(loop, "127.0.0.1", up.port, guard=True)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        sock.close()
