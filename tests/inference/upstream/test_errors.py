"""Why an exchange failed, in a few words that name neither host nor address."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from inference.upstream import Client, Destination, Proxies, UpstreamError
from inference.upstream.errors import reason_of
from tests.inference.upstream.certificates import Authority
from tests.inference.upstream.test_exchange import post, replying
from tests.inference.upstream.upstream import Peer, Script, Upstream


async def cause_of(client: Client, destination: Destination) -> str:
    with pytest.raises(UpstreamError) as caught:
        await client.send(destination, b"POST", b"/", b"", b"{}", connect_timeout=5)
    cause = caught.value.cause
    assert destination.host not in cause
    assert str(destination.port) not in cause
    return cause


async def test_nobody_listens(client: Client) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        where = Destination("http", "127.0.0.1", unused.getsockname()[1])
        assert await cause_of(client, where) == "connection refused"


async def test_no_socket(client: Client, tmp_path: Path) -> None:
    """The path of a Unix socket is a path of the host: the words are free of it."""
    where = Destination("http", "localhost", 80, str(tmp_path / "none.sock"))
    assert await cause_of(client, where) == "no such file or directory"


async def test_the_name_is_unknown(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lookup(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr("inference.upstream.sockets.lookup", lookup)
    assert await cause_of(client, Destination("http", "a.example", 80)) == "name not found"


@pytest.mark.parametrize(
    ("host", "cause"),
    [
        ("169.254.169.254", "its address is the metadata service of a cloud"),
        ("::ffff:169.254.1.1", "its address is a link-local address"),
    ],
)
async def test_the_address_is_forbidden(client: Client, host: str, cause: str) -> None:
    assert await cause_of(client, Destination("http", host, 80)) == cause


@contextlib.asynccontextmanager
async def trusting(folder: Path, name: str, days: int) -> AsyncIterator[tuple[Client, Upstream]]:
    authority = Authority(folder)
    client = Client(ssl_context=authority.client_context(), proxies=Proxies())
    async with Upstream(ssl_context=authority.server_context(name, days=days)) as up:
        yield client, up
    await client.aclose()


@pytest.mark.parametrize(
    ("name", "days", "cause"),
    [
        ("127.0.0.1", -1, "certificate has expired"),
        ("127.0.0.9", 1, "IP address mismatch"),
        ("other.example", 1, "IP address mismatch"),
    ],
)
async def test_the_certificate(tmp_path: Path, name: str, days: int, cause: str) -> None:
    async with trusting(tmp_path, name, days) as (client, up):
        assert await cause_of(client, up.destination) == cause


async def test_no_tls_there(tmp_path: Path) -> None:
    async def plain(peer: Peer) -> None:
        await peer.reader.read(100)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    client = Client(ssl_context=Authority(tmp_path).client_context(), proxies=Proxies())
    async with Upstream(plain) as up:
        where = Destination("https", "127.0.0.1", up.port)
        assert (await cause_of(client, where)).startswith("TLS failed (")
    await client.aclose()


@pytest.mark.parametrize(
    ("hang_up", "cause"),
    [(Peer.close, "closed without a response"), (Peer.reset, "connection reset by peer")],
)
async def test_no_response(client: Client, hang_up: Callable[[Peer], None], cause: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        hang_up(peer)

    async with Upstream(script) as up:
        assert await cause_of(client, up.destination) == cause


async def test_no_http(client: Client) -> None:
    async with Upstream(replying(b"SSH-2.0-OpenSSH\r\n", close=True)) as up:
        assert await cause_of(client, up.destination) == "not valid HTTP"


def cut(hang_up: Callable[[Peer], None]) -> Script:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab")
        await asyncio.sleep(0.02)
        hang_up(peer)

    return script


@pytest.mark.parametrize(
    ("hang_up", "cause"), [(Peer.close, "cut short"), (Peer.reset, "connection reset by peer")]
)
async def test_a_cut(client: Client, hang_up: Callable[[Peer], None], cause: str) -> None:
    async with Upstream(cut(hang_up)) as up:
        reply = await post(client, up)
        with pytest.raises(UpstreamError) as caught:
            await reply.read_all(100)
        assert caught.value.cause == cause


def test_the_number_of_a_tls_error_is_not_the_systems() -> None:
    """Number 1 means `operation not permitted` to the system."""
    assert reason_of(ssl.SSLError(1, "[SSL] bad")) == "TLS failed (no reason given)"
