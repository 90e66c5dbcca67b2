"""TLS to upstreams, directly and through proxies."""

import asyncio
import base64
import ssl

import pytest

from inference.upstream import Client, ConnectFailed, ConnectTimedOut, Destination, Proxies, Reply
from tests.inference.upstream.certificates import Authority
from tests.inference.upstream.upstream import Peer, Script, Upstream
from tests.support.eventually import soon


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


async def post(client: Client, destination: Destination, body: bytes = b"{}") -> Reply:
    return await client.send(destination, b"POST", b"/v1/x", b"", body, connect_timeout=5)


def trusting(authority: Authority, proxies: Proxies | None = None) -> Client:
    return Client(ssl_context=authority.client_context(), proxies=proxies or Proxies())


async def test_it_works(authority: Authority) -> None:
    """Keep-alive and large bodies over TLS, the certificate naming an address."""
    client = trusting(authority)
    async with Upstream(ssl_context=authority.server_context("127.0.0.1")) as up:
        for body in (b"{}", b"x" * 3_000_000, b"{}"):
            assert await (await post(client, up.destination, body)).read_all(10) == b"ok"
            assert up.requests[-1].body == body
        assert (client.opened, client.reused) == (1, 2)
        await client.aclose()


async def test_the_name_is_told_to_the_server(authority: Authority) -> None:
    """SNI: a server of many names picks its certificate by it."""
    context = authority.server_context("localhost")
    told: list[str | None] = []
    context.sni_callback = lambda _, name, __: told.append(name)
    client = trusting(authority)
    async with Upstream(ssl_context=context) as up:
        reply = await post(client, Destination("https", "localhost", up.port))
        assert await reply.read_all(10) == b"ok"
        assert told == ["localhost"]
        await client.aclose()


async def test_certificates_are_verified_by_default(authority: Authority) -> None:
    client = Client(proxies=Proxies())
    async with Upstream(ssl_context=authority.server_context("127.0.0.1")) as up:
        with pytest.raises(ConnectFailed, match=r"certificate of 127\.0\.0\.1:\d+ is not valid"):
            await post(client, up.destination)
        assert not up.requests
    await client.aclose()


async def test_the_name_must_be_the_certificates(authority: Authority) -> None:
    client = trusting(authority)
    async with Upstream(ssl_context=authority.server_context("other.example")) as up:
        with pytest.raises(ConnectFailed, match="certificate"):
            await post(client, up.destination)
    await client.aclose()


async def test_an_expired_certificate(authority: Authority) -> None:
    client = trusting(authority)
    async with Upstream(ssl_context=authority.server_context("127.0.0.1", days=-1)) as up:
        with pytest.raises(ConnectFailed, match="expired"):
            await post(client, up.destination)
    await client.aclose()


