"""A way through an HTTP proxy by CONNECT (RFC 9110, section 9.3.6)."""

import asyncio
from typing import Final, cast

from inference.upstream.destination import Destination
from inference.upstream.errors import ConnectFailed
from inference.upstream.proxies import Proxy

_MAX_HEAD: Final = 16 * 1024


async def open_tunnel(
    loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, target: Destination, proxy: Proxy
) -> None:
    """Ask the proxy at the other end of `transport` for a tunnel and wait until it is open.

    Raises ConnectFailed when the proxy refuses. The transport is ready for `start_tls` afterwards.
    """
    protocol = cast(TunnelProtocol, transport.get_protocol())
    host = f"[{target.host}]" if ":" in target.host else target.host
    authority = f"{host}:{target.port}".encode("ascii")
    request = b"CONNECT %b HTTP/1.1\r\nhost: %b\r\n" % (authority, authority)
    if proxy.authorization:
        request += b"proxy-authorization: %b\r\n" % proxy.authorization
    transport.write(request + b"\r\n")
    await protocol.opened


class TunnelProtocol(asyncio.Protocol):
    """Reads the proxy's answer to CONNECT, and not a byte more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.opened: asyncio.Future[None] = loop.create_future()
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end:
            if len(self._head) > _MAX_HEAD:
                self._fail("the proxy's answer is too long")
            return
        version, _, status = head.split(b"\r\n", 1)[0].partition(b" ")
        if not version.startswith(b"HTTP/1.") or not status[:3].isdigit():
            self._fail("the proxy's answer is not HTTP")
        elif not status.startswith(b"2"):
            self._fail(f"the proxy refused the connection with the status {status[:3].decode()}")
        elif rest:
            # A TLS server waits to be spoken to, so these bytes are not the destination's.
            self._fail("the proxy sent more than an answer to CONNECT")
        elif not self.opened.done():
            self.opened.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the proxy closed the connection")

    def _fail(self, cause: str) -> None:
        if not self.opened.done():
            sentence = f"{cause[0].upper()}{cause[1:]}."
            self.opened.set_exception(ConnectFailed(sentence, cause=cause))
