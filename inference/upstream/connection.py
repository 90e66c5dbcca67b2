"""One connection to an upstream: bytes out, parsed replies in, one exchange at a time."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol, cast

import httptools

from inference.upstream.destination import Destination
from inference.upstream.errors import ProtocolViolation, UpstreamClosed, reason_of
from inference.upstream.framing import MAX_HEAD, ends_with_connection, oversized, violation
from inference.upstream.outbox import Outbox, outbox_of
from inference.upstream.reply import Reply
from inference.upstream.streamed_body import OutgoingBody, StreamedBody

#: A body up to this many bytes leaves in one write with its head.
SMALL_BODY: Final = 64 * 1024


class Pool(Protocol):
    """Who keeps a connection between requests."""

    def connection_idle(self, connection: Connection) -> None: ...

    def connection_closed(self, connection: Connection) -> None: ...

    def connection_lost(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """The protocol of one connection. Callbacks named `on_…` are the parser's.

    The pool hands it to one request at a time by `begin`; after a whole response it goes back by
    itself, in any other case it closes.
    """

    __slots__ = (
        "_body",
        "_complete",
        "_headers",
        "_keep_alive",
        "_large",
        "_outbox",
        "_overhead",
        "_parser",
        "_pool",
        "_reply",
        "_sending",
        "_skip_body",
        "_transport",
        "_writing_paused",
        "closed",
        "destination",
        "idle_since",
        "on_body",
        "proxy_headers",
        "reading_paused",
        "target_prefix",
    )

    def __init__(self, pool: Pool, destination: Destination) -> None:
        self.destination = destination
        self.idle_since = 0.0
        self.closed = False
        self.reading_paused = False
        # What a plain HTTP proxy wants in each request: an absolute target and its credentials.
        self.target_prefix = b""
        self.proxy_headers = b""
        # Filled by the parser without a Python frame, emptied after each read.
        self._body: list[bytes] = []
        self.on_body = self._body.append
        self._pool = pool
        self._outbox: Outbox
        self._parser: httptools.HttpResponseParser | None = None
        self._transport: asyncio.Transport
        self._reply: Reply | None = None
        # The head being read, None once it is whole.
        self._headers: list[tuple[bytes, bytes]] | None = None
        # Bytes read since the last piece of body; 0 means the upstream has said nothing yet.
        self._overhead = 0
        self._complete = False
        self._keep_alive = False
        self._skip_body = False
        self._large = False
        # The body that is not sent to its end yet, where it is a large one.
        self._sending: OutgoingBody | None = None
        self._writing_paused = False

    def begin(self, reply: Reply, method: bytes) -> None:
        """Take the connection for one exchange."""
        self._reply = reply
        reply.attach(self)
        self._headers = reply.headers
        self._overhead = 0
        self._complete = False
        self._skip_body = method == b"HEAD"
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)

    def write(self, head: bytes, body: bytes | StreamedBody) -> None:
        """Send the request, the body as fast as the upstream takes it; nothing when closed."""
        if self.closed:
            return
        self._large = not isinstance(body, bytes) or len(body) > SMALL_BODY
        if isinstance(body, bytes) and not self._large:
            self._outbox.write(self._transport, head + body if body else head)
        else:
            self._transport.write(head)
            self._sending = OutgoingBody(body, self._send_more)
            self._send_more()

    def drop(self) -> None:
        """Close now, unsent bytes discarded. The reply, if there is one, is not told."""
        self._reply = None
        self._stop_sending()
        if not self.closed:
            self.closed = True
            self._transport.abort()
            self._pool.connection_closed(self)

    def abandon(self, error: Exception) -> None:
        """Close now and let the reply, if there is one, raise `error`."""
        if self._reply is not None:
            self._reply.abort(error)
        self.drop()

    def resume_reading(self) -> None:
        self.reading_paused = False
        self._transport.resume_reading()

    def _send_more(self) -> None:
        # From the transport's callbacks, not from the request's task: the loop runs reads before
        # writes, so an early response is seen before a write fails on a reset connection.
        sending = self._sending
        while sending is not None and not self._writing_paused and not self.closed:
            try:
                part = sending.take()
            except Exception as error:  # for whoever waits for the reply
                return self.abandon(error)
            self._sending = None if sending.over else sending
            if not part:
                return None
            self._transport.write(part)
        return None

    def _stop_sending(self) -> bool:
        """Whether something stays unsent."""
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.stop()
        return sending is not None

    # The transport's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._outbox = outbox_of(asyncio.get_running_loop())

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        self._send_more()

    def data_received(self, data: bytes) -> None:
        reply = self._reply
        parser = self._parser
        if reply is None or parser is None:
            # Nobody asked: a 408 before an idle connection is closed, or what follows an abort.
            self.drop()
            return
        in_head = self._headers is not None
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._complete:
                self._fail(violation(error))
                return
            self._keep_alive = False
        if in_head and not self._head_is_whole(reply, len(data)):
            return
        if self._complete:
            self._finish(reply)
        elif body := self._body:
            full = reply.arrived(body, len(data))
            body.clear()
            self._overhead = 1
            if full and not self.reading_paused:
                self.reading_paused = True
                self._transport.pause_reading()
        elif not in_head:
            # Chunk extensions and trailers are read, not kept; they must not go on forever.
            self._overhead += len(data)
            if self._overhead > MAX_HEAD:
                self._fail(ProtocolViolation("The response has too much between its body's parts."))
            return
        reply.wake()

    def _head_is_whole(self, reply: Reply, size: int) -> bool:
        """Whether the head has come to its end with the last `size` bytes, within its limit."""
        self._overhead += size
        if self._overhead > MAX_HEAD and (self._headers is not None or oversized(reply.headers)):
            self._fail(ProtocolViolation(f"The response head is larger than {MAX_HEAD} bytes."))
            return False
        if self._headers is not None:
            return False
        self._overhead = 1
        return True

    def eof_received(self) -> None:
        self._ended(None)
        self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended(exc)
        self.closed = True
        self._stop_sending()
        # The parser holds this object's methods: without this, closed connections wait for the
        # cycle collector.
        self._parser = None
        self._pool.connection_lost(self)

    # The parser's callbacks

    def on_message_begin(self) -> None:
        if self._complete:
            raise ProtocolViolation("The upstream sent a second response to one request.")

    def on_header(self, name: bytes, value: bytes) -> None:
        headers = self._headers
        if headers is not None:
            # The parser leaves trailing blanks in the value.
            headers.append((name.lower(), value.rstrip()))

    def on_headers_complete(self) -> None:
        parser = self._parser
        reply = self._reply
        assert parser is not None
        assert reply is not None
        status = parser.get_status_code()
        if status < 200:
            if status < 100 or status == 101:
                raise ProtocolViolation(f"The upstream answered with the status {status}.")
            reply.headers.clear()
            return
        reply.status = status
        self._headers = None
        # Asked any later, the parser says no.
        self._keep_alive = parser.should_keep_alive()
        if self._skip_body:
            self._complete = True
        if status >= 400 and self._stop_sending():
            # The upstream does not want the rest of the body (RFC 9112, section 9.5).
            self._keep_alive = False

    def on_message_complete(self) -> None:
        if self._headers is None:
            self._complete = True

    # How an exchange ends

    def _finish(self, reply: Reply) -> None:
        if self._skip_body:
            # The parser does not know about HEAD and would wait for the body.
            self._parser = None
            self._keep_alive = self._keep_alive and not self._body
            self._body.clear()
        elif self._body:
            reply.arrived(self._body, 0)
            self._body.clear()
        reply.ended()
        self._reply = None
        if self._stop_sending() or (self._large and self._transport.get_write_buffer_size()):
            self._keep_alive = False
        if self._keep_alive and not self.closed:
            self._pool.connection_idle(self)
        else:
            self.drop()

    def _fail(self, error: Exception) -> None:
        reply = self._reply
        self.drop()
        if reply is not None:
            reply.refused(error)

    def _ended(self, error: Exception | None) -> None:
        """The upstream's side is closed: the end of a body without a length, else a cut."""
        reply, self._reply = self._reply, None
        if reply is None:
            return
        cause = reason_of(error) if isinstance(error, OSError) else ""
        if not reply.status:
            message = "The upstream closed the connection without a response."
            silent = UpstreamClosed(message, cause=cause or "closed without a response")
            reply.failed(silent, stale=self._overhead == 0)
        elif error is None and ends_with_connection(reply.headers):
            reply.ended()
        else:
            message = "The upstream cut the response short."
            reply.failed(UpstreamClosed(message, cause=cause or "cut short"))
