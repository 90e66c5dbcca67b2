"""One answer on its way to the caller, over ASGI."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from inference.local.engine import sse
from inference.local.engine.errors import EngineError

Send = Callable[[dict[str, Any]], Awaitable[None]]

# Of one connection only (RFC 9110, section 7.6.1), or written anew for ours.
_NOT_PASSED_ON = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"host",
        b"expect",
        b"content-length",
    }
)


def passed_on(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers a proxy hands on; names are lower case."""
    return [(name, value) for name, value in headers if name not in _NOT_PASSED_ON]


class EngineReply:
    """Either one whole answer or a stream of events; an error takes the form that still fits."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def whole(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.started = True
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def begin_stream(self, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        """Once is enough: later calls change nothing."""
        if not self.started:
            self.started = True
            headers = sse.HEADERS if headers is None else headers
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(self, data: bytes) -> None:
        if data:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})

    async def fail(self, error: EngineError) -> None:
        """A stream that began ends with an error event and without `[DONE]`."""
        if self.started:
            await self.write(sse.event(error.body))
            await self.finish()
        else:
            await self.whole(error.status, error.headers, error.body)
