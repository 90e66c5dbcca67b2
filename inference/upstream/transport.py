"""The same client behind httpx's interface, for everything that is not the hot path."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

import httpx

from inference.upstream.client import Client
from inference.upstream.connection import SMALL_BODY
from inference.upstream.destination import Destination
from inference.upstream.errors import ConnectFailed, ConnectTimedOut, UpstreamError
from inference.upstream.headers import header_block
from inference.upstream.reply import Reply

# The client writes these itself; it sends every body by its length.
_OWN: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection"})


def open_client(
    base_url: str, *, client: Client | None = None, timeout: httpx.Timeout | float = 30.0
) -> httpx.AsyncClient:
    """An httpx client for a provider's base URL, `http+unix://` included; time-outs in seconds.

    Its requests name paths below the base URL. Raises ValueError as `Destination.parse` does.
    """
    destination, path = Destination.parse(base_url)
    return httpx.AsyncClient(
        transport=FastTransport(client, uds=destination.uds),
        base_url=f"{destination.scheme}://{destination.host_header.decode('ascii')}{path}",
        timeout=timeout,
    )


class FastTransport(httpx.AsyncBaseTransport):
    """`httpx.AsyncClient(transport=FastTransport())` on a `Client`, given or its own.

    httpx's connect time-out covers name resolution and TLS, its read time-out the wait for the
    head and for each part of the body (longer by the write time-out when the request is large);
    there is no pool to wait for. A given client is left open when the transport is closed.
    """

    def __init__(self, client: Client | None = None, *, uds: str | None = None) -> None:
        """With `uds` every request goes to that Unix socket, whatever host its URL names."""
        self._own = client is None
        self._client = Client() if client is None else client
        self._uds = uds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        destination = _destination(request.url, self._uds)
        body = await _body(request)
        try:
            headers = header_block(
                [(name, value) for name, value in request.headers.raw if name.lower() not in _OWN]
            )
        except ValueError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        timeout = request.extensions.get("timeout", {})
        read = timeout.get("read")
        watchdog = _Watchdog(_patience(read, timeout.get("write"), len(body)))
        with _httpx_errors():
            try:
                reply = await self._client.send(
                    destination,
                    request.method.encode("ascii"),
                    request.url.raw_path,
                    headers,
                    body,
                    connect_timeout=timeout.get("connect"),
                    on_start=watchdog.watch,
                )
            finally:
                watchdog.stop()
        return httpx.Response(
            reply.status,
            headers=reply.headers,
            stream=_ReplyStream(reply, read),
            extensions={"http_version": b"HTTP/1.1"},
        )

    async def aclose(self) -> None:
        if self._own:
            await self._client.aclose()


class _Watchdog:
    """Aborts a reply that takes longer than `seconds` (None: never) from `watch` to `stop`."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, reply: Reply) -> None:
        if self._seconds is not None:
            error = httpx.ReadTimeout(f"The upstream was silent for {self._seconds:g} seconds.")
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, reply.abort, error)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class _ReplyStream(httpx.AsyncByteStream):
    def __init__(self, reply: Reply, read_timeout: float | None) -> None:
        self._reply = reply
        self._read_timeout = read_timeout

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            while True:
                watchdog = _Watchdog(self._read_timeout)
                watchdog.watch(self._reply)
                try:
                    part = await self._reply.read()
                finally:
                    watchdog.stop()
                if not part:
                    return
                yield part

    async def aclose(self) -> None:
        self._reply.abort()


def _destination(url: httpx.URL, uds: str | None) -> Destination:
    if url.scheme not in {"http", "https"}:
        raise httpx.UnsupportedProtocol(f"The scheme {url.scheme!r} is not supported.")
    if uds is not None:
        return Destination("http", "localhost", 80, uds)
    host = url.raw_host.decode("ascii")
    port = "" if url.port is None else f":{url.port}"
    try:
        return Destination.parse(
            f"{url.scheme}://[{host}]{port}" if ":" in host else f"{url.scheme}://{host}{port}"
        )[0]
    except ValueError as error:
        raise httpx.UnsupportedProtocol(str(error)) from error


async def _body(request: httpx.Request) -> bytes:
    if not isinstance(request.stream, httpx.AsyncByteStream):
        raise RuntimeError("A request of an asynchronous client needs an asynchronous body.")
    return b"".join([part async for part in request.stream])


def _patience(read: float | None, write: float | None, size: int) -> float | None:
    if read is None or size <= SMALL_BODY:
        return read
    return None if write is None else read + write


@contextlib.contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except ConnectTimedOut as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except ConnectFailed as error:
        raise httpx.ConnectError(str(error)) from error
    except UpstreamError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