async def test_an_authority_of_the_operators_own(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE names the trusted authorities."""
    from inference.upstream.tls import default_ssl_context

    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    default_ssl_context.cache_clear()
    client = Client(proxies=Proxies())
    async with Upstream(ssl_context=authority.server_context("127.0.0.1")) as up:
        assert await (await post(client, up.destination)).read_all(10) == b"ok"
        await client.aclose()
    default_ssl_context.cache_clear()


def test_the_public_authorities_are_trusted() -> None:
    from inference.upstream.tls import default_ssl_context

    context = default_ssl_context()
    assert len(context.get_ca_certs()) > 50
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


async def test_tls_to_a_server_without_tls(authority: Authority) -> None:
    async def plain(peer: Peer) -> None:
        await peer.reader.read(100)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    client = trusting(authority)
    async with Upstream(plain) as up:
        with pytest.raises(ConnectFailed):
            await post(client, Destination("https", "127.0.0.1", up.port))
    await client.aclose()


async def test_a_handshake_that_stalls(authority: Authority) -> None:
    """The connect timeout covers it, and the socket is closed."""

    async def stall(peer: Peer) -> None:
        await peer.gone()

    client = trusting(authority)
    async with Upstream(stall) as up:
        with pytest.raises(ConnectTimedOut):
            await client.send(
                Destination("https", "127.0.0.1", up.port),
                b"GET",
                b"/",
                b"",
                b"",
                connect_timeout=0.1,
            )
        await soon(lambda: up.peers[0].left_at is not None)
    await client.aclose()


async def test_dropping_a_tls_connection(authority: Authority) -> None:
    """Cancelling does not wait for the peer's goodbye."""

    async def silent(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    client = trusting(authority)
    async with Upstream(silent, ssl_context=authority.server_context("127.0.0.1")) as up:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await post(client, up.destination)
        await soon(lambda: up.peers[0].left_at is not None and not client.connections, 1)
    await client.aclose()


# Proxies. Names that only the proxy can resolve show that it was asked.


def tunnel_to(port: int) -> Script:
    """A proxy that takes every CONNECT to this port of the loopback."""

    async def script(peer: Peer) -> None:
        peer.requests.append(await peer.head())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65_536):
                    sink.write(data)
                    await sink.drain()
            finally:
                sink.close()

        await asyncio.gather(copy(peer.reader, writer), copy(reader, peer.writer))

    return script


def basic(credentials: bytes) -> bytes:
    return b"Basic " + base64.b64encode(credentials)


@pytest.mark.parametrize("secure_proxy", [False, True])
async def test_tls_through_a_proxy(authority: Authority, secure_proxy: bool) -> None:
    """One CONNECT, then end-to-end TLS with the destination's own certificate, kept alive."""
    async with Upstream(ssl_context=authority.server_context("api.example.com")) as up:
        context = authority.server_context("127.0.0.1") if secure_proxy else None
        async with Upstream(tunnel_to(up.port), ssl_context=context) as proxy:
            scheme = "https" if secure_proxy else "http"
            url = f"{scheme}://user:p%40ss@127.0.0.1:{proxy.port}"
            client = trusting(authority, Proxies(https=url))
            for body in (b"{}", b"x" * 1_000_000):
                reply = await post(client, Destination("https", "api.example.com", 8443), body)
                assert await reply.read_all(10) == b"ok"
                assert up.requests[-1].body == body
            (connect,) = proxy.requests
            assert connect.line == b"CONNECT api.example.com:8443 HTTP/1.1"
            assert connect.header(b"host") == b"api.example.com:8443"
            assert connect.header(b"proxy-authorization") == basic(b"user:p@ss")
            assert up.requests[0].line == b"POST /v1/x HTTP/1.1"
            assert up.requests[0].header(b"proxy-authorization") is None
            await client.aclose()


async def test_the_proxy_cannot_pose_as_the_destination(authority: Authority) -> None:
    other = authority.server_context("evil.example")
    async with Upstream(ssl_context=other) as up, Upstream(tunnel_to(up.port)) as proxy:
        client = trusting(authority, Proxies(https=f"http://127.0.0.1:{proxy.port}"))
        with pytest.raises(ConnectFailed, match="certificate"):
            await post(client, Destination("https", "api.example.com", 443))
        await client.aclose()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "status 407"),
        (b"HTTP/1.1 200 OK\r\n\r\nextra", "more than an answer"),
        (b"SSH-2.0\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\na: " + b"x" * 20_000, "too long"),
        (b"HTTP/1.1 2", "closed"),
    ],
    ids=["refused", "extra", "not-http", "endless", "cut"],
)
async def test_a_proxy_that_opens_no_tunnel(authority: Authority, answer: bytes, says: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(answer)

    async with Upstream(script) as proxy:
        client = trusting(authority, Proxies(https=f"http://127.0.0.1:{proxy.port}"))
        with pytest.raises(ConnectFailed, match=says):
            await post(client, Destination("https", "api.example.com", 443))
        assert client.opened == 0
        await client.aclose()


async def test_plain_http_through_a_proxy() -> None:
    """Absolute targets and the proxy's credentials in each request, connections kept alive."""
    async with Upstream() as proxy:
        client = Client(proxies=Proxies(http=f"http://u:p@127.0.0.1:{proxy.port}"))
        for _ in range(2):
            reply = await post(client, Destination("http", "models.example.com", 8000))
            assert await reply.read_all(10) == b"ok"
        assert proxy.connections == 1
        for request in proxy.requests:
            assert request.line == b"POST http://models.example.com:8000/v1/x HTTP/1.1"
            assert request.header(b"host") == b"models.example.com:8000"
            assert request.header(b"proxy-authorization") == basic(b"u:p")
        await client.aclose()


async def test_forbidden_addresses_are_refused_before_the_proxy_is_asked() -> None:
    async with Upstream() as proxy:
        client = Client(proxies=Proxies(http=f"http://127.0.0.1:{proxy.port}"))
        with pytest.raises(ConnectFailed, match="metadata"):
            await post(client, Destination("http", "169.254.169.254", 80))
        assert proxy.connections == 0
        await client.aclose()


async def test_a_dead_proxy_is_named() -> None:
    client = Client(proxies=Proxies(http="http://secret:word@127.0.0.1:1"))
    with pytest.raises(ConnectFailed, match=r"127\.0\.0\.1:1") as caught:
        await post(client, Destination("http", "models.example.com", 80))
    assert "word" not in str(caught.value)
    await client.aclose()


async def test_a_timer_that_ends_connecting_through_a_proxy(authority: Authority) -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async with Upstream(silent) as proxy:
        client = trusting(authority, Proxies(https=f"http://127.0.0.1:{proxy.port}"))
        with pytest.raises(ConnectTimedOut):
            await client.send(
                Destination("https", "api.example.com", 443),
                b"GET",
                b"/",
                b"",
                b"",
                connect_timeout=0.1,
            )
        await soon(lambda: proxy.peers[0].left_at is not None)
        await client.aclose()
