"""The HTTP/1.1 client of the hot path: bytes in, bytes out, no cookies, no redirects."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Callable
from typing import Final

from inference.upstream.connection import Connection
from inference.upstream.destination import Destination
from inference.upstream.dialing import dial
from inference.upstream.errors import ConnectFailed, ConnectTimedOut, UpstreamClosed, afresh
from inference.upstream.proxies import Proxies
from inference.upstream.reply import Reply
from inference.upstream.streamed_body import StreamedBody, framing

#: Seconds after which a reused connection that dies is no longer taken for one that had been closed
#: while it was idle: the upstream may have worked on the request since.
STALE_WINDOW: Final = 1.0
# Methods whose requests say that they have no body (RFC 9110, section 8.6).
_WITH_BODY: Final = frozenset({b"POST", b"PUT", b"PATCH"})


class Client:
    """Connections to upstreams, kept alive and reused, the one used last first.

    One client belongs to one event loop, the first it is used in. Proxies come from the
    environment unless given; `Proxies()` means none. The counters `opened`, `reused` and `retried`
    only grow.
    """

    def __init__(
        self,
        *,
        max_idle_per_destination: int = 256,
        idle_seconds: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        self.opened = 0
        self.reused = 0
        self.retried = 0
        self._max_idle = max_idle_per_destination
        self._idle_seconds = idle_seconds
        self._ssl_context = ssl_context
        self._proxies = Proxies.from_environment() if proxies is None else proxies
        self._loop: asyncio.AbstractEventLoop | None = None
        # Oldest first; taken from the end.
        self._idle: dict[Destination, list[Connection]] = {}
        self._open: set[Connection] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._all_gone: asyncio.Future[None] | None = None
        self._closed = False

    @property
    def idle(self) -> int:
        """Connections that wait for a request."""
        return sum(map(len, self._idle.values()))

    @property
    def connections(self) -> int:
        """Connections that are open, those in use included."""
        return len(self._open)

    async def send(
        self,
        destination: Destination,
        method: bytes,
        target: bytes,
        headers: bytes,
        body: bytes | StreamedBody,
        *,
        connect_timeout: float | None,
        on_start: Callable[[Reply], object] | None = None,
    ) -> Reply:
        """Send one request; return when the head of its final response is here.

        `headers` is a block made by `header_block`, `target` a path with its query, both trusted.
        `connect_timeout` is in seconds and covers name resolution and TLS; nothing else is timed
        here: cancel the task, or take the reply that `on_start` is given once there is a connection
        and abort it, which is synchronous and makes this call raise the error it was given.

        Raises ConnectFailed, ConnectTimedOut, UpstreamClosed and ProtocolViolation. A connection
        that the upstream had closed while it was idle is replaced by a fresh one, once.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._adopt(loop)
        started = loop.time()
        connection = self._take(destination, started)
        retry = connection is not None
        if connection is None:
            connection = await self._connect(loop, destination, connect_timeout)
        reply = Reply(loop)
        try:
            connection.begin(reply, method)
            if on_start is not None:
                on_start(reply)
            connection.write(_head(connection, method, target, headers, body), body)
            try:
                await reply.head()
            except UpstreamClosed as error:
                if not (retry and reply.stale and loop.time() - started < STALE_WINDOW):
                    raise
                connection = await self._replacement(
                    loop, destination, connect_timeout, reply, error
                )
                connection.begin(reply, method)
                connection.write(_head(connection, method, target, headers, body), body)
                await reply.head()
            return reply
        except BaseException:
            reply.abort()
            raise

    def retire(self) -> None:
        """Make no new connection and keep none; requests under way run to their ends."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for idle in self._idle.values():
            for connection in tuple(idle):
                connection.drop()

    async def aclose(self) -> None:
        """Drop every connection, also those in use, and wait until they are gone."""
        self.retire()
        for connection in tuple(self._open):
            connection.abandon(UpstreamClosed("The client was closed."))
        if self._open:
            self._all_gone = asyncio.get_running_loop().create_future()
            await self._all_gone

    # What connections report

    def connection_idle(self, connection: Connection) -> None:
        idle = self._idle.get(connection.destination)
        if idle is None:
            idle = self._idle[connection.destination] = []
        if len(idle) >= self._max_idle or self._closed:
            connection.drop()
            return
        loop = self._loop
        assert loop is not None
        connection.idle_since = loop.time()
        idle.append(connection)
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._idle_seconds, self._sweep)

    def connection_closed(self, connection: Connection) -> None:
        idle = self._idle.get(connection.destination)
        if idle is not None and connection in idle:
            idle.remove(connection)

    def connection_lost(self, connection: Connection) -> None:
        self.connection_closed(connection)
        self._open.discard(connection)
        if self._all_gone is not None and not self._open and not self._all_gone.done():
            self._all_gone.set_result(None)

    def _adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not None:
            raise RuntimeError("A client belongs to the event loop it was first used in.")
        self._loop = loop

    def _take(self, destination: Destination, now: float) -> Connection | None:
        idle = self._idle.get(destination)
        while idle:
            connection = idle.pop()
            if connection.closed or now - connection.idle_since > self._idle_seconds:
                connection.drop()
                continue
            self.reused += 1
            return connection
        return None

    async def _replacement(
        self,
        loop: asyncio.AbstractEventLoop,
        destination: Destination,
        timeout_seconds: float | None,
        reply: Reply,
        lost: UpstreamClosed,
    ) -> Connection:
        """A connection in place of one that had been closed while it was idle.

        When none can be made the upstream may have died of this very request: its loss is what is
        raised then, not a failure to connect, which would say that nothing was sent.
        """
        reply.restart()
        self.retried += 1
        try:
            return await self._connect(loop, destination, timeout_seconds, reply)
        except (ConnectFailed, ConnectTimedOut) as error:
            raise afresh(lost) from error

    async def _connect(
        self,
        loop: asyncio.AbstractEventLoop,
        destination: Destination,
        timeout_seconds: float | None,
        reply: Reply | None = None,
    ) -> Connection:
        self._refuse_when_closed()
        proxy = self._proxies.select(destination)
        connection = Connection(self, destination)
        try:
            async with asyncio.timeout(timeout_seconds) as scope:
                if reply is not None:
                    reply.dialing(functools.partial(_expire, scope, loop))
                await dial(loop, connection, proxy, self._ssl_context)
        except TimeoutError:
            if reply is not None:
                reply.raise_if_aborted()
            raise ConnectTimedOut(
                f"No connection to {destination} within {timeout_seconds:g} seconds."
            ) from None
        finally:
            if reply is not None:
                reply.dialing(None)
        if connection.closed:
            message = f"{destination} closed the connection at once."
            raise ConnectFailed(message, cause="closed at once")
        self.opened += 1
        self._open.add(connection)
        if self._closed:
            connection.drop()
        self._refuse_when_closed()
        return connection

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise ConnectFailed("The client is closed.")

    def _sweep(self) -> None:
        """Close what has been idle for too long, and come back while anything is idle."""
        loop = self._loop
        assert loop is not None
        self._sweeper = None
        deadline = loop.time() - self._idle_seconds
        oldest = None
        for destination, idle in list(self._idle.items()):
            while idle and idle[0].idle_since <= deadline:
                idle.pop(0).drop()
            if not idle:
                del self._idle[destination]
            elif oldest is None or idle[0].idle_since < oldest:
                oldest = idle[0].idle_since
        if oldest is not None:
            self._sweeper = loop.call_at(oldest + self._idle_seconds, self._sweep)


def _head(
    connection: Connection,
    method: bytes,
    target: bytes,
    headers: bytes,
    body: bytes | StreamedBody,
) -> bytes:
    if not isinstance(body, bytes):
        length = framing(body)
    else:
        length = b"content-length: %d\r\n" % len(body) if body or method in _WITH_BODY else b""
    return b"%b %b%b HTTP/1.1\r\nhost: %b\r\n%b%b%b\r\n" % (
        method,
        connection.target_prefix,
        target,
        connection.destination.host_header,
        connection.proxy_headers,
        headers,
        length,
    )


def _expire(scope: asyncio.Timeout, loop: asyncio.AbstractEventLoop) -> None:
    if not scope.expired():
        scope.reschedule(loop.time())
